"""How fast messages and emitted records are written and read, beside fastavro: `python -m tests.contract.codec_speed`.

The least of many short runs, so that what else the machine does counts little.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from streams.contracts import outputs
from streams.contracts.messages import Message, decode, encode
from streams.contracts.registry import embedded
from tests.unit.contracts.samples import CAUSE, DECISION, EVERYTHING, GOODS_ISSUED, HOLD, LINK, REACHED, STATUS_NOW, TICK


def micros(run: Callable[[], Any]) -> float:
    """Microseconds a call."""
    return min(timeit.repeat(run, number=100, repeat=300)) / 100 * 1e6


def without_logical_types(definition: Any) -> Any:
    """Decimals stay text and times stay numbers: fastavro at its fastest."""
    if isinstance(definition, dict):
        return {key: without_logical_types(value) for key, value in definition.items() if key != "logicalType"}
    return [without_logical_types(item) for item in definition] if isinstance(definition, list) else definition


def fastavro_alone(message: Message) -> tuple[float, float]:
    """Its time for dicts that are there already; making them from the message, or the message from them, comes on top."""
    definition = embedded().newest(f"milepost.pipeline.{type(message).__name__}").definition
    schema = parse_schema(without_logical_types(definition))
    body = encode(message)[5:]
    value = schemaless_reader(BytesIO(body), schema, None)
    return micros(lambda: schemaless_writer(BytesIO(), schema, value)), micros(lambda: schemaless_reader(BytesIO(body), schema, None))


def main() -> None:
    print(f"{'message':<28}{'bytes':>6}{'encode':>9}{'decode':>9}{'fastavro, dicts only':>24}   (microseconds)")
    named: dict[str, Message] = {"Event, two lines": GOODS_ISSUED, "Event, every field": EVERYTHING, "Link": LINK, "Tick": TICK}
    for name, message in named.items():
        data = encode(message)
        write, read = fastavro_alone(message)
        ours = f"{micros(lambda m=message: encode(m)):9.1f}{micros(lambda d=data: decode(d)):9.1f}"  # type: ignore[misc]
        print(f"{name:<28}{len(data):>6}{ours}{write:>15.1f}{read:>9.1f}")
    made: dict[str, Callable[[], Any]] = {
        "ShipmentMilestone, two lines": lambda: outputs.milestone(REACHED, CAUSE),
        "ShipmentStatus": lambda: outputs.status(STATUS_NOW, CAUSE),
        "InvoiceDecision, one line": lambda: outputs.decision(DECISION, CAUSE),
        "InvoiceHold": lambda: outputs.hold(HOLD, CAUSE),
    }
    for name, make in made.items():
        print(f"{name:<28}{len(make().value):>6}{micros(make):9.1f}   (record with headers)")


if __name__ == "__main__":
    main()
