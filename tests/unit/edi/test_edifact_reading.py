"""EDIFACT interchanges: separators, character sets, references and counts, limits, each message for itself; and CONTRL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.edi.edifact.acknowledge import Answer, answers, contrl
from connectors.edi.edifact.envelope import Reading
from connectors.edi.edifact.limits import Limits
from connectors.edi.edifact.problems import CATALOGUE, Code

AT = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
HEAD = "UNB+UNOC:3+OLDF:02+MILLCO:ZZ+260601:0900+55"
TWO = f"{HEAD}'UNH+1+IFTSTA:D:97A:UN'BGM+77+A'UNT+3+1'UNH+2+INVOIC:D:96A:UN'BGM+380+B'UNT+3+2'UNZ+2+55'"


def codes(text: str | bytes, limits: Limits | None = None) -> list[Code]:
    reading = Reading(text.encode("latin-1") if isinstance(text, str) else text, limits or Limits())
    found = [problem.code for problem in reading.problems]
    for interchange in reading.interchanges:
        found += [problem.code for problem in interchange.problems]
        found += [problem.code for message in interchange.messages for problem in message.problems]
    return found


def accepted(text: str | bytes) -> list[str]:
    return [message.control for message in Reading(text.encode("latin-1") if isinstance(text, str) else text).messages()]


def test_a_sound_interchange_is_read() -> None:
    reading = Reading(TWO.encode())
    assert reading.accepted
    (interchange,) = reading.interchanges
    assert (str(interchange.sender), str(interchange.receiver), interchange.control) == ("02:OLDF", "ZZ:MILLCO", "55")
    assert (interchange.sent, interchange.test) == (("260601", "0900"), False)
    first, second = reading.messages()
    assert (first.type, first.version, second.type) == ("IFTSTA", "D97A", "INVOIC")
    assert first.segments == [["UNH", "1", ["IFTSTA", "D", "97A", "UN"]], ["BGM", "77", "A"], ["UNT", "3", "1"]]


def test_separators_come_from_the_una_and_release_characters_are_undone() -> None:
    other = TWO.replace("+77+A", "+77+it's 1!+1 !!").replace("'UN", "~UN").replace("'BGM", "~BGM").replace("2+55'", "2+55~")
    (first, _) = Reading(("UNA:+.! ~" + other).encode()).messages()
    assert first.segments[1] == ["BGM", "77", "it's 1+1 !"]
    (plain, _) = Reading(TWO.replace("+77+A", "+77+it?'s 1?+1 ?? ?:").encode()).messages()
    assert plain.segments[1] == ["BGM", "77", "it's 1+1 ? :"]


@pytest.mark.parametrize("wrap", [80, 35, 1])
def test_line_breaks_are_dropped_wherever_they_stand(wrap: int) -> None:
    wrapped = "\r\n".join(TWO[at : at + wrap] for at in range(0, len(TWO), wrap)) if wrap > 8 else TWO.replace("'", "'\n")
    assert accepted(wrapped) == ["1", "2"]


@pytest.mark.parametrize(
    ("syntax", "encoding", "text"),
    [
        ("UNOC", "iso8859-1", "Müller"),
        ("UNOD", "iso8859-2", "Łódź"),
        ("UNOE", "iso8859-5", "Москва"),
        ("UNOF", "iso8859-7", "Αθήνα"),
        ("UNOG", "iso8859-3", "Ħal"),
        ("UNOH", "iso8859-4", "Rīga"),
        ("UNOI", "iso8859-6", "دبي"),
        ("UNOJ", "iso8859-8", "חיפה"),
        ("UNOK", "iso8859-9", "İzmir"),
        ("UNOW", "utf-8", "東京"),
        ("UNOY", "utf-8", "東京 Łódź"),
    ],
)
def test_the_character_set_is_that_of_the_unb(syntax: str, encoding: str, text: str) -> None:
    (first, _) = Reading(TWO.replace("UNOC", syntax).replace("+77+A", f"+77+{text}").encode(encoding)).messages()
    assert first.segments[1] == ["BGM", "77", text]


@pytest.mark.parametrize("syntax", ["UNOA", "UNOB"])
def test_what_is_no_text_in_its_character_set_refuses_its_message_alone(syntax: str) -> None:
    assert accepted(TWO.replace("UNOC", syntax).replace("+77+A", "+77+M\xfcller")) == ["2"]
    assert codes(TWO.replace("UNOC", syntax).replace("+77+A", "+77+M\xfcller")) == [Code.CHARACTER]


@pytest.mark.parametrize("syntax", ["UNOX", "KECA", "UNOZ"])
def test_other_character_sets_are_refused(syntax: str) -> None:
    assert codes(TWO.replace("UNOC", syntax)) == [Code.CHARSET_UNKNOWN]


def test_the_test_indicator_is_known() -> None:
    (interchange,) = Reading(TWO.replace("+55'UNH", "+55++++++1'UNH").encode()).interchanges
    assert interchange.test
    assert interchange.accepted


@pytest.mark.parametrize(
    ("old", "new", "code", "left"),
    [
        ("UNT+3+1'", "UNT+4+1'", Code.UNT_COUNT, ["2"]),
        ("UNT+3+1'", "UNT+3+9'", Code.UNT_CONTROL, ["2"]),
        ("UNT+3+1'", "", Code.UNT_MISSING, ["2"]),
        ("UNH+2+", "UNH+1+", Code.UNH_DUPLICATE, ["1"]),
        ("UNH+1+IFTSTA", "UNH+1+ift", Code.UNH_LAYOUT, ["2"]),
        ("BGM+77+A'", "bgm+77+A'", Code.SEGMENT_SYNTAX, ["2"]),
        ("BGM+77+A'", "BGM" + "+1" * 201 + "'", Code.ELEMENTS_MANY, ["2"]),
        ("BGM+77+A'", "BGM+" + ":1" * 101 + "'", Code.ELEMENTS_MANY, ["2"]),
        ("BGM+77+A'", "BGM+" + "A" * 8_193 + "'", Code.ELEMENT_LONG, ["2"]),
        ("BGM+77+A'", "BGM+77+\x07'", Code.CHARACTER, ["2"]),
        ("UNZ+2+55'", "UNZ+3+55'", Code.UNZ_COUNT, []),
        ("UNZ+2+55'", "UNZ+2+56'", Code.UNZ_CONTROL, []),
        ("UNZ+2+55'", "", Code.UNZ_MISSING, []),
        ("UNT+3+1'", "UNT+3+1'BGM+1'", Code.INTERCHANGE_SEGMENT, []),
        ("UNB+UNOC:3+OLDF:02", "UNB+UNOC:3+", Code.UNB_LAYOUT, []),
        ("UNB+UNOC:3", "UNB+UNOC:9", Code.UNB_LAYOUT, []),
        ("UNB", "XNB", Code.NOT_EDIFACT, []),
        ("BGM+77+A'", "BGM+" + "A" * 40_000 + "'", Code.SEGMENT_LONG, []),
    ],
)
def test_what_is_wrong_has_a_code_and_refuses_no_more_than_its_part(old: str, new: str, code: Code, left: list[str]) -> None:
    assert old in TWO
    text = TWO.replace(old, new, 1)
    assert code in codes(text)
    assert accepted(text) == left


def test_groups_are_counted() -> None:
    grouped = TWO.replace("'UNH+1", "'UNG+IFTSTA+A+B+260601:0900+7+UN+D:97A'UNH+1").replace("UNT+3+2'UNZ+2", "UNT+3+2'UNE+2+7'UNZ+1")
    assert accepted(grouped) == ["1", "2"]
    assert codes(grouped.replace("UNE+2+7", "UNE+1+7")) == [Code.UNE_MISMATCH]
    assert codes(grouped.replace("UNE+2+7'", "")) == [Code.UNE_MISMATCH]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(file_bytes=50), Code.FILE_LONG),
        (Limits(messages=1), Code.INTERCHANGE_LONG),
        (Limits(message_segments=2), Code.MESSAGE_LONG),
        (Limits(message_chars=30), Code.MESSAGE_LONG),
    ],
)
def test_what_is_larger_than_the_limits_is_refused(limits: Limits, code: Code) -> None:
    assert code in codes(TWO, limits)


def test_a_second_interchange_is_read_after_one_that_was_cut() -> None:
    assert accepted(TWO.replace("UNZ+2+55'", "") + TWO.replace("+55", "+56").replace("UNH+1", "UNH+7").replace("UNT+3+1", "UNT+3+7")) == [
        "7",
        "2",
    ]


def test_every_code_is_explained() -> None:
    assert set(CATALOGUE) == set(Code)


# ---- CONTRL


def test_contrl_acknowledges_and_names_the_messages_that_it_rejects() -> None:
    (sound,) = Reading(TWO.encode()).interchanges
    assert contrl(sound, AT, "9") == (
        b"UNB+UNOC:3+MILLCO:ZZ+OLDF:02+260601:1230+9'UNH+1+CONTRL:D:3:UN'UCI+55+OLDF:02+MILLCO:ZZ+7'UNT+3+1'UNZ+1+9'"
    )
    (half,) = Reading(TWO.replace("UNT+3+1", "UNT+4+1").encode()).interchanges
    assert b"UCI+55+OLDF:02+MILLCO:ZZ+7'UCM+1+IFTSTA:D:97A:UN+4+29'UNT+4+1'" in (contrl(half, AT, "9") or b"")
    (cut,) = Reading(TWO.replace("UNZ+2+55", "UNZ+2+66").encode()).interchanges
    assert b"UCI+55+OLDF:02+MILLCO:ZZ+4+28'" in (contrl(cut, AT, "9") or b"")


def test_what_we_write_can_be_read_and_is_never_acknowledged() -> None:
    (sound,) = Reading(("UNA;*.! ~" + TWO.replace("+", "*").replace(":", ";").replace("'", "~")).encode()).interchanges
    written = contrl(sound, AT, "9")
    assert written is not None and written.startswith(b"UNA;*.! ~")
    reading = Reading(written)
    assert reading.accepted
    assert contrl(reading.interchanges[0], AT, "10") is None
    (message,) = reading.messages()
    assert answers(message) == Answer("55", True, "")


def test_a_rejection_is_read_with_what_it_says() -> None:
    (cut,) = Reading(TWO.replace("UNZ+2+55", "UNZ+2+66").encode()).interchanges
    (message,) = Reading(contrl(cut, AT, "9") or b"").messages()
    assert answers(message) == Answer("55", False, "rejected, error 28")
    (half,) = Reading(TWO.replace("UNT+3+1", "UNT+4+1").encode()).interchanges
    (message,) = Reading(contrl(half, AT, "9") or b"").messages()
    assert answers(message) == Answer("55", False, "rejected: message 1")
