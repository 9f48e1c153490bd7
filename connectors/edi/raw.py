"""A transaction or message as a raw record: what Milepost publishes of an EDI file, and keeps for replay.

```
{"set": "214", "version": "004010", "sender": "02:OLDFREIGHT", "receiver": "ZZ:MILLCO",
 "interchange": "000000101", "group": "7", "control": "0001", "sent": ["20260601", "1402"],
 "separators": {"element": "*", "component": ":", "repetition": ""}, "test": true,
 "zone": "America/Chicago", "company": "1000", ..., "segments": ["ST*214*0001", "B10*…", …, "SE*8*0001"]}
```

Segments of X12 are as they were sent, without terminators. Those of EDIFACT are lists of elements, and a composite element is a list, with
release characters undone. `sent` is the group's (else the interchange's) date and time. `test` is there only where the sender says so.
`zone`, `company`, `system`, `currency` and `stops` are what was agreed with the sender (`connectors.edi.partners`), where anything was.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson

from connectors.edi.edifact.envelope import Message
from connectors.edi.partners import Partner
from connectors.edi.x12.envelope import Transaction
from streams.domain.instant import to_millis
from streams.hop import Output
from streams.topics import CARRIER_RAW, ERP_RAW, TMS_RAW, WMS_RAW

__all__ = ["ACKNOWLEDGEMENTS", "TOPICS", "UNREAD", "message_record", "raw_record", "topic_of"]

TOPICS: Final = {
    "204": TMS_RAW,
    "210": CARRIER_RAW,
    "214": CARRIER_RAW,
    "810": ERP_RAW,
    "812": ERP_RAW,
    "856": WMS_RAW,
    "940": WMS_RAW,
    "944": WMS_RAW,
    "945": WMS_RAW,
    "990": CARRIER_RAW,
    "IFTSTA": CARRIER_RAW,
    "INVOIC": ERP_RAW,
}
"""Where the transactions of a set, and the messages of a type, belong."""

UNREAD: Final = ERP_RAW
"""Where all others go: nothing is dropped. There they are refused (UNKNOWN_FORMAT), and can be replayed once somebody reads them."""

ACKNOWLEDGEMENTS: Final = frozenset({"997", "999", "CONTRL"})
"""These are for who watches what we sent, and are not published."""


def topic_of(name: str) -> str | None:
    """The topic of a set or message type; None for acknowledgements."""
    return None if name in ACKNOWLEDGEMENTS else TOPICS.get(name, UNREAD)


def raw_record(transaction: Transaction, at: datetime, partner: Partner | None = None) -> Output | None:
    """The record of an accepted transaction, stamped with the time at which it was taken; None for an acknowledgement.

    The id `ce_id` is the same each time the same transaction is sent: sender, receiver and all three control numbers.
    """
    group = transaction.group
    interchange = group.interchange
    sender, receiver, separators = str(interchange.sender), str(interchange.receiver), interchange.delimiters
    value = {
        "set": transaction.set,
        "version": group.version,
        "sender": sender,
        "receiver": receiver,
        "interchange": interchange.control,
        "group": group.control,
        "control": transaction.control,
        "sent": [group.date, group.time],
        "separators": {"element": separators.element, "component": separators.component, "repetition": separators.repetition},
        "segments": transaction.segments,
    }
    sent_as = "/".join(("x12", sender, receiver, interchange.control, group.control, transaction.control))
    return _record(transaction.set, f"x12.{transaction.set}", sent_as, value, interchange.test, at, partner)


def message_record(message: Message, at: datetime, partner: Partner | None = None) -> Output | None:
    """The record of an accepted EDIFACT message, as `raw_record` makes them of transactions."""
    interchange = message.interchange
    sender, receiver = str(interchange.sender), str(interchange.receiver)
    value = {
        "message": message.type,
        "version": message.version,
        "sender": sender,
        "receiver": receiver,
        "interchange": interchange.control,
        "control": message.control,
        "sent": list(interchange.sent),
        "segments": message.segments,
    }
    sent_as = "/".join(("edifact", sender, receiver, interchange.control, message.control))
    return _record(message.type, f"edifact.{message.type}", sent_as, value, interchange.test, at, partner)


def _record(
    name: str, format: str, sent_as: str, value: dict[str, Any], test: bool, at: datetime, partner: Partner | None
) -> Output | None:
    topic = topic_of(name)
    if topic is None:
        return None
    if test:
        value["test"] = True
    headers = [("format", format.encode()), ("ce_id", sent_as.encode())]
    if partner is not None:
        value |= partner.terms
        headers.append(("partner", partner.id.encode()))
    key = f"{value['sender']}/{value['receiver']}".encode()
    return Output(topic, key, orjson.dumps(value), tuple(headers), timestamp=to_millis(at))
