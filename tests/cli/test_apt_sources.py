"""The archive that a Debian image is made from is the machine's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from realvpc.cli.apt_sources import Source, debian_source, parse_lines, parse_stanzas, sources

DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'
UBUNTU = "VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
LINES = f"""\
# deb http://off.example/debian bookworm main
deb [arch=amd64 signed-by={KEYS}] https://mirror.example/debian bookworm main contrib # ours
deb-src https://mirror.example/debian bookworm main
  deb http://mirror.example/debian-security bookworm-security main
deb cdrom:[Debian]/ bookworm main
deb http://mirror.example/flat ./
"""
STANZAS = f"""\
Types: deb deb-src
# where it is
URIs: https://one.example/debian
 https://two.example/debian
Suites: trixie trixie-updates
Components: main non-free-firmware
Signed-By: {KEYS}

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: trixie
Components: main

Types: deb
URIs: http://key.example/debian
Suites: sid
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEXEcE6RYJKwYBBAHaRw8BAQdArjWwk3FAqyiFbFBKT4TzXcVBqPTB3gmzlC/Ub7O1u120
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_lines() -> None:
    assert parse_lines(LINES) == [
        Source("https://mirror.example/debian", ("bookworm",), ("main", "contrib"), KEYS),
        Source("http://mirror.example/debian-security", ("bookworm-security",), ("main",)),
        Source("cdrom:[Debian]/", ("bookworm",), ("main",)),
        Source("http://mirror.example/flat", ("./",), ()),
    ]


def test_stanzas() -> None:
    components = ("main", "non-free-firmware")
    assert parse_stanzas(STANZAS) == [
        Source("https://one.example/debian", ("trixie", "trixie-updates"), components, KEYS),
        Source("https://two.example/debian", ("trixie", "trixie-updates"), components, KEYS),
        Source("http://key.example/debian", ("sid",), ("main",)),
    ]


@pytest.mark.parametrize(
    ("suite", "os_release", "uri"),
    [
        ("bookworm", DEBIAN_12, "https://mirror.example/debian"),
        ("trixie", DEBIAN_12, "https://one.example/debian"),
        ("bullseye", DEBIAN_12, "https://mirror.example/debian"),  # what has the machine's own release has others
        ("trixie", UBUNTU, "https://one.example/debian"),
        ("bullseye", UBUNTU, None),
    ],
)
def test_the_archive_of_a_suite(suite: str, os_release: str, uri: str | None) -> None:
    found = debian_source(suite, [*parse_lines(LINES), *parse_stanzas(STANZAS)], os_release)
    assert (found and found.uri) == uri


def test_all_files_of_a_machine(tmp_path: Path) -> None:
    """A cloud's image names a list of mirrors; files with other endings are not apt's."""
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://first.example/debian bookworm main\n")
    mirrors = tmp_path / "mirrors.list"
    mirrors.write_text("# near\nhttp://near.example/debian\tpriority:1\nhttp://far.example/debian\n")
    (parts / "a.sources").write_text(f"Types: deb\nURIs: mirror+file://{mirrors}\nSuites: trixie\nComponents: main\n")
    (parts / "b.list").write_text("deb http://last.example/debian bookworm main\n")
    (parts / "c.list.save").write_text("deb http://old.example/debian bookworm main\n")
    uris = [source.uri for source in sources(tmp_path)]
    assert uris == ["http://first.example/debian", "http://near.example/debian", "http://last.example/debian"]


def test_a_machine_without_any(tmp_path: Path) -> None:
    assert sources(tmp_path) == []
