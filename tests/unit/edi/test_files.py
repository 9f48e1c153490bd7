"""A file of either standard: what is taken of it, what is held back, what is answered; partners and their agreements."""

from __future__ import annotations

import io
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.edi.files import EdiFile, is_edi
from connectors.edi.partners import Partner, Partners, read_partners
from connectors.edi.remembered import RememberedInMemory
from streams.errors import ConfigurationError
from tests.unit.edi.files import TWO, data
from tests.unit.edi.test_edifact_reading import TWO as EDIFACT

AT = datetime(2026, 6, 1, 20, tzinfo=UTC)
TEST_X12 = data(TWO).replace(b"*0*P*:", b"*0*T*:")
TEST_EDIFACT = EDIFACT.replace("+55'UNH", "+55++++++1'UNH").encode()


def file(content: bytes, **more: object) -> EdiFile:
    return EdiFile(io.BytesIO(content), **more)  # type: ignore[arg-type]


def partners(**agreed: str) -> Partners:
    partner = Partner.model_validate({"id": "north", "sender": "02:OLDFREIGHT"} | agreed)
    return Partners({(partner.sender, partner.receiver or ""): partner})


@pytest.mark.parametrize("content", [data(TWO), EDIFACT.encode(), b"\xef\xbb\xbf\r\n" + EDIFACT.encode(), b"UNA:+.? '" + EDIFACT.encode()])
def test_either_standard_is_known_by_its_begin(content: bytes) -> None:
    assert is_edi(content)
    assert len(list(file(content).records(AT))) == 2


@pytest.mark.parametrize("content", [TEST_X12, TEST_EDIFACT])
def test_test_data_is_accepted_and_held_back_unless_it_is_asked_for(content: bytes) -> None:
    held = file(content)
    assert held.reading.accepted
    assert (list(held.records(AT)), held.held_back, held.keys) == ([], 1, [])
    taken = file(content, take_test=True)
    assert [json.loads(record.value or b"")["test"] for record in taken.records(AT)] == [True, True]
    assert (taken.held_back, len(taken.keys)) == (0, 1)


@pytest.mark.parametrize("content", [data(TWO), EDIFACT.encode()])
def test_an_interchange_taken_before_is_refused(content: bytes) -> None:
    remembered = RememberedInMemory()
    first = file(content, remembered=remembered)
    for key in first.keys:
        remembered.add(key, AT)
    again = file(content, remembered=remembered)
    assert list(again.records(AT)) == []
    assert [problem["code"] for problem in again.problems()] == ["INTERCHANGE_DUPLICATE"]


def test_records_carry_what_was_agreed_and_the_partners_header() -> None:
    record, _ = file(data(TWO), partners=partners(zone="America/Chicago", company="1000")).records(AT)
    assert dict(record.headers)["partner"] == b"north"
    value = json.loads(record.value or b"")
    assert (value["zone"], value["company"], value["system"]) == ("America/Chicago", "1000", "NORTH")
    stranger, _ = file(data(TWO)).records(AT)
    assert "partner" not in dict(stranger.headers)


@pytest.mark.parametrize(
    ("content", "agreed", "kinds"),
    [
        (data(TWO), "none", []),
        (data(TWO), "997", ["997"]),
        (data(TWO), "999", ["999"]),
        (data(TWO).replace(b"*0*P*:", b"*1*P*:"), "997", ["ta1", "997"]),
        (EDIFACT.encode(), "contrl", ["contrl"]),
        (EDIFACT.replace("+55'UNH", "+55++++1'UNH").encode(), "none", ["contrl"]),
    ],
)
def test_what_was_agreed_or_asked_for_is_answered(content: bytes, agreed: str, kinds: list[str]) -> None:
    sender = "02:OLDF" if content.startswith(b"UNB") else "02:OLDFREIGHT"
    answered = file(content, partners=partners(sender=sender, acknowledge=agreed)).acknowledgements(AT, itertools.count(1))
    assert [kind for kind, _ in answered] == kinds


def test_partners_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text('- {id: a, sender: "02:A", zone: Europe/Berlin}\n- {id: b, sender: "02:A", receiver: "ZZ:ME", company: 1000}\n')
    found = read_partners(path)
    assert [found.of("02:A", receiver) and found.of("02:A", receiver).id for receiver in ("ZZ:ME", "ZZ:OTHER")] == ["b", "a"]  # type: ignore[union-attr]
    assert found.of("02:B", "ZZ:ME") is None
    assert read_partners(None).of("02:A", "ZZ:ME") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {id: a, sender: nobody}", "0.sender"),
        ('- {id: a, sender: "1:A", zone: Mars/Olympus}', "no time zone"),
        ('- {id: a, sender: "1:A", colour: red}', "colour"),
        ('- {id: a, sender: "1:A"}\n- {id: b, sender: "1:A"}', "b and a have the same sender"),
        ("{", "correct the file"),
        ("3", "list"),
    ],
)
def test_a_bad_file_of_partners_is_one_line_that_says_what_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as raised:
        read_partners(path)
    assert "\n" not in str(raised.value)
    with pytest.raises(ConfigurationError, match="MILEPOST_EDI_PARTNERS"):
        read_partners(tmp_path / "none.yaml")
