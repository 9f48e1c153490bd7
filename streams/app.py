"""The composition root of a worker: settings, hops, engine, metrics."""

from __future__ import annotations

from datetime import timedelta

from streams.deadletter.holds import hold
from streams.engine import App, run_worker
from streams.meter import Meter
from streams.metrics import Metrics
from streams.monitor import serve
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import OUTPUTS

__all__ = ["main"]


def main(worker: str) -> int:
    """Run the pipeline as this worker until SIGTERM; returns the exit code. Settings come from the environment.

    Raises pydantic's `ValidationError` for settings that cannot be used.
    """
    settings = Settings(worker=worker)
    metrics = Metrics()
    meter = Meter(metrics, settings.logical, timedelta(hours=settings.park_ttl_hours))

    async def monitor(app: App) -> None:
        if settings.metrics_port:
            await serve(metrics.registry, app.health, settings.metrics_host, settings.metrics_port)

    return run_worker(
        settings,
        [meter.metered(hop) for hop in hops(settings, meter.tally)],
        outputs=OUTPUTS,
        observer=meter,
        hold=hold,
        serve=monitor,
    )
