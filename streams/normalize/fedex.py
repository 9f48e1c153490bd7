"""FedEx: webhooks of its visibility service and replies of its Track API, which hold the whole scan history of a package each time.

Every scan is read, none is picked as "the latest" (hazard H8), and a later push says the same statements again under the same ids.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Evidence
from streams.domain.vocabulary import Milestone, ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.scans import MOST_SCANS, each, statements
from streams.normalize.shapes import Code, Identifier, Remark, Shape, TimeText

__all__ = ["FORMAT", "SCAC", "read"]

FORMAT: Final = "fedex.track.v1"
SCAC: Final = "FDEG"


class _Camel(Shape):
    model_config = ConfigDict(alias_generator=to_camel)


class _Scan(_Camel):
    date: TimeText
    event_type: Code
    derived_status_code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=16)] | None = None
    exception_code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=16)] | None = None


class _Number(_Camel):
    tracking_number: Identifier


class _Delivery(_Camel):
    received_by_name: Remark | None = None
    signed_by_name: Remark | None = None


class _Result(_Camel):
    tracking_number_info: _Number
    scan_events: Annotated[list[_Scan], Field(min_length=1, max_length=MOST_SCANS)]
    delivery_details: _Delivery | None = None


class _Complete(_Camel):
    track_results: Annotated[list[_Result], Field(min_length=1, max_length=100)]


class _Output(_Camel):
    complete_track_results: Annotated[list[_Complete], Field(min_length=1, max_length=100)]


class _Reply(_Camel):
    output: _Output


_RESULT: Final = TypeAdapter(_Result)
_COMPLETE: Final = TypeAdapter(_Complete)
_OUTPUT: Final = TypeAdapter(_Output)
_REPLY: Final = TypeAdapter(_Reply)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of all scans. Raises `Refusal`, with the statements of the scans that could be read."""
    try:
        results = _results(data)
    except ValidationError as error:
        raise invalid(error) from error
    scans = [(result, scan) for result in results for scan in result.scan_events]
    return each(scans, partial(_scan, origin), "scanEvents")


def _results(data: Any) -> list[_Result]:
    """The results of a package, of a webhook, or of a reply about many packages."""
    if isinstance(data, dict) and "output" in data:
        return [result for complete in _REPLY.validate_python(data).output.complete_track_results for result in complete.track_results]
    if isinstance(data, dict) and "completeTrackResults" in data:
        return [result for complete in _OUTPUT.validate_python(data).complete_track_results for result in complete.track_results]
    if isinstance(data, dict) and "trackResults" in data:
        return _COMPLETE.validate_python(data).track_results
    return [_RESULT.validate_python(data)]


def _scan(origin: Origin, of: tuple[_Result, _Scan]) -> list[Event]:
    result, scan = of
    codes = origin.codes(_CODES)
    exception = scan.exception_code or ""
    # What is delivered with an exception is no clean delivery: only a row of its own may say what it is.
    meaning = codes.meaning(scan.event_type, exception if scan.event_type == "DL" else "")
    if meaning.milestone is Milestone.DELIVERED and scan.derived_status_code != "DL":
        said = f"derivedStatusCode: {scan.derived_status_code or 'blank'}, so {scan.event_type} is no evidence of a delivery"
        raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, said)
    at = origin.time(scan.date, meaning.classifier, "date")
    reference = carrier_reference(ReferenceKind.TRACKING, SCAC, result.tracking_number_info.tracking_number)
    lineage = origin.lineage(SCAC, FORMAT, None, f"{scan.event_type}/{exception}" if exception else scan.event_type, codes.version)
    details = result.delivery_details
    signed = (details.signed_by_name or details.received_by_name) if details is not None else None
    return statements(origin, lineage, meaning, (reference,), at, Scope.PACKAGE, evidence=Evidence(signed) if signed else None)
