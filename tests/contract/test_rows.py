"""Stored rows of the shipment hop: what any version ever wrote can be read, and nothing changes what is written without a new version.

Rows live in RocksDB and in the changelog for as long as an order does: a release that cannot read them loses orders.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.order_rows import ORDER_ROWS, VERSION
from streams.domain.order import OrderRow
from tests.contract.row_shapes import FOLDER, STORED, Stored, breaks, plain, samples, shape

pytestmark = pytest.mark.contract

ORDER = f"order-v{VERSION}"
EVERY_SAMPLE = sorted(FOLDER.glob("*.bin"))


def test_there_is_a_sample_of_every_version_that_this_release_writes() -> None:
    for name in STORED:
        for ending in ("bin", "json", "shape.json"):
            assert (FOLDER / f"{name}.{ending}").exists(), f"store {name}: python -m tests.contract.row_shapes"


@pytest.mark.parametrize("path", EVERY_SAMPLE, ids=lambda path: path.stem)
def test_a_row_that_any_version_stored_is_read(path: Path) -> None:
    row = ORDER_ROWS.decode(path.read_bytes())
    assert plain(row) == json.loads(path.with_suffix(".json").read_text())


@pytest.mark.parametrize("name", STORED)
def test_what_is_stored_has_the_shape_of_its_version(name: str) -> None:
    before = json.loads((FOLDER / f"{name}.shape.json").read_text())
    found = list(breaks(before, shape(STORED[name])))
    assert not found, f"stored rows of {name} cannot be read any more; raise the version and keep its decoder: {found}"


@pytest.mark.parametrize("name", STORED)
def test_a_version_writes_the_same_bytes_as_ever(name: str) -> None:
    data = (FOLDER / f"{name}.bin").read_bytes()
    assert ORDER_ROWS.encode(ORDER_ROWS.decode(data)) == data


@pytest.mark.parametrize(("name", "row"), samples().items())
def test_a_row_comes_back_as_it_was(name: str, row: Stored) -> None:
    assert ORDER_ROWS.decode(ORDER_ROWS.encode(row)) == row


def test_the_sample_uses_everything_that_can_be_stored() -> None:
    """A field that is always empty in the sample would not be protected by it."""
    row = samples()[ORDER]
    assert isinstance(row, OrderRow)
    for name in ("facts", "dead_letters", "clock", "status", "hold", "wake_at", "waits_for", "needs", "scans"):
        assert getattr(row, name), name
    for name in ("sequence", "lines", "releases", "invoices", "basis"):
        assert getattr(row.ledger, name), name
    for name in ("exceptions", "findings", "tasks", "told", "expected", "wake_at"):
        assert getattr(row.memory, name), name
    for name in row.facts[0]._fields:
        assert any(getattr(fact, name) for fact in row.facts), name
    for name in ("case", "retracts", "packages", "order", "reason", "effect", "invoice", "handled", "settlement", "freight"):
        assert any(getattr(fact.more, name) for fact in row.facts if fact.more is not None), name
    assert row.ledger.invoices[0].backed and row.ledger.invoices[0].early
    assert row.status is not None
    for name in ("shipments", "open_exceptions", "open_disputes", "released_amount", "currency", "last_event_at"):
        assert getattr(row.status, name), name
    for name in ("delivered_at", "eta"):
        assert any(getattr(mark, name) for mark in row.status.shipments), name


@pytest.mark.parametrize("data", [b"", b"o", b"o\x09\x80", b"x\x01\x80"])
def test_a_kind_or_version_that_this_release_does_not_know_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="this release reads"):
        ORDER_ROWS.decode(data)


def test_bytes_that_are_no_row_are_refused() -> None:
    with pytest.raises(ValueError, match="truncated"):
        ORDER_ROWS.decode((FOLDER / f"{ORDER}.bin").read_bytes()[:-1])


def test_only_rows_of_this_hop_are_written() -> None:
    with pytest.raises(TypeError, match="no row of the shipment hop: dict"):
        ORDER_ROWS.encode({})


# -- the guard itself


def _facts(stored: Any) -> dict[str, Any]:
    fields: dict[str, Any] = stored[1][1]["by place"]
    return fields


def _rename(stored: Any) -> None:
    fields = _facts(stored)
    fields["when"] = fields.pop("at")


def _append(stored: Any) -> None:
    _facts(stored)["weight"] = "DecimalType"


def _remove(stored: Any) -> None:
    del _facts(stored)["told"]


def _reorder(stored: Any) -> None:
    fields = _facts(stored)
    fields["shipment"] = fields.pop("shipment")


def _retype(stored: Any) -> None:
    _facts(stored)["at"] = "IntType"


def _forget_a_word(stored: Any) -> None:
    _facts(stored)["milestone"]["enum"].remove("DELIVERED")


def _drop_the_clock(stored: Any) -> None:
    del stored[3]


def _rename_by_name(stored: Any) -> None:
    fields = stored[10][1]["by name"]
    fields["reason"] = fields.pop("code")


def _require_by_name(stored: Any) -> None:
    stored[10][1]["by name"]["severity"] = "StrType"


@pytest.mark.parametrize(
    "change", [_rename_by_name, _require_by_name, _rename, _append, _remove, _reorder, _retype, _forget_a_word, _drop_the_clock]
)
def test_a_breaking_change_is_refused(change: Any) -> None:
    before = shape(STORED[ORDER])
    now = copy.deepcopy(before)
    change(now)
    assert list(breaks(before, now))


def _a_new_word(stored: Any) -> None:
    _facts(stored)["milestone"]["enum"].append("RETURNED")


def _a_new_field_with_a_default_by_name(stored: Any) -> None:
    stored[10][1]["by name"]["severity?"] = "StrType"


@pytest.mark.parametrize("change", [_a_new_word, _a_new_field_with_a_default_by_name])
def test_what_older_and_newer_releases_can_both_read_is_welcome(change: Any) -> None:
    before = shape(STORED[ORDER])
    now = copy.deepcopy(before)
    change(now)
    assert now != before
    assert not list(breaks(before, now))
