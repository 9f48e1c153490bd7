"""A folder that partners' files are put into, and come out of as raw records in Kafka.

```
in/       files arrive here, under their final name only when they are complete (or at rest for `settle` seconds)
again/    the same, for files that are to be published whether or not they, or their control numbers, were taken before
done/     all was taken
failed/   something was refused; what was accepted is taken all the same, and `<file>.problems.json` says what was not
out/      acknowledgements for partners, to be sent
sent/     files that we sent to partners, to be watched for their acknowledgements; then moved to watched/
state/    what is remembered (`connectors.edi.ledger`)
```

Files move by renaming, so a file is in one place, whole. A file is published in one transaction with the mark that it was; then it is
remembered, answered and moved. A stop between these steps is made good at the next start, without a record lost or doubled.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

import orjson

from connectors.edi.files import EdiFile
from connectors.edi.ledger import Ledger
from connectors.edi.metrics import DropMetrics
from connectors.edi.partners import Partners
from connectors.edi.publishing import Publisher, RecordsRefused
from connectors.edi.remembered import FromOtherFiles
from connectors.edi.x12.reading import FileChanged
from streams.errors import ConfigurationError

__all__ = ["FOLDERS", "Drop", "DropLocked", "Outcome", "ledger_path"]

log = logging.getLogger(__name__)

FOLDERS: Final = ("in", "again", "done", "failed", "out", "sent", "watched", "state")
_LEDGER: Final = "edi.sqlite"
_CHUNK: Final = 1 << 20


class DropLocked(ConfigurationError):
    """Another process reads this folder."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    file: str
    verdict: str
    """`done` or `failed`: the folder it is in now."""

    records: int
    known: bool
    """Its content was published before, and so is not published now."""

    refused: int
    """Problems in its report."""

    held_back: int
    """Interchanges of test data that were not published."""


def ledger_path(folder: Path) -> Path:
    """Where the memory of a drop folder lies."""
    return folder / "state" / _LEDGER


class Drop:
    """A drop folder. `clock` gives the time at which files are taken; `settle`: seconds that a file must be at rest."""

    def __init__(
        self,
        folder: Path,
        publisher: Publisher,
        partners: Partners,
        clock: Callable[[], datetime],
        *,
        take_test: bool = False,
        settle: float = 2.0,
        metrics: DropMetrics | None = None,
    ) -> None:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._publisher = publisher
        self._partners = partners
        self._clock = clock
        self._take_test = take_test
        self._settle = settle
        self.metrics = metrics or DropMetrics()
        self.ledger = Ledger(ledger_path(folder))
        self._lock = _locked(folder / "state" / "lock")
        self.metrics.begun(clock(), self.ledger.interchanges.last_taken())

    def close(self) -> None:
        """Let another process have the folder."""
        self._lock.close()

    def sweep(self) -> list[Outcome]:
        """Take every file that is complete, oldest first. Raises `PublishFailed`; the file in hand then stays where it is."""
        for path in self._complete("sent"):
            with path.open("rb") as source:
                waiting = self.ledger.sent(EdiFile(source), path.name, self._partners, self._clock())
            log.info("%s was sent: waiting for %d acknowledgements", path.name, waiting)
            _move(path, self._folder / "watched")
        outcomes = []
        for folder in ("in", "again"):
            for path in self._complete(folder):
                try:
                    outcomes.append(self._take(path, folder == "again"))
                except FileChanged:
                    log.info("%s is still being written: it is taken later", path.name)
        self.metrics.swept(self._clock(), sum(1 for name in ("in", "again") for _ in os.scandir(self._folder / name)))
        return outcomes

    def _complete(self, name: str) -> list[Path]:
        limit = time.time() - self._settle
        found = [(entry.stat().st_mtime, Path(entry.path)) for entry in os.scandir(self._folder / name) if _wanted(entry)]
        return [path for changed, path in sorted(found) if changed <= limit]

    def _take(self, path: Path, again: bool) -> Outcome:
        with path.open("rb") as source:
            digest = _digest(source)
            known = digest in self._publisher.taken and not again
            at = self._clock()
            # What was published is no duplicate of itself: it only was not put away yet, or was sent again as it was.
            remembered = None if again else FromOtherFiles(self.ledger.interchanges, digest)
            file = EdiFile(source, self._partners, remembered, self._take_test)
            records = 0
            if not known and file.keys:
                mark = {"file": path.name, "at": at.isoformat()}
                try:
                    records = self._publisher.publish(file.records(at), digest, mark)
                except RecordsRefused as error:
                    return self._refuse(path, digest, str(error))
            outcome = self._put_away(path, file, digest, at, records, known)
        self.metrics.taken(outcome, at)
        log.info("%s: %s, %d records, %d problems", path.name, outcome.verdict, records, outcome.refused)
        return outcome

    def _put_away(self, path: Path, file: EdiFile, digest: str, at: datetime, records: int, known: bool) -> Outcome:
        """Everything after the commit; may be done again from its begin."""
        for key in file.keys:
            self.ledger.interchanges.add(key, at, digest)
        self.ledger.received(file, at)
        for number, (kind, answer) in enumerate(file.acknowledgements(at, self.ledger.controls())):
            name = f"{digest[:16]}.{number}.{kind}.edi"
            _write(self._folder / "out" / name, answer)
        problems = list(file.problems())
        verdict = "done" if file.reading.accepted else "failed"
        self._moved(path, verdict, digest, records, problems, known)
        return Outcome(path.name, verdict, records, known, len(problems), file.held_back)

    def _refuse(self, path: Path, digest: str, why: str) -> Outcome:
        """Kafka will never take it: nothing of it is published, remembered or acknowledged."""
        problem: dict[str, str | int] = {"where": "file", "code": "KAFKA_REFUSED", "message": why, "segment": 0}
        self._moved(path, "failed", digest, 0, [problem])
        outcome = Outcome(path.name, "failed", 0, False, 1, 0)
        self.metrics.taken(outcome, self._clock())
        return outcome

    def _moved(
        self, path: Path, verdict: str, digest: str, records: int, problems: list[dict[str, str | int]], known: bool = False
    ) -> None:
        target = _free(self._folder / verdict, path.name, digest)
        if verdict == "failed":
            report: dict[str, Any] = {"file": path.name, "sha256": digest, "records": records, "read_before": known, "problems": problems}
            _write(target.with_name(target.name + ".problems.json"), orjson.dumps(report, option=orjson.OPT_INDENT_2))
        path.rename(target)


def _wanted(entry: os.DirEntry[str]) -> bool:
    """Files under their final name: not hidden, and none of the names that transfers use on the way."""
    return (
        entry.is_file(follow_symlinks=False) and not entry.name.startswith(".") and not entry.name.endswith((".tmp", ".part", ".filepart"))
    )


def _digest(source: BinaryIO) -> str:
    found = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        found.update(chunk)
    return found.hexdigest()


def _free(folder: Path, name: str, digest: str) -> Path:
    """A name in the folder that nothing has; another file's is not overwritten."""
    target = folder / name
    count = 0
    while target.exists():
        count += 1
        target = folder / f"{name}.{digest[:8]}.{count}"
    return target


def _move(path: Path, folder: Path) -> None:
    with path.open("rb") as source:
        digest = _digest(source)
    path.rename(_free(folder, path.name, digest))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: on disk under a name that nobody reads, then renamed."""
    partial = path.with_name(f".{path.name}.tmp")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(path)


def _locked(path: Path) -> IO[bytes]:
    stream = path.open("wb")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        raise DropLocked(f"{path.parent.parent}: another process reads this folder; stop it, or name another folder") from None
    return stream
