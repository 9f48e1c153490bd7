"""How each engine of the keyed fold is prepared and started."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ENGINES", "Engine", "Unavailable"]

_ROOT = Path(__file__).resolve().parents[2]
_QUIX_VENV = _ROOT / ".venv-bench"
_QUIX_LOCK = _ROOT / "benchmarks" / "requirements-quix.lock"
_STREAMS = _ROOT / "benchmarks" / "kafka-streams"


class Unavailable(RuntimeError):
    """An engine cannot run on this machine; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One column of the comparison."""

    name: str
    title: str
    command: tuple[str, ...]
    prepare: Callable[[], None]
    """Builds what the command needs; done once, before anything is measured. Raises Unavailable."""

    share: float = 1.0
    """Part of the run's events and keys that this engine gets; below 1 for one so slow that the whole would take minutes a round."""

    read_uncommitted: bool = False
    """It reads records of open transactions, so its backlog is timed from the first append."""

    env: Mapping[str, str] = field(default_factory=dict)
    usual: bool = True
    """Runs unless engines are chosen by name."""

    settings: str = ""
    """What was set, for the report."""


def _nothing() -> None:
    """Runs in the interpreter that runs the benchmark."""


def _quix_venv() -> None:
    """Makes `.venv-bench` from the lock file, when it is missing or older than the lock."""
    stamp = _QUIX_VENV / "installed.lock"
    if stamp.exists() and stamp.read_bytes() == _QUIX_LOCK.read_bytes():
        return
    python = str(_QUIX_VENV / "bin" / "python")
    _step("make a virtual environment for Quix Streams", sys.executable, "-m", "venv", "--clear", str(_QUIX_VENV))
    _step("install Quix Streams", python, "-m", "pip", "install", "-q", "--require-hashes", "-r", str(_QUIX_LOCK))
    stamp.write_bytes(_QUIX_LOCK.read_bytes())


def _streams_classes() -> None:
    """Compiles the Java job and fetches its jars, unless that was done since its sources changed."""
    sources = (_STREAMS / "pom.xml", *_STREAMS.glob("src/main/java/*.java"))
    stamp = _STREAMS / "target" / "sources.built"
    content = b"".join(path.read_bytes() for path in sources)
    if shutil.which("java") and stamp.exists() and stamp.read_bytes() == content:
        return
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise Unavailable(f"Kafka Streams needs {tool}: install openjdk-17-jdk-headless and maven")
    goals = ("compile", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=target/libs")
    _step("build the Kafka Streams job", "mvn", "-q", "-B", "-f", str(_STREAMS / "pom.xml"), *goals)
    stamp.write_bytes(content)


def _step(what: str, *command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"could not {what} ({' '.join(command[:3])} ...): {(done.stdout + done.stderr).strip()[-1500:]}")


def _kafka_streams(threads: int) -> tuple[str, ...]:
    target = _STREAMS / "target"
    jvm = ("-Xms1g", "-Xmx1g", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Dfold.threads={threads}")
    return ("java", *jvm, "-cp", f"{target / 'classes'}:{target / 'libs'}/*", "KeyedFold")


def _python(module: str, *arguments: str, python: str = sys.executable) -> tuple[str, ...]:
    return (python, "-m", f"benchmarks.fold.{module}", *arguments)


_FAUST_WORKER = ("worker", "-l", "warn", "--without-web")

ENGINES: dict[str, Engine] = {
    e.name: e
    for e in (
        Engine("milepost", "Milepost, exactly once", _python("job_milepost"), _nothing, settings="as installed; lz4"),
        Engine(
            "kafka-streams",
            "Kafka Streams 4.3.0 exactly_once_v2",
            _kafka_streams(1),
            _streams_classes,
            settings="1 thread, commit 100 ms, lz4, 1 GB heap, serial GC",
        ),
        Engine(
            "kafka-streams-2",
            "Kafka Streams 4.3.0 exactly_once_v2, 2 threads",
            _kafka_streams(2),
            _streams_classes,
            usual=False,
            settings="2 threads, commit 100 ms, lz4, 1 GB heap, serial GC",
        ),
        Engine(
            "quix",
            "Quix Streams 3.28.1 exactly-once",
            _python("job_quix", python=str(_QUIX_VENV / "bin" / "python")),
            _quix_venv,
            settings="commit 100 ms, lz4",
        ),
        Engine(
            "quix-5s",
            "Quix Streams 3.28.1 exactly-once, its default commit interval",
            _python("job_quix", python=str(_QUIX_VENV / "bin" / "python")),
            _quix_venv,
            env={"QUIX_COMMIT_S": "5"},
            usual=False,
            settings="commit 5 s, lz4",
        ),
        Engine(
            "faust",
            "Faust 0.15.3 at_least_once",
            _python("job_faust", *_FAUST_WORKER),
            _nothing,
            share=0.2,
            read_uncommitted=True,
            settings="RocksDB store, lz4, linger 5 ms",
        ),
        Engine(
            "faust-eos",
            "Faust 0.15.3 exactly_once",
            _python("job_faust", *_FAUST_WORKER),
            _nothing,
            share=0.1,
            env={"FAUST_GUARANTEE": "exactly_once"},
            settings="RocksDB store, lz4, linger 5 ms",
        ),
    )
}
