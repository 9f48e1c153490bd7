"""Settings that every librdkafka client of the engine shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.settings import Settings

__all__ = ["client_settings"]


def client_settings(settings: Settings, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Configuration of a confluent-kafka client; `more` is added on top.

    - `metadata.recovery.strategy=none`: librdkafka 2.16 otherwise drops its brokers and begins anew from the bootstrap list when none answers.
      A transactional producer then keeps waiting for a handle that is gone, for ever, after the broker is back.
    - `log_level=0`: what matters comes back as an error; the rest is a line for each connection attempt.
    """
    return settings.librdkafka(**{"metadata.recovery.strategy": "none", "log_level": 0, **(more or {})})
