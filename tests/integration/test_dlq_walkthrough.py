"""The operator's walk-through, as it stands in examples/: from refused records to the released invoice."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def prefix(kafka: str) -> Iterator[str]:
    prefix = f"t{uuid.uuid4().hex[:10]}."
    yield prefix
    admin = AdminClient({"bootstrap.servers": kafka})
    mine = [name for name in admin.list_topics(timeout=20).topics if name.startswith(prefix)]
    for future in admin.delete_topics(mine).values():
        future.result()


def test_from_alert_to_replayed_and_released_invoice(kafka: str, prefix: str, tmp_path: Path) -> None:
    command = tmp_path / "milepost"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m streams.cli "$@"\n')
    command.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
    environment |= {
        "KAFKA_BOOTSTRAP": kafka,
        "MILEPOST_PREFIX": prefix,
        "PATH": f"{tmp_path}:{environment['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }
    script = [str(ROOT / "examples/dead-letters.sh")]
    ended = subprocess.run(script, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)
    said = ended.stdout
    assert ended.returncode == 0, said + ended.stderr
    assert "DEAD_LETTER (QTY_INVALID)" in said
    assert "read      DELIVERED ACT, about PACKAGE from code 'ZUGESTELLT' by milepost.carrier.v1@" in said
    assert (
        said.index("nothing was touched") < said.index("1 letters of carrier.raw.dlq replayed") < said.index("RELEASE 50.5000 EUR [10: 5]")
    )
    assert '-      "quantity": "fünf",' in said and '+      "quantity": 5,' in said
    assert "0 letters in 0 groups" in said.split("Nothing is open")[1]
