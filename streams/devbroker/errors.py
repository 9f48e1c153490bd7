"""What can go wrong with a local broker."""

from __future__ import annotations

from streams.errors import MilepostError

__all__ = ["BrokerFailed"]


class BrokerFailed(MilepostError):
    """The local broker did not start, or ended by itself. The message names its log."""
