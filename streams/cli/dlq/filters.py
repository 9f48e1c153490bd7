"""The options that say which letters are meant, the same for every command below `milepost dlq`."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Final

import typer

from streams.cli.lines import moment
from streams.deadletter.audit import Action
from streams.deadletter.foreign import FOREIGN
from streams.deadletter.index import OPEN, Wanted
from streams.deadletter.letter import MILEPOST
from streams.deadletter.reasons import Reason, Stage
from streams.deadletter.selection import Selection
from streams.errors import ConfigurationError

__all__ = ["STATES", "Topics", "filtered", "point"]

STATES: Final = (OPEN, *(action.value for action in Action), "any")

_AGE: Final = re.compile(r"(\d{1,9})(s|m|h|d|w)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def _among(words: tuple[str, ...]) -> Callable[[str], list[str]]:
    return lambda incomplete: [word for word in words if word.upper().startswith(incomplete.upper())]


_FAMILIES: Final = (MILEPOST, *FOREIGN, "unknown")

Topics = Annotated[
    list[str] | None,
    typer.Option(
        "--topic", "-t", help="Source topic, dead-letter topic, or a pattern such as '*-dlt'; may be repeated. Default: every .dlq topic."
    ),
]
_Many = list[str] | None

_OPTIONS: Final[dict[str, Any]] = {
    "topic": Topics,
    "id": Annotated[_Many, typer.Option(help="Letter with this id; may be repeated.")],
    "reason_code": Annotated[
        _Many,
        typer.Option(
            "--code", "-c", help="Reason code, such as UNMAPPED_CODE.", autocompletion=_among(tuple(reason.value for reason in Reason))
        ),
    ],
    "fingerprint": Annotated[_Many, typer.Option("--fingerprint", "-f", help="Group, as `milepost dlq stats` names it.")],
    "stage": Annotated[_Many, typer.Option(help="Where it was refused.", autocompletion=_among(tuple(stage.value for stage in Stage)))],
    "error_class": Annotated[_Many, typer.Option("--class", help="Class of the exception.")],
    "order": Annotated[_Many, typer.Option("--order", "-o", help="Order that it names, such as 1000:4711.")],
    "key": Annotated[_Many, typer.Option("--key", "-k", help="Key of the record, as text.")],
    "partner": Annotated[_Many, typer.Option(help="Partner that sent it (header `partner`).")],
    "failed_in": Annotated[_Many, typer.Option("--replay", help="Letters that came back from this replay job.")],
    "since": Annotated[str, typer.Option(help="Failed at or after: a time with an offset, or an age such as 90m, 12h, 3d.")],
    "until": Annotated[str, typer.Option(help="Failed before: a time or an age, as for --since.")],
    "family": Annotated[_Many, typer.Option(help="Who wrote the letter.", autocompletion=_among(_FAMILIES))],
    "state": Annotated[
        _Many,
        typer.Option(
            "--state", "-s", help="OPEN (default), REPLAYED, EDITED, REDIRECTED, DISCARDED, or any.", autocompletion=_among(STATES)
        ),
    ],
}


def filtered(*, states: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these options in place of its parameter `wanted`, which it gets as a `Wanted`. Without `states`, only open letters."""
    options = {name: option for name, option in _OPTIONS.items() if states or name != "state"}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def call(**given: Any) -> None:
            chosen = {name: given.pop(name) for name in options}
            command(wanted=_wanted(**chosen), **given)

        own = inspect.signature(command, eval_str=True).parameters
        kept = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, parameter in own.items() if name != "wanted"]
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default="" if name in ("since", "until") else None, annotation=option)
            for name, option in options.items()
        ]
        call.__signature__ = inspect.Signature([*added, *kept])  # type: ignore[attr-defined]
        call.__annotations__ = {parameter.name: parameter.annotation for parameter in (*added, *kept)}
        del call.__wrapped__
        return call

    return decorate


def _wanted(
    topic: _Many,
    id: _Many,
    reason_code: _Many,
    fingerprint: _Many,
    stage: _Many,
    error_class: _Many,
    order: _Many,
    key: _Many,
    partner: _Many,
    failed_in: _Many,
    since: str,
    until: str,
    family: _Many,
    state: _Many = None,
) -> Wanted:
    now = time.time_ns() // 1_000_000
    selection = Selection(
        ids=frozenset(id or ()),
        codes=frozenset(code.upper() if code.upper() in Reason.__members__ else code for code in reason_code or ()),
        fingerprints=frozenset(fingerprint or ()),
        stages=frozenset(stage or ()),
        classes=frozenset(error_class or ()),
        orders=frozenset(order or ()),
        keys=frozenset(key or ()),
        partners=frozenset(partner or ()),
        replay_ids=frozenset(failed_in or ()),
        since_ms=point("--since", since, now) if since else None,
        until_ms=point("--until", until, now) if until else None,
    )
    return Wanted(tuple(topic or ()), selection, _states(state or [OPEN]), _one_of("--family", family or [], _FAMILIES))


def _states(given: list[str]) -> frozenset[str]:
    states = _one_of("--state", [state if state == "any" else state.upper() for state in given], STATES)
    return frozenset() if "any" in states else states


def _one_of(option: str, given: list[str], known: tuple[str, ...]) -> frozenset[str]:
    for each in given:
        if each not in known:
            raise ConfigurationError(f"{option} {each}: give one of {', '.join(known)}")
    return frozenset(given)


def point(option: str, text: str, now_ms: int) -> int:
    """A time with an offset, or an age back from `now_ms`, in milliseconds since the epoch. Raises `ConfigurationError`."""
    age = _AGE.fullmatch(text)
    if age:
        return now_ms - int(age[1]) * _SECONDS[age[2]] * 1_000
    if text[-1:].isalpha() and text[:-1].isdecimal() and text[-1] != "Z":
        raise ConfigurationError(f"{option} {text}: ages are numbers of s, m, h, d or w, such as 90m or 3d")
    return moment(option, text)
