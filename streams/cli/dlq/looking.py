"""`milepost dlq list`, `stats` and `show`."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator
from typing import Annotated, Final

import orjson
import typer

from streams.cli.dlq.filters import Topics, filtered
from streams.cli.output import print_json
from streams.cli.progress import Bar
from streams.deadletter.explained import problems
from streams.deadletter.export import ascii_json
from streams.deadletter.groups import Group, grouped
from streams.deadletter.index import Found, Index, Wanted
from streams.deadletter.letter import Letter
from streams.deadletter.plain import hex_lines, plain, plain_bytes, plain_lines
from streams.deadletter.shown import decoded, group_fields, letter_fields, lines_about, moment
from streams.hop import Output
from streams.settings import Settings
from streams.topics import RAW_TOPICS, REPLAYED, SHARED_TOPICS

__all__ = ["list_letters", "show", "stats"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
_WIDTH_SIDE_BY_SIDE: Final = 140


@filtered()
def list_letters(
    wanted: Wanted,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="At most so many; 0: all.")] = 50,
    oldest: Annotated[bool, typer.Option("--oldest", help="The oldest first. Default: the newest.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON line a letter.")] = False,
) -> None:
    """List dead letters, the newest first. Without options: those that nobody has settled.

    Options of one kind widen the choice, options of different kinds narrow it.

    Example: `milepost dlq list --code UNMAPPED_CODE --since 12h`
    """
    settings = Settings()
    total = 0

    def counted(letters: Iterator[Found]) -> Iterator[Found]:
        nonlocal total
        for found in letters:
            total += 1
            yield found

    with Bar() as bar:
        index = Index(settings, lambda done, of: bar.show("letters read", done, of))
        letters = counted(index.letters(wanted))
        if as_json and not limit:
            for found in letters:
                sys.stdout.buffer.write(_line(found))
            sys.stdout.buffer.flush()
            return
        sign = -1 if oldest else 1
        shown = heapq.nlargest(limit or sys.maxsize, letters, key=lambda found: sign * found.letter.failed_ms)
    if as_json:
        for found in shown:
            sys.stdout.buffer.write(_line(found))
        sys.stdout.buffer.flush()
        return
    for found in shown:
        print("\n".join(_in_short(found)))
    malformed = sum(1 for found in shown if problems(found.letter))
    rest = f"; {malformed} of those shown have headers that are damaged or not ours" if malformed else ""
    print(f"{total} letters, {len(shown)} shown{rest}")
    if shown:
        print("look at one with `milepost dlq show <letter>`; group them with `milepost dlq stats`")


def _in_short(found: Found) -> Iterator[str]:
    letter = found.letter
    about = ", ".join(letter.order_ids)
    again = f", attempt {letter.attempt}" if letter.attempt > 1 else ""
    state = "" if found.settlement is None else f", {found.state.lower()}"
    yield (
        f"{moment(letter.failed_ms)[:19].replace('T', ' ')}  {plain(letter.topic, 60):<22} {_reason(letter)}  "
        f"{plain(about, 60) if about else 'key ' + plain_bytes(letter.key, 40)}{again}{state}"
    )
    yield f"    {plain(letter.id, 64)}  {plain(letter.message, 120)}"


def _reason(letter: Letter) -> str:
    return plain(f"{letter.code} at {letter.stage}" if letter.stage else letter.code or letter.family, 60)


def _line(found: Found) -> bytes:
    return ascii_json(orjson.dumps(letter_fields(found))) + b"\n"


@filtered()
def stats(
    wanted: Wanted,
    as_json: AsJson = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 if there is any such letter, 0 if there is none.")] = False,
) -> None:
    """Group dead letters by topic, reason and place of failure: count, first, last and one to look at.

    Example: `milepost dlq stats --topic carrier.raw --since 1d`
    """
    with Bar() as bar:
        index = Index(Settings(), lambda done, of: bar.show("letters read", done, of))
        groups = grouped(index.letters(wanted))
    if as_json:
        print_json({"letters": sum(group.count for group in groups), "groups": [group_fields(group) for group in groups]})
    else:
        for group in groups:
            print("\n".join(_of_group(group)))
        print(f"{sum(group.count for group in groups)} letters in {len(groups)} groups")
        if groups:
            print("what to do about one: `milepost dlq show <sample>`; all of a group: `milepost dlq list --fingerprint <group>`")
    if exit_code and groups:
        raise typer.Exit(1)


def _of_group(group: Group) -> Iterator[str]:
    last = group.last
    orders = f", {len(group.orders)} orders" if group.orders else ""
    partners = f", from {plain(', '.join(name for name, _ in group.partners.most_common(3)), 60)}" if group.partners else ""
    states = ", ".join(f"{count} {state.lower()}" for state, count in group.states.items())
    yield f"{group.count:>8}  {plain(last.topic, 60)}  {_reason(last)}  ({states}{orders}{partners})"
    yield f"          first {moment(group.first.failed_ms)}, last {moment(last.failed_ms)}, group {plain(last.fingerprint, 16)}"
    yield f"          {plain(last.id, 64)}  {plain(last.message, 120)}"


def show(
    letter: Annotated[str, typer.Argument(help="Id of a letter, the beginning of one, or its place, such as erp.raw.dlq-2@41.")],
    topic: Topics = None,
    as_hex: Annotated[bool, typer.Option("--hex", help="Show the value in hexadecimal too where it is text.")] = False,
    most: Annotated[int, typer.Option("--bytes", min=0, help="Show at most so many bytes of the value; 0: all.")] = 2_000,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter whole: why, what to do, headers, and its value decoded beside its bytes.

    Says also what Milepost as installed here would make of the record now: look at it before you replay. Exit 1 if there is no such letter.

    Example: `milepost dlq show 5f0c1a2b`
    """
    settings = Settings()
    with Bar() as bar:
        found = Index(settings, lambda done, of: bar.show("letters read", done, of)).one(letter, tuple(topic or ()))
    now = _now(settings, found.letter)
    if as_json:
        print_json(letter_fields(found, whole=True) | {"now": now})
        return
    for label, text in lines_about(found):
        print(f"{label:<11}{text}")
    if now:
        print("now        Milepost as installed here makes of this record:")
        print("\n".join(plain_lines("\n".join(now))))
    print("headers")
    for name, value in found.letter.headers:
        print(f"  {plain(name, 100)} = {plain_bytes(value, 400)}")
    print(f"key        {plain_bytes(found.letter.key, 400)}")
    _print_value(found.letter, most, as_hex)


def _now(settings: Settings, letter: Letter) -> list[str]:
    """What the first two hops say of the record today; nothing for records of others."""
    topic = REPLAYED.get(letter.source_topic, letter.source_topic)
    if topic not in (*RAW_TOPICS, *SHARED_TOPICS) or letter.pointer:
        return []
    from streams.cli.explain import steps
    from streams.offline import OfflinePipeline
    from streams.pipeline import hops

    normalize, resolve, _ = hops(settings)
    record = Output(topic, letter.key, letter.value, letter.source_headers, 0, letter.record_timestamp)
    return list(steps(record, OfflinePipeline([normalize, resolve]).feed(record)))


def _print_value(letter: Letter, most: int, as_hex: bool) -> None:
    value = letter.value
    if value is None:
        print("value      (none)")
        return
    part = value[:most] if most else value
    cut = f", the first {len(part)} shown (--bytes 0 shows all)" if len(part) < len(value) else ""
    print(f"value      {len(value)} bytes{cut}")
    readable = decoded(letter)
    left = plain_lines(readable[:most] if most else readable)
    try:
        raw = plain_lines(part.decode(errors="ignore" if cut else "strict"))
        binary = any(each < 9 for each in part)
    except UnicodeDecodeError:
        raw, binary = [], True
    right = list(hex_lines(part)) if as_hex or binary or not left else raw
    _side_by_side(left, right)


def _side_by_side(left: list[str], right: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    width = console.width if console.is_terminal else _WIDTH_SIDE_BY_SIDE
    if left and right and width >= _WIDTH_SIDE_BY_SIDE:
        table = Table("decoded", "as it came", expand=False, show_lines=False)
        table.add_row(Text("\n".join(left)), Text("\n".join(right)))
        Console(width=width).print(table)
        return
    for title, lines in (("decoded", left), ("as it came", right)):
        if lines:
            print(f"  {title}")
            print("\n".join(f"    {line}" for line in lines))
