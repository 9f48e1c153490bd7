"""Child processes and ports: small help for whoever starts a broker or a worker."""

from __future__ import annotations

import os
import random
import select
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["RARE_COLLECTION", "bound_to_parent", "command_of", "free_ports", "is_free", "wait_for_exit"]

RARE_COLLECTION: Final = (100_000, 50, 100)
"""Thresholds for `gc.set_threshold` where records come and go by the thousand and hardly ever in cycles: looking for garbage at the usual
pace is an eighth to a quarter of all CPU."""

# Below the ports that Linux gives to outgoing connections (32768 and up), so that a port found free stays free.
_PORTS = range(20_000, 32_000)


def bound_to_parent(command: Sequence[str]) -> list[str]:
    """The same command, killed by the kernel when the *thread* that starts it ends (start it from the main thread).

    Uses util-linux's `setpriv`, which replaces itself with the command, so that the process id is the command's own. Where it is
    missing the command is returned as it is.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else list(command)


def command_of(pid: int) -> str:
    """The command line of a running process, words separated by spaces; empty if there is none (or it is a zombie)."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def wait_for_exit(pid: int, seconds: float) -> bool:
    """Wait until any process, not only a child, has ended. False if it still runs after `seconds`."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(handle)


def free_ports(count: int) -> list[int]:
    """`count` different local TCP ports that nothing listens on now."""
    found: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        if is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    raise OSError(f"fewer than {count} free ports between {_PORTS.start} and {_PORTS.stop}")


def is_free(port: int) -> bool:
    """Whether a local TCP port can be listened on now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # As Java does: connections that just ended do not count.
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
