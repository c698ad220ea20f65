"""How AWS's clients find the service from anybody's shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from realvpc.client.aws import Aws, CallFailedError, Profile, past_proxies
from tests.running import free_port

URL = "http://127.0.0.1:4567"


def both(value: str) -> dict[str, str]:
    return {"NO_PROXY": value, "no_proxy": value}


@pytest.mark.parametrize(
    ("environment", "variables"),
    [
        ({}, {}),
        ({"no_proxy": "a.example", "http_proxy": ""}, {}),
        ({"http_proxy": "http://proxy.example"}, both("127.0.0.1")),
        ({"ALL_PROXY": "socks5://proxy.example", "NO_PROXY": "a.example"}, both("a.example,127.0.0.1")),
        ({"HTTPS_PROXY": "http://proxy.example", "no_proxy": "127.0.0.1,b", "NO_PROXY": "c"}, both("127.0.0.1,b,c")),
    ],
)
def test_no_proxy_is_asked_for_the_service(environment: dict[str, str], variables: dict[str, str]) -> None:
    assert past_proxies(URL, environment) == variables


def test_a_persons_own_profile_is_not_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nuse_fips_endpoint = true\nnot a line\n")
    monkeypatch.setenv("AWS_PROFILE", "of another machine")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    aws = Aws(Profile("main", "111111111111", f"http://127.0.0.1:{free_port()}", "key", "secret", "us-east-1"))
    with pytest.raises(CallFailedError, match="NoAnswer"):
        aws("sts", "GetCallerIdentity")
