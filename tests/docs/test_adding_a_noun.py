"""The guide to adding a noun, followed to the letter in a copy of the source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_GUIDE = (ROOT / "docs" / "adding-a-noun.md").read_text()
_BLOCKS = re.findall(r"^```(python|diff) (\S+)\n(.*?)^```$", _GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The source and the tests of the API, with what the guide adds."""
    made = shutil.ignore_patterns("__pycache__", "*.o", "generated*.h", ".*")  # some come and go while others build
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=made)
    shutil.copytree(ROOT / "tests" / "api", tmp_path / "tests" / "api", ignore=made)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for kind, name, text in _BLOCKS:
        path = _place(tmp_path, name)
        if kind == "python":
            assert not path.exists(), f"{name} is new"
            path.write_text(text)
        else:
            _apply(path, text)
    return tmp_path


def _place(root: Path, name: str) -> Path:
    below = root / "tests" if Path(name).name.startswith("test_") else root / "src" / "realvpc"
    return below / name


def _apply(path: Path, diff: str) -> None:
    """The lines with a plus come between those that are there, once, or instead of those with a minus."""
    lines = diff.splitlines()
    before = "\n".join(line[1:] for line in lines if line[0] != "+")
    after = "\n".join(line[1:] for line in lines if line[0] != "-")
    text = path.read_text()
    assert text.count(before) == 1, f"{path} has no such place, or several:\n{before}"
    path.write_text(text.replace(before, after))


def test_the_guide_adds_files_and_lines() -> None:
    assert [name for kind, name, _ in _BLOCKS if kind == "python"] == [
        "net/customer_gateway.py",
        "api/ec2/customer_gateway.py",
        "api/ec2/test_customer_gateway.py",
    ]
    touched = {name for kind, name, _ in _BLOCKS if kind == "diff"}
    assert touched == {
        "net/inventory.py",
        *(f"api/ec2/{name}.py" for name in ("nouns", "actions", "empty", "empty_ids", "resources", "test_nouns")),
    }


def test_the_noun_of_the_guide_works_and_everything_that_holds_for_nouns_holds_for_it(copy: Path) -> None:
    """The example's own tests, and of the tests of all nouns those that are about it."""
    tests = [str(copy / "tests" / "api" / "ec2" / f"test_{name}.py") for name in ("customer_gateway", "nouns")]
    done = _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "customer_gateway or cgw", *tests)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d\d passed", done.stdout, re.MULTILINE), done.stdout


def test_the_code_of_the_guide_is_in_the_style_of_the_house(copy: Path) -> None:
    files = [str(_place(copy, name)) for _, name, _ in _BLOCKS]
    for command in (["check"], ["format", "--check"]):
        done = _run(copy, "-m", "ruff", *command, "--no-cache", *files)
        assert done.returncode == 0, done.stdout


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


RESOURCES = """
from types import SimpleNamespace
from realvpc.api.ec2.actions import ACTIONS

ctx = SimpleNamespace(account="111111111111", region="us-east-1")
for action, request in (
    ("CreateCustomerGateway", {}),
    ("DeleteCustomerGateway", {"CustomerGatewayId": "cgw-1"}),
    ("DescribeCustomerGateways", {}),
    ("CreateVpcPeeringConnection", {"VpcId": "vpc-1"}),
):
    print(*ACTIONS[action].resources(ctx, request))
"""


def test_actions_concern_the_resources_that_the_guide_says(copy: Path) -> None:
    done = _run(copy, "-c", RESOURCES)
    ours = "arn:aws:ec2:us-east-1:111111111111"
    assert done.stdout.splitlines() == [
        f"{ours}:customer-gateway/*",
        f"{ours}:customer-gateway/cgw-1",
        "*",
        f"{ours}:vpc/vpc-1 {ours}:vpc-peering-connection/*",
    ]


def test_the_rows_of_a_noun_stand_together_below_a_comment(copy: Path) -> None:
    table = (copy / "src/realvpc/api/ec2/actions.py").read_text()
    below = table.partition("    # Customer gateways\n")[2].splitlines()
    assert [line.split('"')[1] for line in below[:3]] == [f"{verb}CustomerGateway" for verb in ("Create", "Delete")] + [
        "DescribeCustomerGateways"
    ]
    assert below[3].startswith("    # ")


_STEPS = re.findall(r"^\| [^|]+ \| `([\w/.]+)` \| `([^`]+)` \|$", _GUIDE, re.MULTILINE)


def test_the_guide_follows_a_noun_of_the_network_to_the_kernel() -> None:
    """Through every part that decides about packets."""
    assert [name for name, _ in _STEPS] == [
        *(f"src/realvpc/net/{name}.py" for name in ("network_tables", "indexes", "reasons", "walk")),
        "docs/semantics.md",
        *(f"src/realvpc/fabric/plan/{name}.py" for name in ("owners", "affected")),
        "src/realvpc/fabric/bpf/layout.py",
        "src/realvpc/fabric/bpf/src/nat.h",
    ]


@pytest.mark.parametrize(("name", "example"), _STEPS, ids=[name for name, _ in _STEPS])
def test_the_internet_gateway_is_found_at_every_step(name: str, example: str) -> None:
    assert example in (ROOT / name).read_text()
