"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from streams.devbroker import KAFKA_VERSION

__all__ = ["Machine", "this_machine"]


@dataclass(frozen=True, slots=True)
class Machine:
    """Enough to judge whether two sets of figures can be compared."""

    when: str
    cpu: str
    cores: int
    memory_gb: int
    kernel: str
    python: str
    kafka: str
    load_before: float
    """Load average of the last minute before the run: well above 0 means that others took CPU."""


def this_machine() -> Machine:
    return Machine(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        cpu=_cpu(),
        cores=os.cpu_count() or 0,
        memory_gb=round(psutil.virtual_memory().total / 2**30),
        kernel=platform.release(),
        python=f"{platform.python_version()}, confluent-kafka {version('confluent-kafka')}",
        kafka="an existing cluster" if os.environ.get("KAFKA_BOOTSTRAP") else f"{KAFKA_VERSION}, one node on the same machine",
        load_before=round(os.getloadavg()[0], 2),
    )


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
