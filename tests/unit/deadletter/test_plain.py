"""What producers wrote can be looked at, and never steers a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.deadletter.plain import hex_lines, plain, plain_bytes, plain_lines

HOSTILE = ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202eabc", "a\rb", "\x00", "\u2028", "\ud800"]


@pytest.mark.parametrize("text", HOSTILE)
def test_escape_sequences_and_direction_marks_are_shown_not_obeyed(text: str) -> None:
    assert plain(text).isprintable()
    assert "\\" in plain(text)


def test_text_of_any_language_stays_as_it_is() -> None:
    assert plain("Größe 12 箱 — ок") == "Größe 12 箱 — ок"


def test_long_text_is_cut_and_says_so() -> None:
    assert plain("x" * 20, 5) == "xxxxx…"
    assert plain_bytes(b"x" * 2_000_000, 5) == "xxxxx…"


def test_no_bytes_and_empty_bytes_differ() -> None:
    assert (plain_bytes(None), plain_bytes(b"")) == ("(none)", "")


def test_bytes_that_are_no_text_are_escaped() -> None:
    assert plain_bytes(b"a\xff\x1b") == "a\\xff\\x1b"


def test_hexadecimal_shows_offset_bytes_and_ascii() -> None:
    assert list(hex_lines(b"0123456789abcdef\x1b!")) == [
        "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef",
        f"00000010  {'1b 21':<47}  .!",
    ]


@given(st.text() | st.binary().map(lambda data: data.decode(errors="replace")))
def test_no_text_gets_through_unescaped(text: str) -> None:
    assert plain(text).isprintable()
    assert all(line.isprintable() for line in plain_lines(text))
