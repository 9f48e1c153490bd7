"""Records of closed orders on `shipment.archive`: found by their order, and sent back to the hop that removed them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from streams.contracts.messages import encode
from streams.contracts.order_rows import ArchivedOrder
from streams.contracts.outputs import read
from streams.domain.event import Restored
from streams.domain.order import OrderRow
from streams.hop import Output
from streams.reading import Progress, read_records
from streams.settings import Settings
from streams.topics import ARCHIVE, EVENTS

__all__ = ["Archived", "find", "restoring"]


@dataclass(frozen=True, slots=True)
class Archived:
    """The latest record of an order."""

    value: dict[str, Any]
    """As `avro/emitted/order_archive.v1.avsc` says."""

    @property
    def order_id(self) -> str:
        name: str = self.value["order_id"]
        return name

    def row(self) -> OrderRow:
        """All that was known of the order. Raises `ValueError` for bytes that are no row."""
        return ArchivedOrder(self.value["row"]).row()


def find(settings: Settings, order_ids: Collection[str], progress: Progress | None = None) -> dict[str, Archived]:
    """The latest record of each of these orders that has one. Reads the whole topic: some seconds a million orders.

    Raises `BrokerUnreachable`, `ConfigurationError` if the topic is missing, and `WireError` for a record that is not ours.
    """
    keys = {order_id.encode() for order_id in order_ids}
    found: dict[str, Archived] = {}
    for record in read_records(settings, [ARCHIVE], progress):
        if record.key in keys and record.value is not None:
            archived = Archived(read(ARCHIVE, record.value))
            found[archived.order_id] = archived
    return found


def restoring(archived: Archived, by: str, reason: str) -> Output:
    """The record that puts a removed order back among the archived. `by` and `reason` are kept in the log."""
    order_id = archived.order_id
    return Output(EVENTS, order_id.encode(), encode(Restored(order_id, archived.value["row"], by, reason)))
