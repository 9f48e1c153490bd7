"""`milepost verify`: prove from the topics that nothing is missing, nothing twice, nothing wrong."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.output import print_json
from streams.pipeline import hops
from streams.settings import Settings
from streams.verify import Finding, Kind, Report, verify

__all__ = ["command", "print_report"]

_NOT_YET = 4
_MOST_SHOWN = 50


def command(
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to wait until the workers have processed everything.")
    ] = 60,
    state: Annotated[bool, typer.Option("--state", help="Also compare the stored rows (changelogs) with recomputed ones.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Read all topics of a running installation, recompute with the hops what each should have sent, and report what differs.

    Raw records against what normalize made of them, shipment.references against the resolved events, shipment.events against every
    milestone, status, hold and release, exactly; dead letters by the record refused and the reason. It reads like any other consumer
    (committed records only) and uses nothing of the engine.

    Exit 0: nothing missing, extra, duplicate, different or disordered. Exit 1: something is. Exit 4: nothing is wrong so far, but the
    workers had not processed everything in time (not yet is not missing).

    Example: `milepost verify --state --json`
    """
    settings = Settings()
    if as_json:
        report = verify(settings, hops(settings), wait_seconds=wait, state=state)
        print_json(report.as_dict())
    else:
        from streams.cli.progress import Bar

        with Bar() as bar:
            report = verify(settings, hops(settings), wait_seconds=wait, state=state, progress=bar.show)
        print_report(report)
    if report.findings:
        raise typer.Exit(1)
    if not report.complete:
        raise typer.Exit(_NOT_YET)


def print_report(report: Report) -> None:
    """The report as tables on standard output: counts by topic, then findings by order."""
    from rich.console import Console

    from streams.cli.output import print_table

    topics = sorted({*report.compared, *report.not_yet, *report.unverifiable, *report.ticks, *(f.topic for f in report.findings)})
    kinds = [kind.value for kind in Kind]
    print_table(
        ["topic", "as recomputed", "ticks", *kinds, "not yet", "unverifiable"],
        [
            [
                topic,
                str(report.compared[topic]),
                _or_blank(report.ticks[topic]),
                *(_or_blank(sum(f.kind is kind and f.topic == topic for f in report.findings)) for kind in Kind),
                _or_blank(report.not_yet[topic]),
                _or_blank(report.unverifiable[topic]),
            ]
            for topic in topics
        ],
    )
    if report.findings:
        _print_findings(report)
    counts = ", ".join(f"{report.count(kind)} {kind}" for kind in Kind)
    verdict = f"verified {report.compared.total()} records: {counts}"
    if not report.complete:
        verdict += f", {report.not_yet.total()} not yet (the workers have not processed everything; run it again, or raise --wait)"
    if report.unverifiable:
        verdict += f"; {report.unverifiable.total()} could not be judged: retention or compaction removed what explains them"
    style = "green" if report.clean else "red" if report.findings else "yellow"
    Console(soft_wrap=True, highlight=False).print(verdict, style=style, markup=False)


def _print_findings(report: Report) -> None:
    from streams.cli.output import print_table

    rows: list[list[str]] = []
    for order, findings in report.by_order():
        rows += [_row(order, finding) for finding in findings]
    print_table(["order", "what", "topic", "hop", "cause", "found at", "detail"], rows[:_MOST_SHOWN])
    if len(rows) > _MOST_SHOWN:
        print(f"and {len(rows) - _MOST_SHOWN} more: --json shows all")


def _row(order: str, finding: Finding) -> list[str]:
    return [order, finding.kind.value, finding.topic, finding.hop, finding.cause, finding.found, finding.detail]


def _or_blank(count: int) -> str:
    return str(count) if count else ""
