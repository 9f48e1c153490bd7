"""Stored reference rows: every version can be read, and unknown ones are refused and not misread."""

from __future__ import annotations

import pytest

from streams.contracts.reference_rows import REFERENCE_ROWS, VERSION
from streams.domain.links import KnownLink
from streams.domain.references import ReferenceRow, SeenEvent

ROW = ReferenceRow(
    [KnownLink("1000:1", "D-1", "S-1", "P-1", True, 1_780_000_000_000, 1_790_000_000_000)],
    [SeenEvent("e-1", 1_780_000_000_001, 1_781_000_000_000, 2, 99, 1_780_000_000_002, b"\x00\xff", (("traceparent", b"00-1"),))],
    1_781_000_000_000,
)

STORED_V1 = bytes.fromhex(
    "0183a56c696e6b739187a86f726465725f6964a6313030303a31ab64656c69766572795f6964a3442d31ab736869706d656e745f6964a3532d31aa70"
    "61636b6167655f6964a3502d31a6736861726564c3aa76616c69645f66726f6dcf0000019e70448800a876616c69645f746fcf000001a0c4506c00a6"
    "6576656e74739188a86576656e745f6964a3652d31a26174cf0000019e70448801aa776169745f756e74696ccf0000019eabdf5200a9706172746974"
    "696f6e02a66f666673657463a974696d657374616d70cf0000019e70448802a576616c7565c40200ffa7686561646572739192ab7472616365706172"
    "656e74c40430302d31a777616b655f6174cf0000019eabdf5200"
)


@pytest.mark.contract
def test_a_row_that_version_1_stored_is_read() -> None:
    assert REFERENCE_ROWS.decode(STORED_V1) == ROW


def test_a_row_comes_back_as_it_was() -> None:
    assert REFERENCE_ROWS.decode(REFERENCE_ROWS.encode(ROW)) == ROW
    assert REFERENCE_ROWS.decode(REFERENCE_ROWS.encode(ReferenceRow())) == ReferenceRow()


@pytest.mark.parametrize("data", [b"", bytes((VERSION + 1,)) + b"\x80"])
def test_a_version_that_this_release_does_not_know_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="this release reads 1"):
        REFERENCE_ROWS.decode(data)
