"""X12 files: separators from the ISA, any wrapping, and every control number and count checked before anything is taken."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from connectors.edi.x12.limits import Limits
from connectors.edi.x12.problems import CATALOGUE, Code, Problem, Refuses
from connectors.edi.x12.reading import FileChanged, Reading
from tests.unit.edi.files import DELIVERED, MOVED, TWO, data, group, interchange, isa, transaction


def problems(reading: Reading) -> list[Problem]:
    """All of a file, outermost first."""
    found = list(reading.problems)
    for each in reading.interchanges:
        found += each.problems
        for part in each.groups:
            found += part.problems + [problem for transaction in part.transactions for problem in transaction.problems]
    return found


def codes(reading: Reading) -> list[Code]:
    return [problem.code for problem in problems(reading)]


def taken(reading: Reading) -> list[str]:
    return [transaction.control for transaction in reading.transactions()]


def changed(old: str, new: str, segments: list[str] = TWO) -> bytes:
    whole = "".join(f"{segment}~" for segment in segments)
    assert whole.count(old) == 1, old
    return whole.replace(old, new).encode()


class Dripping(io.BytesIO):
    """A stream that gives few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(self._size, size) if size is not None and size >= 0 else self._size)


def test_a_sound_file_gives_its_transactions_as_they_were_sent() -> None:
    reading = Reading(data(TWO))
    assert reading.accepted
    assert codes(reading) == []
    first, second = reading.transactions()
    assert first.segments == TWO[2:10]
    assert second.segments == TWO[10:16]
    assert (first.set, first.control, first.position, first.count) == ("214", "0001", 3, 8)
    assert (first.group.version, first.group.kind, first.group.control) == ("004010", "QM", "7")
    assert (str(first.group.interchange.sender), str(first.group.interchange.receiver)) == ("02:OLDFREIGHT", "ZZ:MILLCO")
    assert first.group.interchange.control == "000000101"


def test_the_survey_holds_no_segments() -> None:
    (found,) = Reading(data(TWO)).interchanges
    assert [each.segments for each in found.groups[0].transactions] == [[], []]
    assert [each.count for each in found.groups[0].transactions] == [8, 6]


@pytest.mark.parametrize("end", ["~", "~\n", "~\r\n", "\n", "\r\n", "\r", "\x1c", "\u00a7", "\u2028", "'", "~\n\n"])
def test_any_terminator_with_or_without_line_breaks(end: str) -> None:
    reading = Reading(data(TWO, end))
    assert codes(reading) == []
    assert [each.segments for each in reading.transactions()] == [TWO[2:10], TWO[10:16]]


def test_a_terminator_in_latin_1_is_one_character_too() -> None:
    reading = Reading("".join(f"{segment}\u00a7" for segment in TWO).encode("latin-1"))
    assert codes(reading) == []
    assert taken(reading) == ["0001", "0002"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_in_utf_8_and_in_latin_1_are_read(encoding: str) -> None:
    segments = interchange([group([transaction([*MOVED, "N1*CN*Müller & Söhne"])])])
    (found,) = Reading("".join(f"{segment}~" for segment in segments).encode(encoding)).transactions()
    assert found.segments[-2] == "N1*CN*Müller & Söhne"


@pytest.mark.parametrize("break_", ["\n", "\r\n"])
@pytest.mark.parametrize("columns", [80, 72, 40])
def test_lines_wrapped_at_a_column_are_joined_within_the_isa_too(columns: int, break_: str) -> None:
    whole = "".join(f"{segment}~" for segment in TWO)
    wrapped = break_.join(whole[at : at + columns] for at in range(0, len(whole), columns))
    reading = Reading(wrapped.encode())
    assert codes(reading) == []
    assert [each.segments for each in reading.transactions()] == [TWO[2:10], TWO[10:16]]


@pytest.mark.parametrize("size", [1, 2, 7, 105, 106, 107])
def test_a_stream_that_drips_is_read_like_bytes(size: int) -> None:
    reading = Reading(Dripping(data(TWO, "\u00a7\r\n"), size))
    assert codes(reading) == []
    assert [each.segments for each in reading.transactions()] == [TWO[2:10], TWO[10:16]]


def test_other_separators_are_those_of_the_isa() -> None:
    segments = [isa(element="|", component=">"), *[segment.replace("*", "|") for segment in TWO[1:]]]
    (found,) = Reading(data(segments)).interchanges
    assert found.accepted
    assert found.delimiters == ("|", ">", "", "~")


@pytest.mark.parametrize(
    ("version", "repetition", "expected"), [("00401", "U", ""), ("00402", "^", "^"), ("00501", "^", "^"), ("00501", "U", "")]
)
def test_isa11_repeats_elements_from_00402_on(version: str, repetition: str, expected: str) -> None:
    (found,) = Reading(data(interchange([], version=version, repetition=repetition))).interchanges
    assert found.delimiters.repetition == expected


def test_several_interchanges_with_padding_and_separators_of_their_own() -> None:
    second = [segment.replace("*", "|") for segment in interchange([group([transaction(DELIVERED, "9")])], "000000102")]
    content = b"\xef\xbb\xbf\r\n" + data(TWO) + b"\r\n \x00\x00" + data(second, "\n") + b"\r\n\x1a"
    reading = Reading(content)
    assert codes(reading) == []
    assert [each.control for each in reading.interchanges] == ["000000101", "000000102"]
    assert taken(reading) == ["0001", "0002", "9"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SE*8*0001", "SE*0000000008*0001"),
        ("SE*8*0001", "SE*8*1"),
        ("SE*8*0001", "SE*8 * 0001 "),
        ("GE*2*7", "GE*000002*000000007"),
        ("IEA*1*000000101", "IEA*01*101"),
    ],
)
def test_padded_counts_and_control_numbers_are_the_same_numbers(old: str, new: str) -> None:
    reading = Reading(changed(old, new))
    assert codes(reading) == []
    assert taken(reading) == ["0001", "0002"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("SE*8*0001", "SE*9*0001", Code.SE_COUNT),
        ("SE*8*0001", "SE*many*0001", Code.SE_COUNT),
        ("SE*8*0001", "SE", Code.SE_COUNT),
        ("SE*8*0001", "SE*8*0002", Code.SE_CONTROL),
        ("SE*8*0001~", "", Code.SE_MISSING),
        ("ST*214*0001", "ST*XYZ*0001", Code.ST_SET),
        ("ST*214*0001", "ST*214", Code.ST_CONTROL),
        ("LX*1~AT7*X6", "L!*1~AT7*X6", Code.SEGMENT_ID),
        ("LX*1~AT7*X6", "*1~AT7*X6", Code.SEGMENT_ID),
        ("MS2*OLDF*TR881", "MS2*OLDF" + "*" * 300, Code.ELEMENTS_MANY),
        ("MS2*OLDF*TR881", "MS2*OLDF*" + "T" * 9_000, Code.ELEMENT_LONG),
    ],
)
def test_a_bad_transaction_does_not_take_its_neighbour_along(old: str, new: str, code: Code) -> None:
    reading = Reading(changed(old, new))
    assert code in codes(reading)
    assert CATALOGUE[code].refuses is Refuses.TRANSACTION
    assert taken(reading) == ["0002"]
    assert not reading.accepted


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("GE*2*7", "GE*3*7", Code.GE_COUNT),
        ("GE*2*7", "GE*2*8", Code.GE_CONTROL),
        ("GE*2*7~", "", Code.GE_MISSING),
        ("*1402*7*X*004010", "*1402**X*004010", Code.GS_LAYOUT),
        ("*1402*7*X*004010", "*1402*7*X", Code.GS_LAYOUT),
        ("SE*8*0001~", "SE*8*0001~LX*2~", Code.GROUP_SEGMENT),
    ],
)
def test_a_bad_group_is_refused_whole_and_alone(old: str, new: str, code: Code) -> None:
    other = group([transaction(DELIVERED, "0005")], "8")
    segments = interchange([TWO[1:-1], other])
    reading = Reading(changed(old, new, segments))
    assert code in codes(reading)
    assert CATALOGUE[code].refuses is Refuses.GROUP
    assert taken(reading) == ["0005"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("IEA*1*000000101", "IEA*2*000000101", Code.IEA_COUNT),
        ("IEA*1*000000101", "IEA*1*000000102", Code.IEA_CONTROL),
        ("IEA*1*000000101~", "", Code.IEA_MISSING),
        ("*000000101*0*P", "*00000010A*0*P", Code.ISA_CONTROL),
        ("IEA*1*000000101", "XX*1~IEA*1*000000101", Code.INTERCHANGE_SEGMENT),
        ("GS*QM", "GX*QM", Code.INTERCHANGE_SEGMENT),
        ("MS2*OLDF*TR881", "MS2*OLDF*" + "T" * 40_000, Code.SEGMENT_LONG),
    ],
)
def test_a_bad_interchange_is_refused_whole_and_the_next_one_is_read(old: str, new: str, code: Code) -> None:
    following = data(interchange([group([transaction(DELIVERED, "0005")])], "000000102"))
    reading = Reading(changed(old, new) + following)
    assert code in codes(reading)
    assert CATALOGUE[code].refuses is Refuses.INTERCHANGE
    assert taken(reading) == ["0005"]


def test_a_file_cut_anywhere_gives_nothing() -> None:
    whole = data(TWO, "~")
    for length in range(len(whole) - 1):
        reading = Reading(whole[:length])
        assert taken(reading) == []
        assert not reading.accepted
    # Only the very last terminator may be missing: count and control number are there.
    assert taken(Reading(whole[:-1])) == ["0001", "0002"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"UNA:+.? 'UNB+UNOC:3+A+B'", Code.NOT_X12),
        (b"{}", Code.NOT_X12),
        (b"ISA", Code.ISA_LAYOUT),
        (isa().replace(" " * 10, "", 1).encode() + b"~GS*", Code.ISA_LAYOUT),
        (isa(component="~").encode() + b"~", Code.ISA_SEPARATORS),
        (isa(component="A").encode() + b"~", Code.ISA_SEPARATORS),
        (isa(version="00501", repetition="*").encode() + b"~", Code.ISA_LAYOUT),
        (isa(version="00501", repetition=":").encode() + b"~", Code.ISA_SEPARATORS),
    ],
)
def test_what_is_no_interchange_is_said_once_and_the_next_one_is_read(content: bytes, code: Code) -> None:
    reading = Reading(content + b"\nVISA CARD ISA*00\n" + data(TWO))
    assert [(problem.code, problem.position) for problem in problems(reading)] == [(code, 1)]
    assert taken(reading) == ["0001", "0002"]


def test_an_empty_file_is_not_accepted() -> None:
    for content in (b"", b"\r\n\x1a"):
        reading = Reading(content)
        assert (reading.interchanges, reading.accepted) == ([], False)


def test_control_numbers_are_unique_where_they_have_to_be() -> None:
    twice = interchange([group([transaction(MOVED, "0001"), transaction(DELIVERED, "1")]), group([transaction(MOVED)], "007")])
    reading = Reading(data(twice))
    assert codes(reading) == [Code.ST_DUPLICATE, Code.GS_DUPLICATE]
    assert taken(reading) == ["0001"]


def test_a_problem_says_where_it_is() -> None:
    (problem,) = problems(Reading(changed("MS2*OLDF*TR881", "MS2*OLDF*TR\x07881")))
    assert problem == Problem(Code.CHARACTER, "MS202 holds the control character '\\x07'", 9, "MS2", 7, 2)
    assert problem.refuses is Refuses.NOTHING


def test_many_remarks_do_not_hide_a_refusal() -> None:
    body = [f"L11*\x07{number}*BM" for number in range(300)]
    segments = interchange([group([transaction(body)])])
    segments[-3] = "SE*7*0001"
    reading = Reading(data(segments))
    assert codes(reading)[-1] is Code.SE_COUNT
    assert taken(reading) == []


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(transaction_segments=7), Code.TRANSACTION_LONG),
        (Limits(transaction_chars=110), Code.TRANSACTION_LONG),
        (Limits(transactions=2), Code.INTERCHANGE_LONG),
        (Limits(file_bytes=300), Code.FILE_LONG),
    ],
)
def test_what_is_larger_than_a_limit_is_refused(limits: Limits, code: Code) -> None:
    reading = Reading(data(TWO), limits)
    assert code in codes(reading)
    assert taken(reading) == (["0002"] if code is Code.TRANSACTION_LONG else [])


def test_a_file_that_changes_while_it_is_read_is_noticed() -> None:
    stream = io.BytesIO(data(TWO))
    reading = Reading(stream)
    stream.seek(0)
    stream.truncate()
    stream.write(data(interchange([group([transaction(DELIVERED, "0009")])])))
    with pytest.raises(FileChanged, match="read it again"):
        list(reading.transactions())


def test_ta1_segments_are_kept_beside_the_groups() -> None:
    (found,) = Reading(data([isa(), "TA1*000000055*260601*1402*A*000", "IEA*0*000000101"])).interchanges
    assert found.accepted
    assert found.ta1 == [["TA1", "000000055", "260601", "1402", "A", "000"]]


def test_memory_stays_small_however_large_the_file_is() -> None:
    many = data(interchange([group([transaction(MOVED * 40, str(number)) for number in range(300)])]))
    assert len(many) > 1_400_000

    def peak(run: Callable[[], Any]) -> int:
        tracemalloc.start()
        try:
            run()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    stream = io.BytesIO(many)
    assert peak(lambda: sum(1 for _ in Reading(stream).transactions())) < 1_000_000


def test_each_code_says_what_it_means_and_what_to_do() -> None:
    assert set(CATALOGUE) == set(Code)
    for code, explanation in CATALOGUE.items():
        assert explanation.meaning.endswith(".") and explanation.what_to_do.endswith("."), code
        assert bool(explanation.acknowledged) == (code not in (Code.NOT_X12, Code.FILE_LONG)), code
