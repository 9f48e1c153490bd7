"""Billing terms (`docs/raw-records.md`): all versions of one contract in one record."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import TermsChanged
from streams.domain.terms import Terms, Trigger
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import Currency, Identifier, Shape, TimeText

__all__ = ["FORMAT", "read"]

FORMAT: Final = "milepost.terms.v1"


class _Version(Shape):
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    trigger: Trigger
    currency: Currency
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    valid_from: TimeText
    valid_to: TimeText | None = None
    partial_allowed: bool
    pod_auto_confirm_days: Annotated[int, Field(ge=0, le=3650)] | None = None


class _Record(Shape):
    terms_id: Identifier
    versions: Annotated[list[_Version], Field(min_length=1, max_length=500)]


_RECORD: Final = TypeAdapter(_Record)


def read(data: Any, origin: Origin) -> list[TermsChanged]:
    """All versions of the contract, oldest first. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    if len({version.version for version in record.versions}) < len(record.versions):
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"versions: {record.terms_id} gives a version number twice")
    versions = [_terms(record.terms_id, version, number) for number, version in enumerate(record.versions)]
    return [TermsChanged(record.terms_id, tuple(sorted(versions, key=lambda terms: terms.version)))]


def _terms(terms_id: str, version: _Version, number: int) -> Terms:
    where = f"versions[{number}]"
    if not _is_zone(version.time_zone):
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"{where}.time_zone: {shown(version.time_zone)} is no IANA time zone")
    valid_from = _moment(version.valid_from, f"{where}.valid_from")
    valid_to = _moment(version.valid_to, f"{where}.valid_to") if version.valid_to is not None else None
    if valid_to is not None and valid_to <= valid_from:
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, f"{where}.valid_to: {shown(version.valid_to)} is not after valid_from")
    return Terms(
        terms_id,
        version.version,
        version.trigger,
        version.currency,
        version.time_zone,
        valid_from,
        valid_to,
        version.partial_allowed,
        version.pod_auto_confirm_days,
    )


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


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a folder of zones, an unknown name
        return False
    return True
