"""What a cluster says of topics."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Final

from confluent_kafka.admin import AdminClient, TopicMetadata

__all__ = ["find_topics"]

_TIMEOUT: Final = 30
_LOOK_AGAIN_SECONDS: Final = 0.1


def find_topics(admin: AdminClient, names: Collection[str], seconds: float = 3.0) -> dict[str, TopicMetadata]:
    """Those of the named topics (physical names) that exist.

    A topic that was made a moment ago may not be known to every broker: before one is called missing, it is looked for so long.
    """
    deadline = time.monotonic() + seconds
    while True:
        known = admin.list_topics(timeout=_TIMEOUT).topics
        found = {name: known[name] for name in names if name in known}
        if len(found) == len(set(names)) or time.monotonic() >= deadline:
            return found
        time.sleep(_LOOK_AGAIN_SECONDS)
