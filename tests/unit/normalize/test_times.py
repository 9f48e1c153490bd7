"""Times: in UTC with the source's own offset and words, never guessed and never now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.instant import Instant, TimeQuality
from streams.domain.vocabulary import Classifier
from streams.normalize.refusal import Refusal
from streams.normalize.times import FUTURE_TOLERANCE, HORIZON, local_and_gmt, parse
from streams.topics import CARRIER_RAW, WMS_RAW
from tests.unit.normalize.reading import ARRIVED, event, refusal
from tests.unit.normalize.records import CARRIER_HEAD, LINES, WMS_HEAD


def read(text: str, classifier: Classifier = Classifier.ACT) -> Instant:
    return parse(text, classifier, ARRIVED)


@pytest.mark.parametrize(
    ("text", "hour", "offset"),
    [
        ("2026-06-01T12:01:00-07:00", 19, -420),
        ("2026-06-01T12:01:00Z", 12, 0),
        ("2026-06-01T12:01:00+05:30", 6, 330),
        ("2026-06-01 12:01:00.123+02", 10, 120),
        ("2026-06-01T12:01+02:00", 10, 120),
    ],
)
def test_an_explicit_offset_is_converted_and_kept(text: str, hour: int, offset: int) -> None:
    instant = parse(text, Classifier.ACT, ARRIVED + timedelta(days=1))
    assert (instant.utc.hour, instant.utc.tzinfo) == (hour, UTC)
    assert (instant.raw, instant.offset_minutes, instant.quality) == (text, offset, TimeQuality.EXPLICIT)


def test_without_an_offset_it_is_read_as_utc_and_marked_unknown() -> None:
    assert read("2026-06-01T12:01:00") == Instant(datetime(2026, 6, 1, 12, 1, tzinfo=UTC), "2026-06-01T12:01:00", None, TimeQuality.UNKNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-06-01",
        "20260601",
        "01.06.2026 12:00",
        "06/01/2026 12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-06-01T25:00:00Z",
        "2026-06-01T12:00:00+99:00",
        "2026-06-01T12:00:00+15:00",
        "2026-06-01x12:00:00Z",
        "0001-01-01T00:00:00+13:00",
        "9999-12-31T23:59:59-13:00",
        "\U0001d7da026-06-01T12:00:00Z",
        "1780300000",
    ],
)
def test_h10_what_is_no_date_and_time_is_refused_never_replaced(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(text)
    assert refused.value.reason is Reason.TIME_INVALID
    assert refused.value.message.startswith("at: ")


def test_what_happened_may_lie_a_little_ahead_of_its_record_and_no_more() -> None:
    edge = ARRIVED + FUTURE_TOLERANCE
    assert read(edge.isoformat()).utc == edge
    with pytest.raises(Refusal, match="lies after the record's own time"):
        read((edge + timedelta(seconds=1)).isoformat())


@pytest.mark.parametrize("classifier", [Classifier.EST, Classifier.PLN])
def test_plans_and_estimates_may_lie_ahead_but_not_at_the_end_of_time(classifier: Classifier) -> None:
    assert read((ARRIVED + HORIZON).isoformat(), classifier)
    with pytest.raises(Refusal, match="two years ahead"):
        read("9999-12-31T00:00:00Z", classifier)


@pytest.mark.parametrize("classifier", list(Classifier))
def test_nothing_lies_before_2000(classifier: Classifier) -> None:
    assert read("2000-01-01T00:00:00Z", classifier)
    with pytest.raises(Refusal, match="before 2000"):
        read("1999-12-31T23:59:59Z", classifier)


@pytest.mark.parametrize("at", ["soon", None, 17, {"date": 1}, "absent"])
def test_a_record_with_a_bad_time_is_refused_as_such_and_its_order_named(at: Any) -> None:
    record = {**WMS_HEAD, "type": "pick.completed", "lines": LINES, "at": at}
    if at == "absent":
        del record["at"]
    letter = refusal(WMS_RAW, record)
    assert (letter.reason, letter.order_ids) == (Reason.TIME_INVALID, ("1000:4711",))


def test_a_naive_time_of_a_carrier_is_marked() -> None:
    said = event(CARRIER_RAW, {**CARRIER_HEAD, "code": "DELIVERED", "at": "2026-06-01T11:30:00"})
    assert (said.at.quality, said.at.offset_minutes) == (TimeQuality.UNKNOWN, None)


def both(
    local: tuple[str | None, str | None] = ("20260601", "081500"),
    gmt: tuple[str | None, str | None] = ("20260601", "131500"),
    offset: str | None = None,
) -> Instant:
    return local_and_gmt(*local, *gmt, offset, Classifier.ACT, ARRIVED)


def test_the_offset_is_that_between_local_and_gmt() -> None:
    assert both() == Instant(datetime(2026, 6, 1, 13, 15, tzinfo=UTC), "20260601 081500", -300)


def test_the_offset_crosses_midnight() -> None:
    assert both(("20260531", "230000"), ("20260601", "040000")).offset_minutes == -300


def test_a_stated_offset_completes_a_local_time() -> None:
    assert both(gmt=(None, None), offset="-05.00") == Instant(datetime(2026, 6, 1, 13, 15, tzinfo=UTC), "20260601 081500 -05.00", -300)


def test_a_local_time_alone_is_marked_unknown() -> None:
    instant = both(gmt=("", ""))
    assert (instant.quality, instant.offset_minutes, instant.utc.hour) == (TimeQuality.UNKNOWN, None, 8)


def test_a_gmt_time_alone_is_utc() -> None:
    instant = both(local=(None, None))
    assert (instant.quality, instant.offset_minutes, instant.raw) == (TimeQuality.EXPLICIT, 0, "20260601 131500 GMT")


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"local": ("2026-06-01", "081500")}, "localActivityDate"),
        ({"local": ("20260601", "0815")}, "localActivityDate"),
        ({"local": ("20260631", "081500")}, "localActivityDate"),
        ({"gmt": ("20260601", "246060")}, "gmtActivityDate"),
        ({"offset": "-04.00"}, "gmtOffset"),
        ({"offset": "EST"}, "gmtOffset"),
        ({"gmt": ("20260603", "131500")}, "gmtActivityDate"),
        ({"local": (None, None), "gmt": (None, None)}, "localActivityDate"),
        ({"local": ("20260601", None), "gmt": (None, "131500")}, "localActivityDate"),
        ({"local": ("00010101", "000000"), "gmt": (None, None), "offset": "+13.00"}, "localActivityDate"),
    ],
)
def test_pairs_that_are_broken_or_contradict_each_other_are_refused(broken: dict[str, Any], named: str) -> None:
    with pytest.raises(Refusal) as refused:
        both(**broken)
    assert refused.value.reason is Reason.TIME_INVALID
    assert refused.value.message.startswith(named)
