"""XML as plain data: the same document as its JSON, and nothing that costs more than its bytes."""

from __future__ import annotations

import pytest

from streams.contracts.wire import WireError, decode_raw
from streams.contracts.xml import MAX_DEPTH, MAX_ELEMENTS, XmlError, is_xml, plain
from streams.deadletter.reasons import Reason
from streams.hop import RawRecord


def test_text_children_and_repetition_are_text_objects_and_lists() -> None:
    assert plain(b'<a x="1"><b> 1 </b><b>2</b><c><d>3</d></c></a>') == {"a": {"b": ["1", "2"], "c": {"d": "3"}}}


def test_an_empty_element_is_no_field_and_a_namespace_no_part_of_a_name() -> None:
    assert plain(b'<o:a xmlns:o="urn:x"><o:b/><o:c> </o:c><o:d>1</o:d></o:a>') == {"a": {"d": "1"}}


@pytest.mark.parametrize(
    "value",
    [
        "<a>ä</a>".encode(),
        b"\xef\xbb\xbf" + "<a>ä</a>".encode(),
        "<a>ä</a>".encode("utf-16"),
        '<?xml version="1.0" encoding="ISO-8859-1"?><a>ä</a>'.encode("latin-1"),
        b"\n  <a>&#228;</a>",
    ],
)
def test_it_is_read_in_the_encoding_that_it_declares(value: bytes) -> None:
    assert is_xml(value)
    assert plain(value) == {"a": "ä"}


EXPANDING = b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;&x;">]><a>&z;</a>'
EXTERNAL = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
OTHER_DTD = b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>'
PARAMETERS = b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/"> %x;]><a/>'


@pytest.mark.parametrize("value", [EXPANDING, EXTERNAL, OTHER_DTD, PARAMETERS, b"<!DOCTYPE a><a/>"])
def test_a_document_type_is_refused_and_with_it_every_entity(value: bytes) -> None:
    record = RawRecord("erp.raw", 0, 0, 0, None, value)
    with pytest.raises(WireError, match="document type") as caught:
        decode_raw(record)
    assert caught.value.reason is Reason.ENVELOPE_INVALID


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"<a>" * (MAX_DEPTH + 1), "nested deeper"),
        (b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>", "more than 100000 elements"),
        (b"<a><b></a></b>", "mismatched"),
        (b"<a>&nope;</a>", "undefined entity"),
        (b"<a/><a/>", "junk after"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "XML"),
        (b"<", "XML"),
    ],
)
def test_what_is_too_deep_too_much_or_no_xml_is_refused(value: bytes, why: str) -> None:
    with pytest.raises(XmlError, match=why):
        plain(value)


def test_depth_is_counted_before_it_costs_anything() -> None:
    with pytest.raises(XmlError, match="nested deeper"):
        plain(b"<a>" * 300_000)
