"""`milepost worker`: run the pipeline."""

from __future__ import annotations

import logging
import time
from typing import Annotated

import typer

from streams.settings import Settings

__all__ = ["command"]


def command(
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=64, help="Run this many worker processes under a supervisor that restarts them.")
    ] = None,
) -> None:
    """Run the pipeline: raw records in, milestones and invoice releases out.

    Without --workers, one worker in this process, for Kubernetes or systemd to look after. With it, so many processes, each with an id,
    a data folder and a metrics port (MILEPOST_METRICS_PORT and the following ones) of its own; one that fails is started again.

    Ctrl-C or SIGTERM stops in good order; even kill -9 loses and doubles nothing. Topics must exist: `milepost topics create`.

    Example: `milepost worker --workers 2`
    """
    settings = Settings()
    if workers is None:
        from streams.app import main

        raise typer.Exit(main(settings.worker))
    from streams.supervise import supervise, worker_specs

    _log_to_standard_error()
    raise typer.Exit(supervise(worker_specs(settings, workers)))


def _log_to_standard_error() -> None:
    """In UTC, as the workers do."""
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s supervisor: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
