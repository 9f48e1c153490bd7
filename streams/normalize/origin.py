"""Where a raw record came from, as far as the statements read from it carry that along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Lineage
from streams.domain.instant import Instant, TimeQuality, from_millis
from streams.domain.vocabulary import Classifier
from streams.hop import Record
from streams.normalize.agreements import NOTHING_AGREED, Agreements
from streams.normalize.codes import CodeMap, PartnerMaps
from streams.normalize.places import zones_of_country
from streams.normalize.refusal import Refusal
from streams.normalize.times import Clock, parse

__all__ = ["LONGEST_PLACE", "NO_PARTNERS", "PARTNER", "Origin", "origin_of", "partner_of"]

NO_PARTNERS: Final = PartnerMaps({})
"""No partner has rows of its own."""


@dataclass(slots=True)
class Origin:
    """Coordinates of a raw record and what its headers say."""

    topic: str
    partition: int
    offset: int
    ingested_at: datetime
    """Timestamp of the record in its topic: the only clock that reading a record knows."""

    traceparent: str = ""
    """W3C trace context from the header of that name."""

    transport_id: str = ""
    """CloudEvents id from the header `ce_id`, for records that carry no id of their own."""

    partner: str = ""
    """Who sent it, from the header `partner`: chooses that partner's rows of code maps."""

    overrides: PartnerMaps = NO_PARTNERS
    zone: ZoneInfo | None = None
    """Whose clock the sender's local times are on, where that was agreed."""

    silent: list[str] | None = None
    """Codes of the record that are known and say nothing (`passes_over`)."""

    headers: Sequence[tuple[str, bytes | None]] = ()

    def header(self, name: str, longest: int = 64) -> str:
        """The text of a header whatever the case of its name (gateways change that); empty where there is none."""
        for known, value in self.headers:
            if known.lower() == name:
                return _text(value, longest)
        return ""

    def company(self, system: str) -> str:
        """Whose order numbers these are: the header `company` where the feed is told apart by it, else the system that gave them out."""
        named = self.header("company", 32)
        return named if named and ":" not in named else system

    def is_silent(self, codes: CodeMap, code: str, type: str = "") -> bool:
        """Whether a code is known and says nothing of the freight; it then leaves its trace."""
        if (code, type) not in codes.silent:
            return False
        self.passes_over(f"{type}/{code}" if type else code)
        return True

    def passes_over(self, code: str) -> None:
        """Note a code that is known and says nothing, so that it leaves a trace in the metrics."""
        if self.silent is None:
            self.silent = [code]
        else:
            self.silent.append(code)

    def codes(self, standard: CodeMap) -> CodeMap:
        """The code map that holds for this record."""
        return self.overrides.of(self.partner, standard)

    def time(self, text: str, classifier: Classifier, field: str = "at", country: str = "") -> Instant:
        """`times.parse` with what is known of the clock: the country where it happened (ISO 3166, two letters), the partner's zone."""
        if country:
            clocks = [Clock(zones_of_country(country), TimeQuality.DERIVED_LOCATION)]
        elif self.zone is None:
            return parse(text, classifier, self.ingested_at, field)
        else:
            clocks = []
        if self.zone is not None:
            clocks.append(Clock((self.zone,), TimeQuality.PARTNER_DEFAULT))
        return parse(text, classifier, self.ingested_at, field, clocks)

    def place(self, at: Instant, named: str | None) -> str:
        """A place as the source names it, for `Event.place`: where it alone can tell whose clock `at` is on, else nothing."""
        if at.quality is not TimeQuality.UNKNOWN or at.offset_minutes is not None or not named:
            return ""
        name = named.strip().upper()
        return name if len(name) <= LONGEST_PLACE else ""

    def lineage(self, system: str, format: str, transport_id: str | None, code: str = "", map_version: str = "") -> Lineage:
        return Lineage(
            system,
            format,
            self.topic,
            self.partition,
            self.offset,
            self.ingested_at,
            transport_id or self.transport_id,
            code,
            map_version,
        )


LONGEST_PLACE: Final = 64
"""Characters of a place's name; longer ones are addresses, and no name that reference data has."""

PARTNER: Final = "partner"
"""Header with the id of the partner whose record it is."""

_SENSIBLE: Final = range(946_684_800_000, 4_102_444_800_000)
"""2000 to 2100 in milliseconds. A producer that counts in seconds or microseconds is outside."""


def partner_of(record: Record) -> str:
    """The partner that a record names, empty where it names none."""
    for name, value in record.headers:
        if name == PARTNER:
            return _text(value, 64)
    return ""


def origin_of(record: Record, overrides: PartnerMaps = NO_PARTNERS, agreed: Agreements = NOTHING_AGREED) -> Origin:
    """The origin of a record; headers that are not text are left out.

    Raises `Refusal` (TIME_INVALID) where the record's own timestamp cannot be one: event times are judged by it.
    """
    if record.timestamp not in _SENSIBLE:
        message = f"the record's own timestamp {record.timestamp} is not in milliseconds between 2000 and 2100: correct the producer"
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, message)
    traceparent = transport_id = partner = ""
    for name, value in record.headers:
        if name == "traceparent":
            traceparent = _text(value, 128)
        elif name == "ce_id":
            transport_id = _text(value, 256)
        elif name == PARTNER:
            partner = _text(value, 64)
    at = from_millis(record.timestamp)
    zone = agreed.zones.get(partner) if partner else None
    where = record.topic, record.partition, record.offset, at
    return Origin(*where, traceparent, transport_id, partner, overrides, zone, None, record.headers)


def _text(value: bytes | None, longest: int) -> str:
    if value is None or len(value) > longest:
        return ""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""
