"""Where apt gets this machine's packages: sources.list and sources.list.d, in both formats (sources.list(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

APT = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")

_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>[^#]*)")
_FIELD = re.compile(r"([A-Za-z-]+):[ \t]*((?:.*)(?:\n[ \t].*)*)")
_MIRROR_LIST = "mirror+file:"


class Source(Struct, frozen=True):
    """One archive of binary packages.  ``keyring`` is the file of keys that sign it, or None: those that apt trusts."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    keyring: str | None = None


def sources(apt: Path = APT) -> list[Source]:
    """All of them: sources.list first, then the files beside it by name.  Raises OSError."""
    found: list[Source] = []
    for path in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        found += parse_lines(text) if path.suffix == ".list" else parse_stanzas(text)
    return [mirrored for source in found for mirrored in _mirrors(source)]


def parse_lines(text: str) -> list[Source]:
    """The one-line format: ``deb [signed-by=…] URI SUITE COMPONENT…``."""
    found = []
    for line in text.splitlines():
        if not (match := _LINE.fullmatch(re.sub(r"#.*", "", line).strip())):
            continue
        options = dict(option.partition("=")[::2] for option in (match["options"] or "").split())
        components = tuple(match["components"].split())
        found.append(Source(match["uri"], (match["suite"],), components, _keyring(options.get("signed-by", ""))))
    return found


def parse_stanzas(text: str) -> list[Source]:
    """The deb822 format: stanzas of fields, with ``Types: deb`` and without ``Enabled: no``."""
    found: list[Source] = []
    for stanza in re.split(r"\n\s*\n", re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)):
        fields = {name.lower(): value for name, value in _FIELD.findall(stanza)}
        disabled = fields.get("enabled", "yes").strip().lower() in ("no", "false", "without", "off", "disable", "0")
        if disabled or "deb" not in fields.get("types", "").split():
            continue
        suites, components = (tuple(fields.get(name, "").split()) for name in ("suites", "components"))
        keyring = _keyring(fields.get("signed-by", ""))
        found += [Source(uri, suites, components, keyring) for uri in fields.get("uris", "").split()]
    return found


def debian_source(suite: str, found: list[Source], os_release: str) -> Source | None:
    """The archive that has this suite of Debian's, or on a Debian the one that has the machine's own."""
    values = dict(line.partition("=")[::2] for line in os_release.splitlines())
    own = values.get("VERSION_CODENAME", "").strip("\"'") if values.get("ID", "").strip("\"'") == "debian" else ""
    usable = [each for each in found if "main" in each.components and each.uri.startswith(("http:", "https:", "file:"))]
    for wanted in filter(None, (suite, own)):
        for source in usable:
            if wanted in source.suites:
                return source
    return None


def _keyring(value: str) -> str | None:
    """The file that Signed-By names; it may hold fingerprints or a whole key instead."""
    word = value.strip()
    return word if word.startswith("/") and len(word.split()) == 1 else None


def _mirrors(source: Source) -> Iterator[Source]:
    """A list of mirrors stands for its first one (apt-transport-mirror(1))."""
    if not source.uri.startswith(_MIRROR_LIST):
        yield source
        return
    path = Path("/" + source.uri.removeprefix(_MIRROR_LIST).lstrip("/"))
    lines = [line.split() for line in path.read_text().splitlines()] if path.is_file() else []
    if uris := [words[0] for words in lines if words and not words[0].startswith("#")]:
        yield Source(uris[0], source.suites, source.components, source.keyring)
