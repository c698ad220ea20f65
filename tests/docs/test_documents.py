"""The documents name files, commands and options that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from realvpc.cli import COMMANDS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], key=str)
_PATH = re.compile(r"(?<![\w/.-])(?:src|tests|docs|scripts|\.ci)/[\w./-]*\w/?")
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
_COMMAND = re.compile(r"(?:^|[`\s(/])realvpc ([a-z][a-z-]*)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    missing = [path for path in _PATH.findall(text) if not (ROOT / path).exists()]
    missing += [link for link in _LINK.findall(text) if not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_every_command_of_the_readme_exists(name: str) -> None:
    used = {word for block in _code((ROOT / name).read_text()) for word in _COMMAND.findall(block)}
    assert used
    assert used <= COMMANDS.keys()


def test_both_readmes_show_the_same_commands() -> None:
    english, japanese = (_commands(_code((ROOT / name).read_text())) for name in ("README.md", "README.ja.md"))
    assert len(english) > 20
    assert english == japanese


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_first_screen_has_the_two_commands(name: str) -> None:
    first_screen = "\n".join((ROOT / name).read_text().splitlines()[:14])
    assert "scripts/demo" in first_screen
    assert "scripts/test" in first_screen


def test_the_walk_through_the_house_fits_a_page() -> None:
    assert len((ROOT / "docs" / "architecture.md").read_text().splitlines()) <= 80


def _code(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def _commands(blocks: list[str]) -> list[str]:
    """Lines of code without comments and without what is printed for people."""
    lines = [re.sub(r"#.*|\|\| echo .*", "", line).rstrip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.isascii() and line.strip()]
