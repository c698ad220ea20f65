"""XML documents that strangers send: expat's parser, without what makes XML dangerous.

A document type is refused where it begins, and with it every entity that it could define (billion laughs, external
entities); no AWS client sends one. What a document may cost is bounded by counts: expat repeats the whole namespace in
every element's name, and hands over every attribute.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

MAXIMUM_DEPTH = 32  # the deepest request of Route 53 has six levels
MAXIMUM_ELEMENTS = 16_384  # a batch of a thousand changes, the most that Route 53 takes, has ten thousand
MAXIMUM_EQUALS_SIGNS = 32_768  # there is one in every attribute, and few elsewhere
MAXIMUM_NAMESPACE = 128  # characters
_ENCODINGS = frozenset({None, "utf-8", "us-ascii", "ascii"})


class MalformedXml(ValueError):  # noqa: N818 - named as AWS names the refusal
    """Not a well-formed document, or one that nobody should send."""


def parse_xml(body: bytes) -> Element:
    """The root element; names with a namespace are written ``{namespace}name``.  Raises MalformedXml."""
    if body.count(b"=") > MAXIMUM_EQUALS_SIGNS:
        raise MalformedXml("The document has too many attributes.")
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True  # or every line and every reference would be a call
    builder = TreeBuilder()
    depth = elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > MAXIMUM_DEPTH:
            raise MalformedXml("The document is nested too deeply.")
        if elements > MAXIMUM_ELEMENTS:
            raise MalformedXml("The document has too many elements.")
        builder.start(_qualified(name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_qualified(name))

    def doctype(name: str, system_id: str | None, public_id: str | None, has_internal_subset: bool) -> None:
        raise MalformedXml("The document has a document type.")

    def declaration(version: str, encoding: str | None, standalone: int) -> None:
        if (encoding and encoding.lower()) not in _ENCODINGS:
            raise MalformedXml("The document is not in UTF-8.")

    def namespace(prefix: str | None, uri: str | None) -> None:
        if len(uri or "") > MAXIMUM_NAMESPACE:
            raise MalformedXml("The document has a namespace that is too long.")

    parser.XmlDeclHandler = declaration
    parser.StartNamespaceDeclHandler = namespace
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
