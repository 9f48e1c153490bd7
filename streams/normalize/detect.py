"""Which adapter reads a record: what its `format` header says, else the schema that it came with, else its topic and shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.contracts.messages import ReferenceData
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Announcement, Event, Link, Snapshot, TermsChanged
from streams.normalize import (
    aftership,
    answers,
    carrier,
    dcsa,
    dhl_express,
    dhl_unified,
    dynamics,
    easypost,
    edifact_iftsta,
    edifact_invoic,
    epcis,
    erp,
    fedex,
    idoc_delivery,
    idoc_invoice,
    idoc_orders,
    items,
    netsuite,
    oracle,
    otm,
    project44,
    reference_data,
    sap_gtt,
    sap_s4,
    sap_s4_events,
    shopify,
    shopify_orders,
    terms,
    tms,
    ups,
    wms,
    wms_snapshot,
    x12_214,
    x12_856,
    x12_billing,
    x12_load,
    x12_warehouse,
)
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, shown
from streams.topics import CARRIER_RAW, ERP_RAW, REFERENCE_DATA, TERMS, TMS_RAW, WMS_RAW

__all__ = ["FORMATS", "Adapter", "Statement", "detected_adapter", "named_adapter"]

Statement = Event | Link | Snapshot | Announcement | TermsChanged | ReferenceData
Adapter = Callable[[Any, Origin], Sequence[Statement]]
"""Reads one record of its format; raises `Refusal`."""

FORMATS: Final[dict[str, Adapter]] = {
    erp.FORMAT: erp.read,
    wms.FORMAT: wms.read,
    answers.FORMAT: answers.read,
    tms.FORMAT: tms.read,
    carrier.FORMAT: carrier.read,
    ups.FORMAT: ups.read,
    fedex.FORMAT: fedex.read,
    dhl_express.FORMAT: dhl_express.read,
    dhl_unified.FORMAT: dhl_unified.read,
    easypost.FORMAT: easypost.read,
    aftership.FORMAT: aftership.read,
    dcsa.FORMAT_V2: dcsa.read_v2,
    dcsa.FORMAT_V3: dcsa.read_v3,
    epcis.FORMAT: epcis.read,
    project44.LTL: project44.read_ltl,
    project44.TL: project44.read_tl,
    sap_gtt.FORMAT: sap_gtt.read,
    shopify.FORMAT: shopify.read,
    idoc_orders.FORMAT: idoc_orders.read,
    idoc_delivery.FORMAT: idoc_delivery.read,
    idoc_invoice.FORMAT: idoc_invoice.read,
    sap_s4_events.FORMAT: sap_s4_events.read,
    sap_s4.SALES_ORDER: sap_s4.read_sales_order,
    sap_s4.DELIVERY: sap_s4.read_delivery,
    sap_s4.BILLING_DOCUMENT: sap_s4.read_billing_document,
    shopify_orders.ORDER: shopify_orders.read_order,
    shopify_orders.FULFILLMENT: shopify_orders.read_fulfillment,
    shopify_orders.REFUND: shopify_orders.read_refund,
    oracle.FORMAT: oracle.read,
    netsuite.FORMAT: netsuite.read,
    dynamics.FORMAT: dynamics.read,
    otm.FORMAT: otm.read,
    wms_snapshot.FORMAT: wms_snapshot.read,
    items.FORMAT: items.read,
    reference_data.LOCATION: reference_data.read_location,
    reference_data.ALIASES: reference_data.read_aliases,
    reference_data.CALENDAR: reference_data.read_calendar,
    terms.FORMAT: terms.read,
    x12_214.FORMAT: x12_214.read,
    x12_load.LOAD: x12_load.read_load,
    x12_load.ANSWER: x12_load.read_answer,
    x12_856.FORMAT: x12_856.read,
    x12_warehouse.TO_SHIP: x12_warehouse.read_to_ship,
    x12_warehouse.SHIPPED: x12_warehouse.read_shipped,
    x12_warehouse.RECEIPT: x12_warehouse.read_receipt,
    x12_billing.INVOICE: x12_billing.read_invoice,
    x12_billing.ADJUSTMENT: x12_billing.read_adjustment,
    x12_billing.FREIGHT: x12_billing.read_freight,
    edifact_iftsta.FORMAT: edifact_iftsta.read,
    edifact_invoic.FORMAT: edifact_invoic.read,
}
"""Every format by its name."""

_KNOWN: Final = ", ".join(sorted(FORMATS))


class _Shape(NamedTuple):
    """By which fields a shape is known on its topic: `marks` all, `and_one_of` at least one, and where several shapes begin alike, the
    first record of the list `within` has the field `inner`."""

    read: Adapter
    marks: frozenset[str]
    and_one_of: frozenset[str]
    within: str = ""
    inner: str = ""

    def fits(self, data: Mapping[str, Any]) -> bool:
        """Whether a record looks like this."""
        if not self.marks <= data.keys() or self.and_one_of.isdisjoint(data):
            return False
        if not self.within:
            return True
        items = data[self.within]
        first = items[0] if isinstance(items, list) and items else None
        return isinstance(first, Mapping) and self.inner in first


_PLATFORMS: Final = (
    _Shape(project44.read_ltl, frozenset({"shipmentIdentifiers"}), frozenset({"statusCode"})),
    _Shape(project44.read_tl, frozenset({"shipmentIdentifiers"}), frozenset({"eventType"})),
    _Shape(sap_gtt.read, frozenset({"TRXCOD", "TRXID"}), frozenset({"EVTID"})),
    _Shape(otm.read, frozenset(), frozenset({"Transmission"})),
)
"""Visibility platforms and TMS of others."""

_ANSWER: Final = _Shape(answers.read, frozenset({"type", "task"}), frozenset({"version"}))


_DELIVERIES: Final = (_Shape(idoc_delivery.read, frozenset(), frozenset({"DELVRY07"})),)
"""From an ERP, or from a warehouse to it."""

_SHAPES: Final[dict[str, tuple[_Shape, ...]]] = {
    ERP_RAW: (
        _Shape(erp.read, frozenset({"type"}), frozenset({"system", "company", "order"})),
        _Shape(shopify.read, frozenset({"fulfillment_id", "status"}), frozenset({"happened_at"})),
        _Shape(shopify_orders.read_refund, frozenset({"order_id"}), frozenset({"refund_line_items"})),
        _Shape(shopify_orders.read_fulfillment, frozenset({"order_id", "line_items"}), frozenset({"tracking_numbers", "tracking_number"})),
        _Shape(shopify_orders.read_order, frozenset({"id", "line_items"}), frozenset({"financial_status", "order_number"})),
        _Shape(oracle.read, frozenset({"BusinessEventCode"}), frozenset({"TransactionNumber", "receivablesInvoiceLines"})),
        _Shape(netsuite.read, frozenset({"shipStatus"}), frozenset({"createdFrom"})),
        _Shape(dynamics.read, frozenset({"BusinessEventId"}), frozenset({"ControlNumber", "EventTime"})),
        _Shape(idoc_orders.read, frozenset(), frozenset({"ORDERS05"})),
        _Shape(idoc_invoice.read, frozenset(), frozenset({"INVOIC02"})),
        *_DELIVERIES,
        _Shape(sap_s4_events.read, frozenset({"specversion", "type"}), frozenset({"source"})),
        _Shape(sap_s4.read_wrapped, frozenset({"d"}), frozenset({"d"})),
        _Shape(sap_s4.read_sales_order, frozenset({"SalesOrder"}), frozenset({"to_Item", "_Item"})),
        _Shape(sap_s4.read_delivery, frozenset(), frozenset({"to_DeliveryDocumentItem"})),
        _Shape(sap_s4.read_delivery, frozenset({"OutboundDelivery"}), frozenset({"_Item"})),
        _Shape(sap_s4.read_billing_document, frozenset({"BillingDocument"}), frozenset({"to_Item", "_Item"})),
    ),
    WMS_RAW: (
        _ANSWER,
        _Shape(wms.read, frozenset({"type"}), frozenset({"system", "company", "order"})),
        _Shape(wms_snapshot.read, frozenset({"as_of"}), frozenset({"order", "lines"})),
        *_DELIVERIES,
    ),
    TMS_RAW: (_ANSWER, _Shape(tms.read, frozenset({"type"}), frozenset({"system", "shipment"})), *_PLATFORMS),
    CARRIER_RAW: (
        _Shape(carrier.read, frozenset({"carrier"}), frozenset({"code", "tracking", "pro"})),
        _Shape(ups.read, frozenset({"trackingNumber"}), frozenset({"activityStatus"})),
        _Shape(fedex.read, frozenset(), frozenset({"trackingNumberInfo", "completeTrackResults", "trackResults"})),
        _Shape(fedex.read, frozenset({"transactionId"}), frozenset({"output"})),
        _Shape(dhl_express.read, frozenset({"shipments"}), frozenset({"shipments"}), "shipments", "shipmentTrackingNumber"),
        _Shape(dhl_unified.read, frozenset({"shipments"}), frozenset({"shipments"}), "shipments", "service"),
        _Shape(dhl_unified.read, frozenset({"id", "service"}), frozenset({"events"})),
        _Shape(easypost.read, frozenset({"tracking_code"}), frozenset({"tracking_details"})),
        _Shape(easypost.read, frozenset({"object"}), frozenset({"result"})),
        _Shape(aftership.read, frozenset({"msg"}), frozenset({"event", "event_id"})),
        _Shape(dcsa.read_v3, frozenset({"metadata"}), frozenset({"payload", "metadata"})),
        _Shape(dcsa.read_v2, frozenset({"eventID", "eventType"}), frozenset({"eventCreatedDateTime"})),
        _Shape(epcis.read, frozenset(), frozenset({"epcisBody", "bizStep"})),
        *_PLATFORMS,
    ),
    TERMS: (_Shape(terms.read, frozenset(), frozenset({"terms_id", "versions"})),),
    REFERENCE_DATA: (
        _Shape(items.read, frozenset({"sku"}), frozenset({"base_uom", "units"})),
        _Shape(reference_data.read_location, frozenset({"location"}), frozenset({"location", "time_zone"})),
        _Shape(reference_data.read_aliases, frozenset({"carrier"}), frozenset({"carrier", "aliases"})),
        _Shape(reference_data.read_calendar, frozenset({"calendar"}), frozenset({"weekend", "holidays"})),
    ),
}
"""The shapes that may come without a name, by topic. Few fields are asked for: what else is missing, the adapter says better."""

_MOST_FIELDS_SHOWN: Final = 8


def named_adapter(header: str | None, schema: str | None) -> Adapter | None:
    """The adapter that a record names itself, by its `format` header or by the schema that it came with; None where it names none.

    Raises `Refusal` (UNKNOWN_FORMAT) where it names a format that nobody reads.
    """
    if header is None and schema is None:
        return None
    adapter = FORMATS.get(header if header is not None else schema or "")
    if adapter is None:
        said = f"the format header says {shown(header)}" if header is not None else f"the schema is {shown(schema)}"
        raise _unknown(f"{said}; known formats are {_KNOWN}")
    return adapter


def detected_adapter(data: Any, topic: str) -> Adapter:
    """The adapter for a record that names none. `topic` is physical: the installation's prefix may stand before the name.

    Raises `Refusal`: UNKNOWN_FORMAT that says what was seen, ENVELOPE_INVALID where the data is no record at all.
    """
    if not isinstance(data, Mapping):
        raise Refusal(Stage.DECODE, Reason.ENVELOPE_INVALID, f"{_kind(data)} where an object should be")
    for source, shapes in _SHAPES.items():
        if topic.endswith(source):
            for shape in shapes:
                if shape.fits(data):
                    return shape.read
            seen = ", ".join(shown(name) for name in list(data)[:_MOST_FIELDS_SHOWN]) or "none"
            raise _unknown(f"no format header, and on {source} no shape has the fields {seen}; known formats are {_KNOWN}")
    raise _unknown(f"no format header, and topic {shown(topic)} has no shape of its own; known formats are {_KNOWN}")


def _unknown(message: str) -> Refusal:
    return Refusal(Stage.DETECT, Reason.UNKNOWN_FORMAT, message)


def _kind(data: Any) -> str:
    if data is None:
        return "null"
    return {bool: "a boolean", str: "text", list: "a list in a list"}.get(type(data), "a number")
