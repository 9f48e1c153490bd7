"""Only one worker may live under one name: not twice on this machine, not twice in the group."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from streams.engine.clients import client_settings
from streams.errors import ConfigurationError
from streams.settings import Settings

__all__ = ["Identity"]

log = logging.getLogger(__name__)

_LIVES: Final = "incarnations"
_REMEMBERED: Final = 100


class Identity:
    """This worker's folder, locked for as long as it lives, and its names in the cluster.

    Each start is a new incarnation with a random id, kept in the folder and part of the client id. So a restarted worker that finds its
    instance id still listed in the group knows whether the listed member is a former life of its own (take over at once: the lock says that
    none of them lives) or another worker.
    """

    def __init__(self, settings: Settings) -> None:
        self.folder: Path = settings.data / settings.app_id / settings.worker
        self.instance_id = f"{settings.app_id}-{settings.worker}"
        """`group.instance.id`: static group membership."""
        self._settings = settings
        self._incarnation = uuid4().hex[:12]
        self._lives: list[str] = []
        self._lock = -1

    @property
    def client_id(self) -> str:
        """`client.id` of this worker's consumer."""
        return self._client_id(self._incarnation)

    def __enter__(self) -> Self:
        """Lock the folder. Raises ConfigurationError if another process holds it or it cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"another process runs worker {self._settings.worker!r} in {self.folder}: give each worker its own MILEPOST_WORKER"
            ) from None
        except OSError as error:
            raise ConfigurationError(f"the data folder {self.folder} cannot be used ({error.strerror}): set MILEPOST_DATA") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._lock)

    def claim(self, stopped: threading.Event) -> None:
        """Make sure that no other live worker has our name in the group, then begin this incarnation.

        A member that is not our former life gets one session timeout to vanish. Raises ConfigurationError if it does not.
        """
        path = self.folder / _LIVES
        self._lives = path.read_text().split() if path.exists() else []
        deadline = time.monotonic() + self._settings.session_timeout_ms / 1000 + 2
        said = False
        while other := self.rival(stopped):
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    f"worker {self._settings.worker!r} of {self._settings.app_id} already runs at {other}: "
                    "give each worker its own MILEPOST_WORKER"
                )
            if not said:
                log.warning("the group still lists %s at %s; waiting for it to leave", self.instance_id, other)
                said = True
            stopped.wait(0.5)
        self._lives = [*self._lives[-_REMEMBERED:], self._incarnation]
        temporary = path.with_suffix(".new")
        temporary.write_text("\n".join(self._lives))
        temporary.replace(path)

    def rival(self, stopped: threading.Event) -> str:
        """Where another process has joined the group under our name; "" if none has, or once `stopped`. Waits for the broker to know."""
        ours = {self._client_id(life) for life in (*self._lives, self._incarnation)}
        admin = AdminClient(client_settings(self._settings))
        while not stopped.is_set():
            try:
                with warnings.catch_warnings():
                    # Deprecated for a call of librdkafka's admin client, which in an outage has been seen to end the process on an assertion.
                    warnings.simplefilter("ignore", DeprecationWarning)
                    groups = admin.list_groups(self._settings.app_id, 5)
                if all(group.error is None for group in groups):
                    members = [member for group in groups for member in group.members]
                    rivals = [member for member in members if self._is_our_name(member.client_id) and member.client_id not in ours]
                    return str(rivals[0].client_host).lstrip("/") if rivals else ""
            except KafkaException as failure:
                if failure.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                    raise ConfigurationError(f"the group {self._settings.app_id} may not be described: grant it to this user") from failure
            stopped.wait(0.1)
        return ""

    def _is_our_name(self, client_id: str | None) -> bool:
        instance, _, incarnation = (client_id or "").rpartition("-")
        return instance == self.instance_id and len(incarnation) == len(self._incarnation)

    def _client_id(self, incarnation: str) -> str:
        return f"{self.instance_id}-{incarnation}"
