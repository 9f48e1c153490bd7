"""A bad deploy: a worker whose mapping throws on every record. `python -m tests.integration.broken_worker`."""

from __future__ import annotations

import sys
from typing import Any

from streams.app import main
from streams.hops import normalize


def broken(data: Any, origin: Any) -> Any:
    """As if a field had been renamed."""
    return data["renamed"]


if __name__ == "__main__":
    vars(normalize)["detected_adapter"] = lambda data, topic: broken
    sys.exit(main("0"))
