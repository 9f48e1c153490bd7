"""One worker process: `python -m streams.worker`. Settings come from the environment."""

from __future__ import annotations

import sys

from streams.cli.errors import guarded
from streams.settings import Settings

__all__ = ["main"]


def main() -> int:
    """Run the pipeline until SIGTERM; returns the exit code."""
    settings = Settings()
    from streams.app import main as run

    return run(settings.worker)


if __name__ == "__main__":
    sys.exit(guarded(main, traceback_of_defects=True))
