"""Billing terms (`docs/billing.md`): all versions of one contract in one record."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import TermsChanged
from streams.domain.steps import LISTABLE
from streams.domain.terms import (
    INCOTERMS,
    DisputePolicy,
    ExceptionPolicy,
    ExceptionRule,
    Granularity,
    Incoterm,
    LatePolicy,
    QuantityBasis,
    ReturnPolicy,
    SubstitutePolicy,
    Terms,
    Trigger,
)
from streams.domain.vocabulary import Milestone, ProofKind, ReasonClass
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import Currency, Identifier, Shape, TimeText, plain_number

__all__ = ["FORMAT", "read"]

FORMAT: Final = "milepost.terms.v1"

_Days = Annotated[int, Field(ge=0, le=3650)]
_Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=9, decimal_places=6), BeforeValidator(plain_number)]
_Amount = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4), BeforeValidator(plain_number)]
_NONE: Final = Decimal(0)


class _Version(Shape):
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    trigger: Trigger | None = None
    currency: Currency
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    valid_from: TimeText
    valid_to: TimeText | None = None
    partial_allowed: bool | None = None
    pod_auto_confirm_days: _Days | None = None
    milestones: Annotated[list[Milestone], Field(min_length=1, max_length=10)] | None = None
    granularity: Granularity | None = None
    quantity_basis: QuantityBasis | None = None
    closes_short: bool | None = None
    pod_kinds: list[ProofKind] | None = None
    acceptance_days: _Days | None = None
    over_tolerance: _Percent | None = None
    under_tolerance: _Percent | None = None
    amount_tolerance: _Amount | None = None
    amount_tolerance_percent: _Percent | None = None
    exceptions: dict[ReasonClass, ExceptionPolicy] | None = None
    disputes: DisputePolicy | None = None
    returns: ReturnPolicy | None = None
    late: LatePolicy | None = None
    substitutes: SubstitutePolicy | None = None
    incoterm: Incoterm | None = None
    ignored_blocks: Annotated[list[Identifier], Field(max_length=100)] | None = None
    late_penalty: bool | None = None
    posting_days: _Days | None = None


class _Record(Shape):
    terms_id: Identifier
    versions: Annotated[list[_Version], Field(min_length=1, max_length=500)]
    calendar: Identifier | None = None
    """Whose working days the days of all versions are; none: every day counts."""


_RECORD: Final = TypeAdapter(_Record)

_BASES: Final[dict[Trigger, frozenset[QuantityBasis | None]]] = {
    Trigger.ON_ORDER: frozenset({None, QuantityBasis.ORDERED}),
    Trigger.ON_SHIP: frozenset({None, QuantityBasis.ORDERED, QuantityBasis.SHIPPED}),
    Trigger.ON_DELIVERY: frozenset({None, QuantityBasis.ORDERED, QuantityBasis.SHIPPED, QuantityBasis.DELIVERED}),
    Trigger.ON_POD: frozenset({None, *QuantityBasis}),
    Trigger.ON_ACCEPTANCE: frozenset({None, QuantityBasis.ORDERED, QuantityBasis.SHIPPED, QuantityBasis.DELIVERED}),
    Trigger.ON_MILESTONES: frozenset({None, QuantityBasis.ORDERED}),
}
"""Whose quantity may be invoiced when: nobody can invoice what is known only later than the trigger."""


def read(data: Any, origin: Origin) -> list[TermsChanged]:
    """All versions of the contract, oldest first. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    if len({version.version for version in record.versions}) < len(record.versions):
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"versions: {record.terms_id} gives a version number twice")
    versions = [_terms(record.terms_id, version, number) for number, version in enumerate(record.versions)]
    return [TermsChanged(record.terms_id, tuple(sorted(versions, key=lambda terms: terms.version)), record.calendar or "")]


def _terms(terms_id: str, version: _Version, number: int) -> Terms:
    where = f"versions[{number}]"
    if not _is_zone(version.time_zone):
        raise _refused(f"{where}.time_zone: {shown(version.time_zone)} is no IANA time zone")
    valid_from = _moment(version.valid_from, f"{where}.valid_from")
    valid_to = _moment(version.valid_to, f"{where}.valid_to") if version.valid_to is not None else None
    if valid_to is not None and valid_to <= valid_from:
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, f"{where}.valid_to: {shown(version.valid_to)} is not after valid_from")
    if version.partial_allowed is None and version.granularity is None:
        raise _refused(f"{where}.granularity: say what is invoiced as a whole, by granularity or partial_allowed")
    trigger, milestones = _trigger(version, where)
    if version.quantity_basis not in _BASES[trigger]:
        raise _refused(f"{where}.quantity_basis: {version.quantity_basis} is not known at the trigger {trigger}")
    basis = version.quantity_basis if version.quantity_basis in (QuantityBasis.ORDERED, QuantityBasis.SHIPPED) else None
    granularity = version.granularity or (Granularity.ORDER if version.partial_allowed is False else Granularity.LINE)
    if version.partial_allowed is False and granularity is not Granularity.ORDER:
        raise _refused(f"{where}.granularity: {granularity} does not go with partial_allowed false; leave one of them out")
    return Terms(
        terms_id,
        version.version,
        trigger,
        version.currency,
        version.time_zone,
        valid_from,
        valid_to,
        partial_allowed=granularity is not Granularity.ORDER,
        pod_auto_confirm_days=version.pod_auto_confirm_days,
        milestones=milestones,
        granularity=granularity,
        quantity_basis=None if trigger is Trigger.ON_SHIP and basis is QuantityBasis.SHIPPED else basis,
        closes_short=version.closes_short is not False,
        pod_kinds=tuple(sorted(set(version.pod_kinds or ()))),
        acceptance_days=version.acceptance_days,
        over_tolerance=version.over_tolerance or _NONE,
        under_tolerance=version.under_tolerance or _NONE,
        amount_tolerance=version.amount_tolerance or _NONE,
        amount_tolerance_percent=version.amount_tolerance_percent or _NONE,
        exceptions=tuple([ExceptionRule(reason, policy) for reason, policy in sorted((version.exceptions or {}).items())]),
        disputes=version.disputes or DisputePolicy.HOLD_LINES,
        returns=version.returns or ReturnPolicy.HOLD,
        late=version.late or LatePolicy.CREDIT,
        substitutes=version.substitutes or SubstitutePolicy.PRICE_CHECK,
        incoterm=version.incoterm,
        ignored_blocks=tuple(sorted(set(version.ignored_blocks or ()))),
        late_penalty=bool(version.late_penalty),
        posting_days=version.posting_days,
    )


def _trigger(version: _Version, where: str) -> tuple[Trigger, tuple[Milestone, ...]]:
    """The trigger and its milestones: as stated, else those of the Incoterm."""
    if version.trigger is None:
        if version.incoterm is None:
            raise _refused(f"{where}.trigger: name a trigger, or an incoterm whose default it takes")
        return Trigger.ON_MILESTONES, tuple(version.milestones or INCOTERMS[version.incoterm])
    if version.trigger is not Trigger.ON_MILESTONES:
        if version.milestones:
            raise _refused(f"{where}.milestones: only the trigger on_milestones has some")
        return version.trigger, ()
    if not version.milestones:
        raise _refused(f"{where}.milestones: the trigger on_milestones needs at least one")
    strange = [milestone for milestone in version.milestones if milestone not in LISTABLE]
    if strange:
        raise _refused(f"{where}.milestones: {strange[0]} is no step of goods; name some of {', '.join(sorted(LISTABLE))}")
    return version.trigger, tuple(dict.fromkeys(version.milestones))


def _moment(text: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(
            Stage.VALIDATE, Reason.TIME_INVALID, f"{where}: {shown(text)} is not an ISO 8601 date and time with an offset"
        ) from None


def _refused(message: str) -> Refusal:
    return Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a folder of zones, an unknown name
        return False
    return True
