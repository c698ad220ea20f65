"""XML documents that strangers send: expat's parser, without what makes XML dangerous.

A document type is refused where it begins, and with it every entity that it could define (billion laughs, external
entities); no AWS client sends one.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

MAXIMUM_DEPTH = 32  # the deepest request of Route 53 has six levels


class MalformedXml(ValueError):  # noqa: N818 - named as AWS names the refusal
    """Not a well-formed document, or one that nobody should send."""


def parse_xml(body: bytes) -> Element:
    """The root element; names with a namespace are written ``{namespace}name``.  Raises MalformedXml."""
    parser = expat.ParserCreate(namespace_separator="}")
    builder = TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAXIMUM_DEPTH:
            raise MalformedXml("The document is nested too deeply.")
        builder.start(_qualified(name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_qualified(name))

    def doctype(name: str, system_id: str | None, public_id: str | None, has_internal_subset: bool) -> None:
        raise MalformedXml("The document has a document type.")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # an unknown encoding is a LookupError
        raise MalformedXml(str(error)) from None
    return builder.close()


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name
