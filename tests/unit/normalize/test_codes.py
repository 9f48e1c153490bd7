"""Code maps: functions, with evidence, and strict when they are read."""

from __future__ import annotations

from importlib.resources import files

import pytest

from streams.domain.vocabulary import Classifier, Effect, Milestone
from streams.normalize.codes import CodeMap, CodeMapError, code_map, read_code_map, scac

HEAD = b"code,type,milestone,classifier,reason_class,effect,provenance,example\n"
ROW = b"OK,,DELIVERED,ACT,,,their guide 3.2,delivered\n"

MAPS = sorted(
    name.removesuffix(".csv")
    for entry in (files("streams.normalize") / "maps").iterdir()
    if (name := entry.name).endswith(".csv") and name not in ("carriers.csv", "units.csv", "sap.s4.documents.csv")
)


@pytest.fixture(params=MAPS)
def table(request: pytest.FixtureRequest) -> CodeMap:
    return code_map(request.param)


def test_maps_are_found() -> None:
    assert {"milepost.carrier.v1", "ups.track-alert.v2"} <= set(MAPS)


def test_a_delivery_rests_on_a_code_of_its_own_with_a_source_that_shows_it(table: CodeMap) -> None:
    for row in table.rows.values():
        if row.milestone in (Milestone.DELIVERED, Milestone.POD_RECEIVED):
            assert row.code
            assert "second-hand" not in row.provenance, row


def test_what_raises_an_exception_says_why_and_with_what_effect(table: CodeMap) -> None:
    for row in table.rows.values():
        if row.milestone in (Milestone.EXCEPTION_RAISED, Milestone.DELIVERED_WITH_EXCEPTION):
            assert row.reason
            assert row.effect


def test_a_clean_delivery_has_no_exception(table: CodeMap) -> None:
    assert all(row.effect is not Effect.BILLING_BLOCK for row in table.rows.values() if row.milestone is Milestone.DELIVERED)


def test_an_estimated_time_is_an_estimate(table: CodeMap) -> None:
    assert all(row.classifier is Classifier.EST for row in table.rows.values() if row.milestone is Milestone.ETA_UPDATED)


def test_h3_a_code_in_two_rows_is_refused_because_a_map_is_a_function() -> None:
    with pytest.raises(CodeMapError, match=r"line 3: .*a map is a function"):
        read_code_map("x", HEAD + ROW + b"OK,,IN_TRANSIT,ACT,,,their guide 3.2,moving\n")


def test_one_code_of_two_types_is_two_rows() -> None:
    table = read_code_map("x", HEAD + ROW + b"OK,X,IN_TRANSIT,ACT,,,their guide 3.2,moving\n")
    assert (table.meaning("OK").milestone, table.meaning("OK", "X").milestone) == (Milestone.DELIVERED, Milestone.IN_TRANSIT)


@pytest.mark.parametrize(
    "row",
    [
        b"OK,,ARRIVED_SAFELY,ACT,,,guide,x\n",
        b"OK,,DELIVERED,REAL,,,guide,x\n",
        b"OK,,DELIVERED,ACT,GREMLINS,INFO,guide,x\n",
        b"OK,,DELIVERED,ACT,DAMAGE,,guide,x\n",
        b",D,DELIVERED,ACT,,,guide,any code of type D\n",
        b"OK,,DELIVERED,ACT,,,,x\n",
        b"OK,,DELIVERED,ACT\n",
    ],
)
def test_a_row_that_is_incomplete_or_uses_other_words_is_refused(row: bytes) -> None:
    with pytest.raises(CodeMapError, match=r"^x, line 2: "):
        read_code_map("x", HEAD + row)


def test_other_columns_are_refused() -> None:
    with pytest.raises(CodeMapError, match="columns must be"):
        read_code_map("x", b"code,milestone\nOK,DELIVERED\n")


def test_a_maps_version_changes_with_its_rows() -> None:
    assert read_code_map("x", HEAD + ROW).version == read_code_map("x", HEAD + ROW).version
    assert read_code_map("x", HEAD + ROW.replace(b"3.2", b"3.3")).version != read_code_map("x", HEAD + ROW).version


def test_a_carriers_names_are_one() -> None:
    assert scac(" ups ") == scac("UPSN") == "UPSN"
    assert scac("oldf") == "OLDF"
