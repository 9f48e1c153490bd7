"""Run a worker process from start to exit code."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence

from streams.deadletter.writer import Hold
from streams.engine import group
from streams.engine.app import App, build_app
from streams.engine.checks import check_cluster
from streams.engine.errors import EXIT_OK, EXIT_RESTART, EXIT_STOPPED, EXIT_TRIPPED, BreakerTripped, WorkerMustRestart, WorkerMustStop
from streams.engine.identity import Identity
from streams.engine.logs import set_up_logging
from streams.engine.observer import Observer
from streams.errors import ConfigurationError, MilepostError
from streams.hop import Hop
from streams.processes import RARE_COLLECTION
from streams.settings import Settings

__all__ = ["run_worker"]

log = logging.getLogger(__name__)

Serve = Callable[[App], Awaitable[None]]


def run_worker(
    settings: Settings,
    hops: Sequence[Hop],
    *,
    outputs: Iterable[str] = (),
    observer: Observer | None = None,
    hold: Hold | None = None,
    serve: Serve | None = None,
) -> int:
    """Run `hops` until SIGTERM or SIGINT; returns the exit code (`streams.engine.errors`).

    `outputs` names topics (logical) that must exist besides sources, dead letters and changelogs. `serve` is awaited once the app is built,
    to start what belongs to it (probes, metrics). A configuration that cannot work is logged in one line and returns 2.

    A failure that leaves the state in doubt does not return: the process exits at once, so that nothing more is done with that state.
    """
    set_up_logging(settings.worker)
    gc.set_threshold(*RARE_COLLECTION)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        group.check_installed()
        with Identity(settings) as identity:
            changelogs = check_cluster(settings, hops, outputs, stopped)
            identity.claim(stopped)
            if changelogs is None or stopped.is_set():
                return EXIT_OK
            app = build_app(settings, hops, identity, changelogs, observer, hold)
            gc.freeze()
            return asyncio.run(_live(app, serve, 2 * settings.transaction_timeout_ms / 1000 + 5))
    except ConfigurationError as refusal:
        log.error("%s", refusal)
        return refusal.exit_code


async def _live(app: App, serve: Serve | None, patience: float) -> int:
    running = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, asked.set)
    if serve is not None:
        await serve(app)
    starting = asyncio.ensure_future(app.maybe_start())
    ended = asyncio.ensure_future(_ended(app, starting))
    stop = asyncio.ensure_future(asked.wait())
    await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
    if ended.done() and ended.result() is not None:
        _die(ended.result())
    log.info("stopping")
    try:
        await asyncio.wait_for(app.stop(), patience)
    except TimeoutError:
        _die(WorkerMustRestart(f"the worker could not stop within {patience:.0f} s"))
    if app.crash_reason is not None:
        _die(app.crash_reason)
    starting.cancel()
    log.info("stopped")
    return EXIT_OK


async def _ended(app: App, starting: asyncio.Future[bool]) -> BaseException | None:
    try:
        await starting
    except asyncio.CancelledError:
        return None
    except Exception as failure:  # noqa: BLE001 - whatever it is, the process ends with it
        return app.crash_reason or failure
    await app.wait_until_stopped()
    return app.crash_reason


def _die(failure: BaseException | None) -> None:
    """Exit without another step: threads of librdkafka, RocksDB or Faust may hold what we no longer understand."""
    if isinstance(failure, WorkerMustStop):
        log.critical("%s", failure)
        code = EXIT_TRIPPED if isinstance(failure, BreakerTripped) else EXIT_STOPPED
    elif isinstance(failure, WorkerMustRestart | MilepostError):
        log.critical("%s; the process ends, start it again", failure)
        code = EXIT_RESTART
    else:
        log.critical("unexpected: %s: %s; the process ends, start it again", type(failure).__name__, failure, exc_info=failure)
        code = EXIT_RESTART
    logging.shutdown()
    os._exit(code)
