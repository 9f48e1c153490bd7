"""What a person is told when a command fails: one line, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from streams.errors import MilepostError

if TYPE_CHECKING:
    from confluent_kafka import KafkaException
    from pydantic import ValidationError

__all__ = ["explain", "guarded"]

_USAGE = 2
_UNREACHABLE = 3
_DEFECT = 70  # EX_SOFTWARE of sysexits.h
_INTERRUPTED = 130
_PIPE_CLOSED = 141


def guarded(run: Callable[[], int], *, traceback_of_defects: bool = False) -> int:
    """Run something and return its exit code; whatever it raises becomes one line on standard error.

    MILEPOST_DEBUG set to anything lets errors through as they are. `traceback_of_defects` is for long-running processes, whose
    standard error is a log.
    """
    try:
        return run()
    except BaseException as error:
        if os.environ.get("MILEPOST_DEBUG") and not isinstance(error, SystemExit):
            raise
        code, message = explain(error)
        if code == _DEFECT and traceback_of_defects:
            traceback.print_exception(error)
        if message:
            print(message, file=sys.stderr)
        return code


def explain(error: BaseException) -> tuple[int, str]:
    """`(exit code, line for standard error)`; the line is empty where nothing need be said."""
    if isinstance(error, SystemExit):
        return (error.code, "") if isinstance(error.code, int) else (1 if error.code else 0, str(error.code or ""))
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return _INTERRUPTED, ""
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED, ""
    if isinstance(error, typer.TyperException):
        return error.exit_code, _usage(error)
    if isinstance(error, MilepostError):
        return error.exit_code, f"milepost: {error}"
    return _foreign(error)


def _foreign(error: BaseException) -> tuple[int, str]:
    """Errors of libraries, which are imported by now if one of them was raised."""
    kind = type(error)
    if kind.__name__ == "ValidationError" and kind.__module__.startswith("pydantic"):
        return _USAGE, _configuration(error)  # type: ignore[arg-type]
    if kind.__name__ == "KafkaException":
        return _kafka(error)  # type: ignore[arg-type]
    if isinstance(error, OSError) and error.filename is not None:
        return _USAGE, f"milepost: {error.filename}: {error.strerror}; check the path and try again"
    said = " ".join(str(error).split())
    return _DEFECT, f"milepost: a defect of ours: {kind.__name__}: {said}; set MILEPOST_DEBUG=1 to see where, and report it"


def _usage(error: typer.TyperException) -> str:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "milepost"
    return f"milepost: {message.removesuffix('.')}; see `{command} --help`" if message else ""


def _configuration(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    first = problems[0]
    message = first["msg"].removeprefix("Value error, ")
    name = str(first["loc"][0]) if first["loc"] else ""
    if name and error.title == "Settings":
        variable = name if name.isupper() else f"MILEPOST_{name.upper()}"
        message = f"{variable}={first['input']}: {message[0].lower()}{message[1:]}"
    elif name:
        message = f"{name}: {message}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"milepost: wrong configuration: {message}{more}; change it and start again"


def _kafka(error: KafkaException) -> tuple[int, str]:
    from confluent_kafka import KafkaError

    cause = error.args[0]
    unreachable = {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError._RESOLVE,
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
    }
    if cause.code() in unreachable:
        return _UNREACHABLE, f"milepost: Kafka does not answer ({cause.str()}): check KAFKA_BOOTSTRAP and that the brokers run"
    return 1, f"milepost: Kafka refused: {cause.str()} ({cause.name()}); check the brokers' logs and our rights"
