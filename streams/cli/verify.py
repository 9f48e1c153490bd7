"""`milepost verify`: prove from the topics that nothing is missing, nothing twice, nothing wrong."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Annotated

import typer

from streams.cli.output import print_json
from streams.pipeline import hops
from streams.settings import Settings
from streams.verify import Finding, Kind, Report, verify

__all__ = ["command", "print_report"]

_NOT_YET = 4
_MOST_ORDERS = 20
_MOST_FINDINGS = 10


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
    """The report on standard output: counts by topic, then findings by order."""
    from rich.console import Console

    from streams.cli.output import print_table

    columns: dict[str, Counter[str]] = {"as recomputed": report.compared, "ticks": report.ticks}
    columns |= {kind.value: Counter(finding.topic for finding in report.findings if finding.kind is kind) for kind in Kind}
    columns |= {"not yet": report.not_yet, "unverifiable": report.unverifiable}
    shown = {title: counts for title, counts in columns.items() if counts.total()}
    topics = sorted({topic for counts in shown.values() for topic, count in counts.items() if count})
    print_table(
        ["topic", *shown], [[topic, *(f"{counts[topic]:,}" if counts[topic] else "" for counts in shown.values())] for topic in topics]
    )
    _print_findings(report)
    verdict = f"verified {report.compared.total():,} records: " + ", ".join(f"{report.count(kind)} {kind}" for kind in Kind)
    if not report.complete:
        verdict += f", {report.not_yet.total():,} not yet (the workers have not processed everything; run it again, or raise --wait)"
    if report.unverifiable:
        verdict += f"; {report.unverifiable.total():,} could not be judged: retention or compaction removed what explains them"
    style = "green" if report.clean else "red" if report.findings else "yellow"
    Console(soft_wrap=True, highlight=False).print(verdict, style=style, markup=False)


def _print_findings(report: Report) -> None:
    for order, findings in islice(report.by_order(), _MOST_ORDERS):
        print(order or "(names no order)")
        for finding in findings[:_MOST_FINDINGS]:
            print(f"  {_words(finding)}")
        if len(findings) > _MOST_FINDINGS:
            print(f"  and {len(findings) - _MOST_FINDINGS} more")
    more = sum(1 for _ in report.by_order()) - _MOST_ORDERS
    if more > 0:
        print(f"and {more} more orders: --json shows all")


def _words(finding: Finding) -> str:
    parts = [f"{finding.kind:<10}", finding.found or finding.topic]
    if finding.cause:
        parts.append(f"which {finding.hop} makes of {finding.cause}")
    return " ".join(parts) + (f": {finding.detail}" if finding.detail else "")
