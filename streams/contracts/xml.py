"""XML of any producer as plain data: `{root: content}`, in the shape that the same document has as JSON.

Text without children is text, children are an object by name, and a name that comes several times is a list. Attributes, comments,
processing instructions and namespaces are left out, and so is an element without content, as JSON leaves out a null.

A document type is refused: with it go entities, their expansion and everything external. One pass, and its cost grows with the bytes.
"""

from __future__ import annotations

from typing import Any, Final

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

__all__ = ["MAX_DEPTH", "MAX_ELEMENTS", "XmlError", "is_xml", "plain"]

MAX_DEPTH: Final = 32
"""As for JSON."""

MAX_ELEMENTS: Final = 100_000
"""Elements that one document may have."""

_MARKS: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


class XmlError(ValueError):
    """The document is not well formed, or more than is taken. The message says what to do."""


def is_xml(value: bytes) -> bool:
    """Whether a value looks like XML: a `<` first, in UTF-8 or UTF-16, perhaps after white space."""
    return value.startswith(_MARKS) or value[:64].lstrip().startswith(b"<")


def plain(value: bytes) -> dict[str, Any]:
    """The document as plain data. Raises `XmlError`."""
    builder = _Builder()
    try:
        parser = DefusedXMLParser(target=builder, forbid_dtd=True)
        parser.feed(value)
        parser.close()
    except DefusedXmlException:
        raise XmlError("XML with a document type (DTD, entities) is never read: send the document without it") from None
    except (ParseError, LookupError, UnicodeError, ValueError) as error:
        raise XmlError(f"XML: {error}") from None
    return builder.whole


class _Builder:
    """What the parser tells, put together. An element is a list of its text until it has a child, then an object."""

    def __init__(self) -> None:
        self.whole: dict[str, Any] = {}
        self._open: list[dict[str, Any]] = [self.whole]
        self._names: list[str] = []
        self._text: list[str] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise XmlError(f"more than {MAX_ELEMENTS} elements: split the document")
        if len(self._open) > MAX_DEPTH:
            raise XmlError(f"nested deeper than {MAX_DEPTH} levels")
        self._names.append(tag.rpartition("}")[2])
        self._open.append({})
        self._text.clear()

    def data(self, data: str) -> None:
        self._text.append(data)

    def end(self, tag: str) -> None:
        name, content = self._names.pop(), self._open.pop()
        said: Any = content or "".join(self._text).strip()
        self._text.clear()
        if not said and self._names:
            return
        parent = self._open[-1]
        if name not in parent:
            parent[name] = said
        elif isinstance(parent[name], list):
            parent[name].append(said)
        else:
            parent[name] = [parent[name], said]

    def close(self) -> None:
        """Asked for by the parser at the end of the document."""
