"""`python -m streams.cli`: the command line where the `milepost` script is not installed."""

import sys

from streams.cli import main

__all__: list[str] = []

sys.exit(main())
