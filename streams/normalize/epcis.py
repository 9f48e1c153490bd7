"""GS1 EPCIS 2.0 in JSON: business step and disposition together. An error declaration repeats the event that it takes back."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event
from streams.domain.ids import reference_key, stable_id
from streams.domain.vocabulary import Classifier, ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.scans import MOST_SCANS, each, statements
from streams.normalize.shapes import Code, Identifier, Shape, TimeText
from streams.normalize.times import with_offset

__all__ = ["FORMAT", "ISSUER", "read"]

FORMAT: Final = "gs1.epcis.v2"
ISSUER: Final = "GS1"

_Uri = Annotated[str, Field(max_length=256)]


class _Camel(Shape):
    model_config = ConfigDict(alias_generator=to_camel)


class _Transaction(Shape):
    type: _Uri = ""
    biz_transaction: Annotated[Identifier, Field(alias="bizTransaction")]


class _Error(_Camel):
    declaration_time: TimeText


class _Event(_Camel):
    type: Code
    event_time: TimeText
    event_time_zone_offset: TimeText | None = None
    event_id: Annotated[Annotated[str, Field(max_length=256)] | None, Field(alias="eventID")] = None
    biz_step: _Uri
    disposition: _Uri = ""
    epc_list: Annotated[list[Identifier], Field(max_length=MOST_SCANS, default_factory=list)]
    parent_id: Annotated[Identifier | None, Field(alias="parentID")] = None
    biz_transaction_list: Annotated[list[_Transaction], Field(max_length=100, default_factory=list)]
    error_declaration: _Error | None = None


class _Body(_Camel):
    event_list: Annotated[list[_Event], Field(min_length=1, max_length=MOST_SCANS)]


class _Document(_Camel):
    epcis_body: _Body


_DOCUMENT: Final = TypeAdapter(_Document)
_EVENT: Final = TypeAdapter(_Event)
_CODES: Final = code_map(FORMAT)
_TRANSACTIONS: Final = {"bol": ReferenceKind.BOL, "desadv": ReferenceKind.DELIVERY}


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of a document or of one event. Raises `Refusal`, with the statements of the events that could be read."""
    try:
        whole = isinstance(data, dict) and "epcisBody" in data
        events = _DOCUMENT.validate_python(data).epcis_body.event_list if whole else [_EVENT.validate_python(data)]
    except ValidationError as error:
        raise invalid(error) from error
    return each(events, partial(_event, origin), "eventList")


def _event(origin: Origin, event: _Event) -> list[Event]:
    codes = origin.codes(_CODES)
    step, disposition = _word(event.biz_step), _word(event.disposition)
    meaning = codes.meaning(step, disposition)
    at = with_offset(origin.time(event.event_time, meaning.classifier, "eventTime"), event.event_time_zone_offset)
    lineage = origin.lineage(ISSUER, FORMAT, event.event_id, f"{step}/{disposition}", codes.version)
    said = [one for references, scope in _subjects(event) for one in statements(origin, lineage, meaning, references, at, scope)]
    if event.error_declaration is not None:
        declared = origin.time(event.error_declaration.declaration_time, Classifier.ACT, "declarationTime")
        for one in said:
            one.retracts, one.event_id, one.at = one.event_id, stable_id("retraction", one.event_id), declared
    return said


def _subjects(event: _Event) -> list[tuple[tuple[str, ...], Scope]]:
    """The shipment, where a document names it; else each thing on its own."""
    documents = tuple(
        [
            reference_key(kind, ISSUER, transaction.biz_transaction)
            for name, kind in _TRANSACTIONS.items()
            for transaction in event.biz_transaction_list
            if _word(transaction.type) == name
        ]
    )
    if documents:
        return [(documents, Scope.SHIPMENT)]
    things = dict.fromkeys([event.parent_id] if event.parent_id else event.epc_list)
    if not things:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "epcList: neither a document (bol, desadv) nor a logistic unit is named")
    return [((reference_key(ReferenceKind.TRACKING, ISSUER, thing),), Scope.PACKAGE) for thing in things]


def _word(uri: str) -> str:
    """The word of the core business vocabulary: bare, as a URN, or as a web address (`…/BizStep-receiving`)."""
    word = uri.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
    return word.removeprefix("BizStep-").removeprefix("Disp-").removeprefix("BTT-")
