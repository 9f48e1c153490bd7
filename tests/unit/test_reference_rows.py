"""Stored reference rows: every version can be read, and unknown ones are refused and not misread."""

from __future__ import annotations

import pytest

from streams.contracts.reference_rows import REFERENCE_ROWS, VERSION
from streams.domain.links import KnownLink
from streams.domain.references import Heard, ReferenceRow, Said, SeenEvent

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


FULL = ReferenceRow(
    [KnownLink("1000:1", "D-1", "S-1", "P-1", True, 1_780_000_000_000, 1_790_000_000_000, 5, ("bol:T:1",))],
    [
        SeenEvent(
            "e-1",
            1_780_000_000_001,
            0,
            2,
            99,
            1_780_000_000_002,
            b"\x00\xff",
            (("traceparent", b"00-1"),),
            ("bol:T:1",),
            True,
            (Said("1000:1", "D-1", "S-1", "P-1", False),),
        )
    ],
    1_781_000_000_000,
    {"bol:T:1": Heard(7, True, [KnownLink("1000:1", "", "S-1", "", False, 1, 2, 3)])},
    {"pro:O:1": 8},
    9,
)
"""A row that uses everything that can be stored."""

STORED_V2 = bytes.fromhex(
    "0286a56c696e6b739189a86f726465725f6964a6313030303a31ab64656c69766572795f6964a3442d31ab736869706d656e745f6964a3532d31aa70"
    "61636b6167655f6964a3502d31a6736861726564c3aa76616c69645f66726f6dcf0000019e70448800a876616c69645f746fcf000001a0c4506c00a4"
    "746f6c6405a8746f67657468657291a7626f6c3a543a31a66576656e7473919ba3652d31cf0000019e70448801000263cf0000019e70448802c40200"
    "ff9192ab7472616365706172656e74c40430302d3191a7626f6c3a543a31c39195a6313030303a31a3442d31a3532d31a3502d31c2a777616b655f61"
    "74cf0000019eabdf5200a5686561726481a7626f6c3a543a3183a5756e74696c07a8616e737765726564c3a56c696e6b739189a86f726465725f6964"
    "a6313030303a31ab64656c69766572795f6964a0ab736869706d656e745f6964a3532d31aa7061636b6167655f6964a0a6736861726564c2aa76616c"
    "69645f66726f6d01a876616c69645f746f02a4746f6c6403a8746f67657468657290a661736b696e6781a770726f3a4f3a3108ab77616974735f756e"
    "74696c09"
)


@pytest.mark.contract
def test_a_row_that_version_2_stored_is_read_and_written_the_same() -> None:
    assert REFERENCE_ROWS.decode(STORED_V2) == FULL
    assert REFERENCE_ROWS.encode(FULL) == STORED_V2


@pytest.mark.contract
def test_what_version_1_had_handed_on_is_known_by_its_links() -> None:
    handed_on = bytes.fromhex(STORED_V1.hex().replace("aa776169745f756e74696ccf0000019eabdf5200", "aa776169745f756e74696c00"))
    (event,) = REFERENCE_ROWS.decode(handed_on).events
    assert event.said == (Said("1000:1", "D-1", "S-1", "P-1", True),)


@pytest.mark.contract
def test_a_row_that_version_1_stored_is_read() -> None:
    assert REFERENCE_ROWS.decode(STORED_V1) == ROW


def test_a_row_comes_back_as_it_was() -> None:
    assert REFERENCE_ROWS.decode(REFERENCE_ROWS.encode(ROW)) == ROW
    assert REFERENCE_ROWS.decode(REFERENCE_ROWS.encode(ReferenceRow())) == ReferenceRow()


@pytest.mark.parametrize("data", [b"", bytes((VERSION + 1,)) + b"\x80"])
def test_a_version_that_this_release_does_not_know_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="this release reads 1, 2"):
        REFERENCE_ROWS.decode(data)
