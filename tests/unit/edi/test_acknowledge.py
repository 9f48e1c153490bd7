"""TA1, 997 and 999: what could be read, told in the sender's own separators and version; read back by our own reader."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.edi.x12.acknowledge import Functional, functional, interchange_acknowledgement
from connectors.edi.x12.envelope import Interchange
from connectors.edi.x12.reading import Reading
from tests.unit.edi.files import DELIVERED, MOVED, TWO, data, group, interchange, isa, transaction

AT = datetime(2026, 6, 1, 14, 30, tzinfo=UTC)


def read(segments: list[str]) -> Interchange:
    (found,) = Reading(data(segments)).interchanges
    return found


def answer(segments: list[str], kind: Functional = Functional.S997) -> list[str]:
    """The segments of the functional acknowledgement, from ISA to IEA; it must itself be sound."""
    written = functional(read(segments), AT, 12, kind)
    assert written is not None
    assert Reading(written).accepted
    return written.decode().split("~")[:-1]


def body(segments: list[str], kind: Functional = Functional.S997) -> list[str]:
    """Between ST and SE."""
    return [segment for segment in answer(segments, kind) if segment[:2] in ("AK", "IK")]


def replaced(old: str, new: str, segments: list[str] = TWO) -> list[str]:
    assert old in segments
    return [new if segment == old else segment for segment in segments]


def test_all_accepted() -> None:
    assert body(TWO) == ["AK1*QM*7", "AK2*214*0001", "AK5*A", "AK2*214*0002", "AK5*A", "AK9*A*2*2*2"]


def test_a_refused_transaction_makes_the_group_partial() -> None:
    found = body(replaced("SE*8*0001", "SE*9*0003"))
    assert found == ["AK1*QM*7", "AK2*214*0001", "AK5*R*4*3", "AK2*214*0002", "AK5*A", "AK9*P*2*2*1"]


def test_remarks_are_accepted_with_errors() -> None:
    found = body(replaced("MS2*OLDF*TR881", "MS2*OLDF*TR\x07881"))
    assert found == ["AK1*QM*7", "AK2*214*0001", "AK3*MS2*7**8", "AK4*2**6", "AK5*E*5", "AK2*214*0002", "AK5*A", "AK9*E*2*2*2"]


def test_all_transactions_refused() -> None:
    one = interchange([group([transaction(MOVED)])])
    assert body(replaced("SE*8*0001", "SE*2*0001", one)) == ["AK1*QM*7", "AK2*214*0001", "AK5*R*4", "AK9*R*1*1*0"]


def test_a_refused_group_takes_no_transaction() -> None:
    assert body(replaced("GE*2*7", "GE*3*8")) == ["AK1*QM*7", "AK9*R*3*2*0*5*4"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ST*214*0001", "ST*2X4*0001", "AK5*R*6"),
        ("LX*1", "?*1", "AK3*?*4**1"),
        ("MS2*OLDF*TR881", "MS2*" + "*" * 300, "AK3*MS2*7**8"),
    ],
)
def test_what_is_wrong_is_named_by_its_code(old: str, new: str, expected: str) -> None:
    assert expected in body(replaced(old, new))


def test_one_answer_a_group_and_the_partners_change_places() -> None:
    two = interchange([group([transaction(MOVED)], "7"), group([transaction(DELIVERED)], "8", version="003070")])
    found = answer(two)
    assert found[0] == isa("000000012").replace("02*OLDFREIGHT     *ZZ*MILLCO         ", "ZZ*MILLCO         *02*OLDFREIGHT     ").replace(
        "*1402*U", "*1430*U"
    )
    assert [segment for segment in found if segment.startswith(("GS", "GE", "IEA"))] == [
        "GS*FA*MILLCO*OLDFREIGHT*20260601*1430*1*X*004010",
        "GE*1*1",
        "GS*FA*MILLCO*OLDFREIGHT*260601*1430*2*X*003070",
        "GE*1*2",
        "IEA*2*000000012",
    ]


def test_999_speaks_of_the_same_with_its_own_segments() -> None:
    later = interchange([group([transaction(MOVED), transaction(DELIVERED, "2")], version="005010X1")], version="00501", repetition="^")
    found = answer(replaced("SE*8*0001", "SE*7*0001", later), Functional.S999)
    assert "ST*999*0001*005010X1" in found
    assert [segment for segment in found if segment[:2] in ("AK", "IK")] == [
        "AK1*QM*7*005010X1",
        "AK2*214*0001",
        "IK5*R*4",
        "AK2*214*2",
        "IK5*A",
        "AK9*P*2*2*1",
    ]


def test_separators_are_those_of_the_sender() -> None:
    segments = [isa(element="|", component=">"), *[segment.replace("*", "|") for segment in TWO[1:]]]
    found = Reading("".join(f"{segment}\u00a7" for segment in segments).encode()).interchanges[0]
    written = functional(found, AT, 1)
    assert written is not None
    (back,) = Reading(written).interchanges
    assert back.delimiters == found.delimiters


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("SE*8*0001", "SE*8*0001", "A*000"),
        ("SE*8*0001", "SE*9*0001", "A*000"),
        ("IEA*1*000000101", "IEA*2*000000101", "R*021"),
        ("IEA*1*000000101", "IEA*1*000000109", "R*001"),
        ("IEA*1*000000101", "XX*1", "R*022"),
    ],
)
def test_ta1_speaks_of_the_envelope_only(old: str, new: str, status: str) -> None:
    found = read(replaced(old, new))
    written = interchange_acknowledgement(found, AT, 13)
    assert written is not None
    assert Reading(written).accepted
    assert f"~TA1*000000101*260601*1402*{status}~IEA*0*000000013~" in written.decode()


def test_a_refused_interchange_has_no_functional_answer() -> None:
    assert functional(read(replaced("IEA*1*000000101", "IEA*2*000000101")), AT, 1) is None


def test_an_acknowledgement_is_never_acknowledged() -> None:
    for written in (functional(read(TWO), AT, 12), interchange_acknowledgement(read(TWO), AT, 12)):
        assert written is not None
        (back,) = Reading(written).interchanges
        assert not back.wants_ta1
        assert functional(back, AT, 13) is None
        assert interchange_acknowledgement(back, AT, 13) is None


def test_beside_acknowledgements_other_groups_are_answered() -> None:
    mixed = interchange([group([transaction(["AK1*PO*1", "AK9*A*1*1*1"], set="997")], "6", kind="FA"), group([transaction(MOVED)], "7")])
    assert body(mixed) == ["AK1*QM*7", "AK2*214*0001", "AK5*A", "AK9*A*1*1*1"]


def test_control_numbers_start_anew_after_the_largest() -> None:
    written = interchange_acknowledgement(read(TWO), AT, 1_000_000_000)
    assert written is not None
    assert Reading(written).interchanges[0].control == "000000001"


def test_whether_a_ta1_is_asked_for_is_said_by_isa14() -> None:
    assert read(interchange([], acknowledge="1")).wants_ta1
    assert not read(interchange([])).wants_ta1
