"""The codecs of the stateful hops' rows."""

from streams.contracts.order_rows import ORDER_ROWS
from streams.contracts.reference_rows import REFERENCE_ROWS

__all__ = ["ORDER_ROWS", "REFERENCE_ROWS"]
