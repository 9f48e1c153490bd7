"""A transaction as a raw record: what Milepost publishes of an EDI file, and keeps for replay.

```
{"set": "214", "version": "004010", "sender": "02:OLDFREIGHT", "receiver": "ZZ:MILLCO",
 "interchange": "000000101", "group": "7", "control": "0001",
 "separators": {"element": "*", "component": ":", "repetition": ""},
 "zone": "America/Chicago", "segments": ["ST*214*0001", "B10*…", …, "SE*8*0001"]}
```

Segments are as they were sent, without terminators. `zone` is the zone agreed with the sender for times without one, where there is any.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import orjson

from connectors.edi.x12.envelope import Transaction
from streams.domain.instant import to_millis
from streams.hop import Output
from streams.topics import CARRIER_RAW

__all__ = ["TOPICS", "raw_record"]

TOPICS: Final = {"214": CARRIER_RAW}
"""Where the transactions of a set belong. A set that is not here is read by nobody."""


def raw_record(transaction: Transaction, at: datetime, zone: str | None = None) -> Output | None:
    """The record of an accepted transaction, stamped with the time at which it was taken; None for a set that nobody reads.

    The id `ce_id` is the same each time the same transaction is sent: sender, receiver and all three control numbers.
    """
    topic = TOPICS.get(transaction.set)
    if topic is None:
        return None
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
        "separators": {"element": separators.element, "component": separators.component, "repetition": separators.repetition},
        "segments": transaction.segments,
    }
    if zone is not None:
        value["zone"] = zone
    sent_as = "/".join(("x12", sender, receiver, interchange.control, group.control, transaction.control))
    headers = (("format", f"x12.{transaction.set}".encode()), ("ce_id", sent_as.encode()))
    return Output(topic, f"{sender}/{receiver}".encode(), orjson.dumps(value), headers, timestamp=to_millis(at))
