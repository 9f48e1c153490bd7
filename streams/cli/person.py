"""Who asks for something that is kept in an audit or a log."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from streams.errors import ConfigurationError

__all__ = ["By", "whoever"]

By = Annotated[str, typer.Option("--by", help="Who asks; the audit keeps it. Default: your login name.")]


def whoever(by: str) -> str:
    """Who asks, for the audit."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise ConfigurationError("the audit must know who asks, and this machine has no login name: say it with --by") from error
