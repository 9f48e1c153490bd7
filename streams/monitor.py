"""What a worker tells over HTTP: `/metrics` for Prometheus, `/live` and `/ready` for probes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.errors import ConfigurationError

__all__ = ["Health", "Verdict", "serve"]


class Verdict(Protocol):
    """An answer for a probe, with its reason."""

    @property
    def ok(self) -> bool: ...
    @property
    def reason(self) -> str: ...


class Health(Protocol):
    """Who knows how the worker is (`streams.engine.health.Health`)."""

    def live(self) -> Verdict:
        """Not ok when only a restart can help."""

    def ready(self) -> Verdict:
        """Ok when the worker processes what it owns."""


async def serve(registry: CollectorRegistry, health: Health, host: str, port: int) -> web.AppRunner:
    """Listen in the running event loop, until the returned runner's `cleanup()`.

    Probes answer 200 and `ok`, or 503 and the reason in one line. A worker whose event loop is stuck does not answer, which is an answer
    too. Raises `ConfigurationError` if the port cannot be listened on.
    """

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/live", _probe(health.live))
    app.router.add_get("/ready", _probe(health.ready))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigurationError(
            f"metrics cannot be served at {host}:{port} ({error.strerror}): set MILEPOST_METRICS_PORT to a free port, or to 0 for none"
        ) from error
    return runner


def _probe(judge: Callable[[], Verdict]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        verdict = judge()
        return web.Response(text="ok\n") if verdict.ok else web.Response(status=503, text=f"{verdict.reason}\n")

    return answer
