"""The ordinary course of an order, step by step: what most situations are made of.

Each step lets some time pass, has the source in charge say what it says, and notes the truth.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from streams.day.sources import carrier as carriers
from streams.day.sources import erp, tms, wms
from streams.day.story import Story
from streams.day.truth import Amounts, Line, Order, Shipment, add
from streams.day.world import BY_COMPANY, CARRIERS, COMPANIES, CONTRACTS, FREIGHT, UPS, Carrier, Company, Contract

__all__ = [
    "agreed",
    "depart",
    "expect_order",
    "goods_issue",
    "hand_over",
    "load",
    "new_line",
    "new_shipment",
    "on_vehicle",
    "order",
    "part_of",
    "prove",
    "rest_of",
    "travel",
    "trusted",
]

_UNITS: Final = ("EA", "EA", "EA", "KG", "M")
_SIZES: Final = (1, 1, 1, 2, 2, 3, 4, 5, 8, 12)
"""Lines an order: most are short, some long."""


def agreed(story: Story, *triggers: str, company: Company | None = None, partial: bool | None = None) -> tuple[Company, Contract]:
    """A company and one of its contracts in force, with one of these triggers (any, if none is named)."""
    company = company or story.pick(COMPANIES)
    fitting = [
        contract
        for contract in CONTRACTS
        if contract.currency == BY_COMPANY[company.code]
        and not contract.expired
        and not contract.late
        and (not triggers or contract.trigger in triggers)
        and (partial is None or contract.partial is partial)
        and contract.auto_confirm_days is None
    ]
    return company, story.pick(fitting)


def expect_order(story: Story, company: Company, contract: Contract, *, lines: int = 0, number: str = "") -> Order:
    """An order that exists, but that its ERP has not announced yet."""
    new = Order(
        company=company,
        number=(number or story.order_number(company.sap_numbers)).lstrip("0"),
        contract=contract,
        warehouse=story.pick(company.warehouses),
        customer=f"CUST-{1 + story.below(400):04d}",
        lines={str((place + 1) * company.line_step): new_line(story, company) for place in range(lines or story.pick(_SIZES))},
        situation="",
        currency=BY_COMPANY[company.code],
    )
    story.orders.append(new)
    return new


def order(story: Story, company: Company, contract: Contract, *, lines: int = 0, number: str = "") -> Order:
    """A new order, released by its ERP."""
    new = expect_order(story, company, contract, lines=lines, number=number)
    erp.announce(story, new)
    return new


def new_shipment(story: Story, *orders: Order, carrier: Carrier | None = None, packages: int = 1) -> Shipment:
    """A consignment for these orders with a carrier; several packages are tracked one by one."""
    carrier = carrier or story.pick(CARRIERS)
    return Shipment(
        number=f"S{story.number()}",
        carrier=carrier,
        orders=list(orders),
        references=[_reference(story, carrier) for _ in range(packages)],
        packages=packages > 1,
    )


def load(story: Story, shipment: Shipment, *, plan_hours_late: float = 0.0) -> None:
    """Picked, planned, and all that is ordered issued: the goods are on the dock's other side."""
    for one in shipment.orders:
        story.wait(0.3, 3)
        wms.pick(story, one)
    story.wait(0.1, 1)
    tms.plan(story, shipment, plan_hours_late)
    for one in shipment.orders:
        goods_issue(story, shipment, one, one.ordered())


def goods_issue(story: Story, shipment: Shipment, one: Order, amounts: Amounts, *, links: bool = False) -> None:
    """These quantities of the order leave the warehouse."""
    story.wait(0.2, 1.5)
    wms.issue(story, one, shipment, amounts, links=links)


def depart(story: Story, shipment: Shipment) -> None:
    """Collected by the carrier; freight is also reported by the TMS."""
    story.wait(0.2, 1)
    _scan(story, shipment, "PICKED_UP")
    story.wait(0.2, 1)
    if shipment.carrier is FREIGHT:
        tms.progress(story, shipment, "DISPATCHED")
    else:
        _scan(story, shipment, "DEPARTED")


def on_vehicle(story: Story, shipment: Shipment, hours_late: float = 0.0) -> None:
    """On the road, then on the vehicle that delivers."""
    story.wait(2, 9)
    _scan(story, shipment, "IN_TRANSIT", hours_late)
    story.wait(2, 9)
    _scan(story, shipment, "ON_VEHICLE")


def travel(story: Story, shipment: Shipment) -> None:
    """From the dock to the consignee's street."""
    depart(story, shipment)
    on_vehicle(story, shipment)


def hand_over(story: Story, shipment: Shipment, by: str = "carrier") -> None:
    """All that the shipment holds is delivered, as the carrier's scan, the TMS, or both say of the same moment."""
    story.wait(0.5, 4)
    if by != "tms":
        for reference in shipment.references:
            carriers.scan(story, shipment, "DELIVERED", reference=reference)
    if by != "carrier":
        tms.deliver(story, shipment)
    for one in shipment.orders:
        for _ in range(len(shipment.references) if by != "tms" else 1):
            one.reached("DELIVERED")
        one.handed_over = True
        trusted(shipment, one, one.delivered)


def trusted(shipment: Shipment, one: Order, total: Amounts) -> None:
    """Count all that the shipment holds of the order into `total`, if anybody said what that is."""
    if one.id in shipment.contents:
        add(total, shipment.contents[one.id].items())
    else:
        one.contents_unknown = True


def prove(story: Story, shipment: Shipment, *, hours: float = 2.0) -> None:
    """The proof of delivery: from the carrier where its format has a word for it, else from the TMS."""
    story.wait(hours / 4, hours)
    if shipment.carrier is UPS or shipment.packages:
        tms.prove(story, shipment)
    else:
        carriers.scan(story, shipment, "POD", signed_by="A. Silva", document=f"img/{shipment.references[0]}")
    for one in shipment.orders:
        one.reached("POD_RECEIVED")
        trusted(shipment, one, one.proven)


def part_of(story: Story, one: Order) -> Amounts:
    """Some of what is ordered: of the first line a part, of each other line all, a part or nothing."""
    part: Amounts = {}
    for number, quantity in one.ordered().items():
        lot = story.below(3) if part else 1
        if lot:
            part[number] = quantity if lot == 2 else (quantity * (30 + story.below(40)) / 100).quantize(quantity)
    return part


def rest_of(one: Order, amounts: Amounts) -> Amounts:
    """What is ordered without these quantities."""
    rest = {number: quantity - amounts.get(number, Decimal(0)) for number, quantity in one.ordered().items()}
    return {number: quantity for number, quantity in rest.items() if quantity}


def _scan(story: Story, shipment: Shipment, code: str, hours_late: float = 0.0) -> None:
    milestone = "IN_TRANSIT" if shipment.carrier is UPS and code == "DEPARTED" else carriers.MILESTONES[code]
    for reference in shipment.references:
        carriers.scan(story, shipment, code, reference=reference, hours_late=hours_late)
    for one in shipment.orders:
        one.progress = milestone
        one.milestones[milestone] += len(shipment.references)


def new_line(story: Story, company: Company) -> Line:
    """Something to order."""
    uom = story.pick(_UNITS)
    fraction = Decimal(1000 + story.below(90_000)).scaleb(-3 if uom == "KG" else -2)
    quantity = Decimal(2 + story.below(60)) if uom == "EA" else fraction
    if BY_COMPANY[company.code] == "JPY":
        price = Decimal(10 + story.below(40_000)).scaleb(-1 if uom == "KG" else 0)
    else:
        price = Decimal(5 + story.below(90_000)).scaleb(-4 if uom == "M" else -2)
    return Line(f"SKU-{story.below(5_000):05d}", quantity, uom, price)


def _reference(story: Story, carrier: Carrier) -> str:
    if carrier is UPS:
        return f"1ZR7X4{story.number()}8"
    if carrier is FREIGHT:
        return story.number()
    return f"BLP{story.number()}DE"
