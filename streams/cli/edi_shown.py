"""How `milepost edi read` shows a file: for a person, and for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.edi.edifact.envelope import Reading as EdifactReading
from connectors.edi.edifact.problems import Problem as EdifactProblem
from connectors.edi.raw import TOPICS, topic_of
from connectors.edi.x12.envelope import Interchange, Transaction
from connectors.edi.x12.problems import CATALOGUE, Problem
from connectors.edi.x12.reading import Reading

__all__ = ["document", "lines", "segments_of"]

Shown = Mapping[int, list[Any]]


def segments_of(reading: Reading | EdifactReading) -> dict[int, list[Any]]:
    """The segments of all that is accepted, by the number of their first one."""
    if isinstance(reading, EdifactReading):
        return {message.position: message.segments for message in reading.messages()}
    return {transaction.position: transaction.segments for transaction in reading.transactions()}


def lines(reading: Reading | EdifactReading, shown: Shown) -> Iterator[str]:
    """What a person sees. `shown`: segments of accepted parts, by the number of their first."""
    for line in _edifact(reading, shown) if isinstance(reading, EdifactReading) else _x12(reading, shown):
        yield _printable(line)


def _x12(reading: Reading, shown: Shown) -> Iterator[str]:
    for problem in reading.problems:
        yield from _problem(problem, "")
    for interchange in reading.interchanges:
        yield from _interchange(interchange, shown)
    yield _summary(reading)


def _interchange(interchange: Interchange, shown: Shown) -> Iterator[str]:
    header = interchange.header
    test = ", test data" if interchange.test else ""
    yield (
        f"Interchange {interchange.control} from {interchange.sender} to {interchange.receiver}, {header[9]} {header[10]}, "
        f"version {header[12]}{test}: {_verdict(interchange.accepted)}"
    )
    for problem in interchange.problems:
        yield from _problem(problem, "  ")
    for acknowledged in interchange.ta1:
        yield f"  TA1 for interchange {' '.join(acknowledged[1:])}"
    for group in interchange.groups:
        parties = f"from {group.sender} to {group.receiver}"
        yield f"  Group {group.control} {group.kind} {parties}, version {group.version}: {_verdict(group.accepted)}"
        for problem in group.problems:
            yield from _problem(problem, "    ")
        for transaction in group.transactions:
            goes = _goes(transaction.set)
            yield (
                f"    {transaction.set} {transaction.control}, segments {transaction.position} to "
                f"{transaction.position + transaction.count - 1}, {goes}: {_verdict(transaction.accepted)}"
            )
            for problem in transaction.problems:
                yield from _problem(problem, "      ")
            for number, segment in enumerate(shown.get(transaction.position, ()), transaction.position):
                yield f"      {number:>5}  {segment}"


def _edifact(reading: EdifactReading, shown: Shown) -> Iterator[str]:
    for problem in reading.problems:
        yield from _edifact_problem(problem, "")
    for interchange in reading.interchanges:
        test = ", test data" if interchange.test else ""
        yield (
            f"Interchange {interchange.control} from {interchange.sender} to {interchange.receiver}, {' '.join(interchange.sent)}, "
            f"syntax {' '.join(interchange.syntax)}{test}: {_verdict(interchange.accepted)}"
        )
        for problem in interchange.problems:
            yield from _edifact_problem(problem, "  ")
        for message in interchange.messages:
            yield f"    {message.type} {message.version} {message.control}, {_goes(message.type)}: {_verdict(message.accepted)}"
            for problem in message.problems:
                yield from _edifact_problem(problem, "      ")
            for number, segment in enumerate(shown.get(message.position, ()), message.position):
                yield f"      {number:>5}  {segment}"
    found = [message.accepted for interchange in reading.interchanges for message in interchange.messages]
    if not reading.interchanges:
        yield "No interchange that can be read: is this an EDIFACT file?"
    else:
        yield f"{len(reading.interchanges)} interchanges, {len(found)} messages: {sum(found)} accepted, {len(found) - sum(found)} refused"


def _edifact_problem(problem: EdifactProblem, indent: str) -> Iterator[str]:
    inside = f" ({problem.segment} is segment {problem.in_message} of it)" if problem.in_message and problem.segment else ""
    yield f"{indent}! {problem.code} at segment {problem.position}: {problem.message}{inside}"
    yield f"{indent}  {problem.what_to_do}"


def _goes(name: str) -> str:
    topic = topic_of(name)
    if topic is None:
        return "an acknowledgement"
    return f"to {topic}" if name in TOPICS else f"to {topic}, where nobody reads it yet"


def _edifact_document(reading: EdifactReading, shown: Shown | None) -> dict[str, Any]:
    def problems(found: list[EdifactProblem]) -> list[dict[str, Any]]:
        return [
            {
                "code": each.code,
                "refuses": each.refuses,
                "message": each.message,
                "position": each.position,
                "segment": each.segment,
                "in_message": each.in_message,
                "what_to_do": each.what_to_do,
            }
            for each in found
        ]

    return {
        "accepted": reading.accepted,
        "problems": problems(reading.problems),
        "interchanges": [
            {
                "sender": str(interchange.sender),
                "receiver": str(interchange.receiver),
                "control": interchange.control,
                "syntax": " ".join(interchange.syntax),
                "test": interchange.test,
                "position": interchange.position,
                "accepted": interchange.accepted,
                "problems": problems(interchange.problems),
                "messages": [
                    {
                        "type": message.type,
                        "version": message.version,
                        "control": message.control,
                        "position": message.position,
                        "accepted": message.accepted,
                        "topic": topic_of(message.type),
                        "problems": problems(message.problems),
                    }
                    | ({} if shown is None else {"segments": shown.get(message.position, [])})
                    for message in interchange.messages
                ],
            }
            for interchange in reading.interchanges
        ],
    }


def _problem(problem: Problem, indent: str) -> Iterator[str]:
    inside = f" ({problem.segment} is segment {problem.in_transaction} of it)" if problem.in_transaction and problem.segment else ""
    yield f"{indent}! {problem.code} at segment {problem.position}: {problem.message}{inside}"
    yield f"{indent}  {CATALOGUE[problem.code].what_to_do}"


def _summary(reading: Reading) -> str:
    found = [each for interchange in reading.interchanges for group in interchange.groups for each in group.transactions]
    accepted = sum(each.accepted for each in found)
    if not reading.interchanges:
        return "No interchange that can be read: is this an X12 file?"
    return f"{len(reading.interchanges)} interchanges, {len(found)} transactions: {accepted} accepted, {len(found) - accepted} refused"


def _verdict(accepted: bool) -> str:
    return "accepted" if accepted else "REFUSED"


def _printable(text: str) -> str:
    """A partner's bytes must not steer the terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def document(reading: Reading | EdifactReading, shown: Shown | None) -> dict[str, Any]:
    """The same for scripts."""
    if isinstance(reading, EdifactReading):
        return _edifact_document(reading, shown)
    return {
        "accepted": reading.accepted,
        "problems": [_as_data(problem) for problem in reading.problems],
        "interchanges": [
            {
                "sender": str(interchange.sender),
                "receiver": str(interchange.receiver),
                "control": interchange.control,
                "version": interchange.header[12],
                "test": interchange.test,
                "position": interchange.position,
                "accepted": interchange.accepted,
                "problems": [_as_data(problem) for problem in interchange.problems],
                "ta1": interchange.ta1,
                "groups": [
                    {
                        "kind": group.kind,
                        "sender": group.sender,
                        "receiver": group.receiver,
                        "control": group.control,
                        "version": group.version,
                        "position": group.position,
                        "accepted": group.accepted,
                        "problems": [_as_data(problem) for problem in group.problems],
                        "transactions": [_transaction(each, shown) for each in group.transactions],
                    }
                    for group in interchange.groups
                ],
            }
            for interchange in reading.interchanges
        ],
    }


def _transaction(transaction: Transaction, shown: Shown | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "set": transaction.set,
        "control": transaction.control,
        "position": transaction.position,
        "count": transaction.count,
        "accepted": transaction.accepted,
        "topic": topic_of(transaction.set),
        "problems": [_as_data(problem) for problem in transaction.problems],
    }
    return found if shown is None else found | {"segments": shown.get(transaction.position, [])}


def _as_data(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "refuses": problem.refuses,
        "message": problem.message,
        "position": problem.position,
        "segment": problem.segment,
        "in_transaction": problem.in_transaction,
        "element": problem.element,
        "what_to_do": CATALOGUE[problem.code].what_to_do,
    }
