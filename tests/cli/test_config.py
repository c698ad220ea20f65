"""Settings: what is asked for, what was before, and the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from realvpc import config
from realvpc.config import Credentials, Fabric, SettingsError

PERSON = {"HOME": "/home/mei"}


def test_root_has_the_system_directory_and_everybody_else_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert config.default_state_dir({}, 0) == Path("/var/lib/realvpc")
    monkeypatch.setattr(config, "SYSTEM_STATE_DIR", tmp_path)
    assert config.default_state_dir(PERSON, 1000) == Path("/home/mei/.local/state/realvpc")
    assert config.default_state_dir({**PERSON, "XDG_STATE_HOME": "/x"}, 1000) == Path("/x/realvpc")
    assert config.default_state_dir({"REALVPC_STATE": "/elsewhere"}, 0) == Path("/elsewhere")


def test_who_has_no_service_means_roots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(config, "SYSTEM_STATE_DIR", tmp_path / "system")
    (tmp_path / "system").mkdir()
    (tmp_path / "system/service.json").touch()
    person = {"HOME": str(tmp_path / "mei")}
    assert config.default_state_dir(person, 1000) == tmp_path / "system"
    own = tmp_path / "mei/.local/state/realvpc"
    own.mkdir(parents=True)
    (own / "service.json").touch()
    assert config.default_state_dir(person, 1000) == own


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("127.0.0.1:4566", ("127.0.0.1", 4566)),
        ("localhost:80", ("127.0.0.1", 80)),
        (":9000", ("127.0.0.1", 9000)),
        ("[::1]:4566", ("::1", 4566)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),
    ],
)
def test_listen_takes_an_address_and_a_port(text: str, meaning: tuple[str, int]) -> None:
    assert config.parse_listen(text) == meaning


@pytest.mark.parametrize("text", ["4566x", "host.example:80", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", ""])
def test_listen_refuses_what_it_cannot_bind(text: str) -> None:
    with pytest.raises(SettingsError, match="--listen takes"):
        config.parse_listen(text)


def test_packets_take_root_and_the_refusal_says_what_else_there_is(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"sudo realvpc ….*--fabric none"):
        config.decide(tmp_path, PERSON, 1000)
    assert config.decide(tmp_path, PERSON, 1000, fabric="none").confined is False


def test_root_confines_the_api_process_and_gives_the_socket_to_who_typed_sudo(tmp_path: Path) -> None:
    settings = config.decide(tmp_path, {"SUDO_UID": "1000"}, 0)
    assert (settings.confined, settings.operator, settings.fabric) == (True, 1000, Fabric.EBPF)


def test_options_left_out_are_as_they_were(tmp_path: Path) -> None:
    config.save(config.decide(tmp_path, {}, 0, listen="[::1]:4600", credentials="any", fabric="none"))
    again = config.decide(tmp_path, {}, 0)
    assert (again.host, again.port, again.credentials, again.fabric) == ("::1", 4600, Credentials.ANY, Fabric.NONE)
    assert config.decide(tmp_path, {}, 0, listen=":4601").credentials is Credentials.ANY


def test_what_was_set_for_sessions_stays_set(tmp_path: Path) -> None:
    config.save(config.decide(tmp_path, {}, 0, sessions={"idle_minutes": 5, "transcripts": True}))
    again = config.decide(tmp_path, {}, 0, sessions={"maximum_minutes": 30, "transcripts": None}).sessions
    assert (again.idle_minutes, again.maximum_minutes, again.transcripts) == (5, 30, True)
    assert not config.decide(tmp_path, {}, 0, sessions={"transcripts": False}).sessions.transcripts


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    settings = config.decide(tmp_path, {"SUDO_UID": "7"}, 0)
    config.save(settings)
    assert config.load(tmp_path) == settings


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "service.json").write_text("{")
    with pytest.raises(SettingsError, match=r"service\.json is damaged"):
        config.load(tmp_path)


def test_two_state_directories_never_share_a_run_directory() -> None:
    first, second = (config.run_dir_for(Path(path), {}, 0) for path in ("/a", "/b"))
    assert first != second
    assert len(str(first / "api.sock")) < 100
    assert config.run_dir_for(Path("/a"), {"XDG_RUNTIME_DIR": "/run/user/7"}, 7).parent == Path("/run/user/7/realvpc")


def test_an_upstream_is_kept_until_there_is_to_be_none(tmp_path: Path) -> None:
    settings = config.decide(tmp_path, {}, 0, upstream="http://localhost:5000/")
    assert settings.upstream == "http://localhost:5000"
    config.save(settings)
    assert config.decide(tmp_path, {}, 0).upstream == "http://localhost:5000"
    assert config.decide(tmp_path, {}, 0, upstream="").upstream is None


@pytest.mark.parametrize("url", ["localhost:5000", "http://a/path", "ftp://a"])
def test_an_upstream_is_a_url_without_a_path(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="--upstream takes a URL"):
        config.decide(tmp_path, {}, 0, upstream=url)


@pytest.mark.parametrize(("listen", "url"), [(":4566", "http://localhost:4566"), ("0.0.0.0:80", "http://127.0.0.1")])
def test_a_service_is_not_its_own_upstream(tmp_path: Path, listen: str, url: str) -> None:
    with pytest.raises(SettingsError, match="is this service itself"):
        config.decide(tmp_path, {}, 0, listen=listen, upstream=url)
