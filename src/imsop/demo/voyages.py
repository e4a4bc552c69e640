"""Simulates shipments in transit: duration, events and positions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from stdnum import iso6346

from imsop.demo.company import Link, Place
from imsop.demo.documents import Fix, Shipment, ShipmentLine, ShipmentType, Stop, StopType, TransportMode
from imsop.demo.routes import Route, land_route, sea_route, water_at
from imsop.demo.world import World

_SHIP_KM_PER_DAY = 780
"""17.5 knots, less delays in canals and roadsteads."""
_HANDLING_DAYS = 3
"""In both ports together."""
_LANDING_DAYS: dict[TransportMode, int] = {"ocean": 3, "rail": 3, "road": 0, "courier": 0}
"""From port or yard to the shelf."""
_TRUCK_KM_PER_DAY = 620
_TRAIN_KM_PER_DAY = 500
_COURIER_GRAMS = 30_000
"""Weight limit of parcel services, over land."""
_DELAYED = {"ocean": 0.13, "rail": 0.10, "road": 0.07, "courier": 0.05}
_DELAY_DAYS = {"ocean": (2, 9), "rail": (1, 4), "road": (1, 3), "courier": (1, 2)}
_CUSTOMS_HELD = 0.08
_DELAY_REASONS = {
    "ocean": ("Port congestion", "Bad weather", "Vessel rolled at transshipment", "Canal convoy missed"),
    "rail": ("Track work", "Locomotive failure"),
    "road": ("Traffic accident on the way", "Vehicle breakdown", "Border queue"),
    "courier": ("Missorted parcel", "Recipient not there"),
}

# Interval of position reports, and how many are kept before today.
_HOURS_BETWEEN_FIXES = {"ocean": 20.0, "rail": 8.0, "road": 2.0, "courier": 3.0}
_FEWEST_FIXES, _MOST_FIXES = 5, 40
_UNLOADING_HOURS = (6, 30)
_DAYS_OF_FIXES = {"ocean": 150, "rail": 30, "road": 10, "courier": 10}


class Journey(NamedTuple):
    mode: TransportMode
    route: Route
    days: int
    """Planned days from departure to arrival."""

    @property
    def days_to_the_shelf(self) -> int:
        return self.days + _LANDING_DAYS[self.mode]


def journey(
    origin: Place, destination: Place, link: Link | None = None, weight_grams: int = 10**9
) -> Journey:
    """The transport mode, route and days: by sea between two ports, else over land, or as `link` says.

    Over land, up to _COURIER_GRAMS by parcel service.
    """
    if origin.port and destination.port and link in {None, "ocean"}:
        route = sea_route(origin.port, destination.port)
        return Journey("ocean", route, _HANDLING_DAYS + round(route.length_km / _SHIP_KM_PER_DAY + 0.5))
    route = land_route(origin, destination)
    if link == "rail":
        return Journey("rail", route, 2 + round(route.length_km / _TRAIN_KM_PER_DAY))
    days = max(1, round(route.length_km / _TRUCK_KM_PER_DAY + 0.3))
    return Journey("courier" if weight_grams <= _COURIER_GRAMS else "road", route, days)


def plan_shipment(
    world: World,
    shipment_type: ShipmentType,
    lines: list[ShipmentLine],
    origin: Place,
    destination: Place,
    departs_at: datetime,
    link: Link | None = None,
) -> Shipment:
    """Books a carrier. The random arrival is drawn now, but no record reveals it."""
    rng = world.rng
    weight = sum(world.product(line.product).weight_grams * line.quantity for line in lines)
    way = journey(origin, destination, link, weight)
    late = rng.randint(*_DELAY_DAYS[way.mode]) if rng.random() < _DELAYED[way.mode] else 0
    prefix = {"inbound": "ASN", "outbound": "DN", "transfer": "TR"}[shipment_type]
    carrier, tracking_number = _carrier(world, way.mode)
    shipment = Shipment(
        id=world.new_id(world.now),
        reference=world.new_number(prefix),
        type=shipment_type,
        mode=way.mode,
        carrier=carrier,
        tracking_number=tracking_number,
        origin=origin,
        destination=destination,
        route=way.route,
        lines=lines,
        weight_grams=weight,
        expected_on=world.working_day_after(departs_at.date() + timedelta(days=way.days_to_the_shelf), 0),
        departs_at=departs_at,
        arrives_at=_arrival(world, shipment_type, way, departs_at, late),
    )
    _stop(
        world,
        shipment,
        "created",
        world.now,
        source="warehouse" if shipment_type != "inbound" else "supplier",
    )
    if late:
        reason = rng.choice(_DELAY_REASONS[way.mode])
        noticed = departs_at + (shipment.arrives_at - departs_at) * rng.uniform(0.3, 0.9)
        _stop(world, shipment, "delayed", noticed, payload={"reason": reason, "days": late})
    world.books.shipments.append(shipment)
    return shipment


def _arrival(
    world: World, shipment_type: ShipmentType, way: Journey, departs_at: datetime, late: int
) -> datetime:
    """Ships and trains arrive at any hour; trucks before our gate opens, at customers during the day."""
    if way.mode in {"ocean", "rail"}:
        return departs_at + timedelta(hours=way.days * 24 * world.rng.uniform(0.88, 1.02), days=late)
    day = world.working_day_after(departs_at.date() + timedelta(days=way.days + late), 0)
    return world.at(
        day, world.rng.uniform(0.5, 8) if shipment_type == "outbound" else world.rng.uniform(-2, 0)
    )


def _carrier(world: World, mode: TransportMode) -> tuple[str, str]:
    """Carrier and tracking number: the container's (ISO 6346, with its check digit) or the consignment's."""
    number = world.rng.randrange(10**6)
    if mode == "ocean":
        name, letters = world.rng.choice(world.company.ocean_carriers)
        container = f"{letters}{number:06}"
        return name, container + iso6346.calc_check_digit(container)
    name = "Parcel Post Express" if mode == "courier" else world.rng.choice(world.company.road_carriers)
    letters = "".join(word[0] for word in name.split()).upper()
    return name, f"{letters}{world.day:%y%j}{number:06}"


def depart(world: World, shipment: Shipment, then: Callable[[Shipment], None]) -> None:
    """Departs. `then` is called on the day of receipt."""
    shipment.status, shipment.ship_date = "in_transit", shipment.departs_at.date()
    waited = shipment.departs_at - shipment.stops[0].occurred_at
    _stop(world, shipment, "picked_up", shipment.departs_at - min(waited / 2, timedelta(hours=1)))
    _stop(world, shipment, "departed", shipment.departs_at)
    _tell(world, shipment, "shipment.departed", shipment.departs_at)
    world.schedule(shipment.arrives_at.date(), 0.0, lambda: _arrive(world, shipment, then))


def _arrive(world: World, shipment: Shipment, then: Callable[[Shipment], None]) -> None:
    at = shipment.arrives_at
    if shipment.mode in {"road", "courier"}:
        _stop(world, shipment, "out_for_delivery", at - timedelta(hours=world.rng.uniform(0.5, 3)))
        then(shipment)
        return
    _stop(world, shipment, "arrived", at)
    free = at + timedelta(hours=world.rng.uniform(*_UNLOADING_HOURS))
    abroad = shipment.origin.country != shipment.destination.country
    if shipment.mode == "ocean" and abroad and world.rng.random() < _CUSTOMS_HELD:
        held_at = at + timedelta(hours=world.rng.uniform(3, 12))
        free = held_at + timedelta(days=world.rng.randint(1, 5), hours=world.rng.uniform(0, 6))
        _stop(
            world,
            shipment,
            "customs_hold",
            held_at,
            source="customs",
            payload={"reason": "Documents checked"},
        )
        _stop(world, shipment, "customs_released", free, source="customs")
    world.schedule(world.working_day_after(free.date() + timedelta(days=1), 0), 0.2, lambda: then(shipment))


def deliver(world: World, shipment: Shipment, at: datetime) -> None:
    """The consignee receives the shipment."""
    shipment.status, shipment.delivered_on = "delivered", at.date()
    _stop(world, shipment, "delivered", at, source="warehouse" if shipment.type != "outbound" else None)
    _tell(
        world, shipment, "shipment.delivered", at, days_late=max(0, (at.date() - shipment.expected_on).days)
    )


def cancel(world: World, shipment: Shipment, reason: str) -> None:
    shipment.status = "cancelled"
    _stop(world, shipment, "cancelled", world.now, payload={"reason": reason})


def _tell(world: World, shipment: Shipment, event_type: str, at: datetime, **more: object) -> None:
    world.tell(
        event_type,
        shipment.id,
        "warehouse",
        at,
        reference_id=shipment.reference,
        shipment_type=shipment.type,
        carrier=shipment.carrier,
        transport_mode=shipment.mode,
        **more,
    )


def _stop(
    world: World,
    shipment: Shipment,
    event_type: StopType,
    at: datetime,
    *,
    source: str | None = None,
    payload: dict[str, object] | None = None,
) -> None:
    """Records an event with its location; those after the end of the simulation are left out."""
    if at < world.end:
        location, _, _ = _seen(shipment, at)
        shipment.stops.append(Stop(event_type, location, source or shipment.carrier, at, payload))


def _seen(shipment: Shipment, at: datetime) -> tuple[str, float, float]:
    """Location by name, latitude and longitude; travels at constant speed."""
    way = (at - shipment.departs_at) / (shipment.arrives_at - shipment.departs_at)
    position = shipment.route.at(way)
    if way <= 0 or way >= 1:
        name = (shipment.destination if way >= 1 else shipment.origin).name
    elif shipment.mode == "ocean":
        name = water_at(position)
    else:
        name = f"{shipment.route.length_km * (1 - way):,.0f} km to {shipment.destination.city}"
    return name, *position


def fixes(world: World) -> list[Fix]:
    """Positions of the shipments of the last months, in chronological order."""
    seen: list[Fix] = []
    for shipment in world.books.shipments:
        known_since = world.end - timedelta(days=_DAYS_OF_FIXES[shipment.mode])
        if shipment.ship_date is None or shipment.departs_at < known_since:
            continue
        under_way = min(shipment.arrives_at, world.end) - shipment.departs_at
        hours = under_way.total_seconds() / 3600
        count = round(hours / _HOURS_BETWEEN_FIXES[shipment.mode])
        count = min(max(count, _FEWEST_FIXES), _MOST_FIXES)
        for number in range(count):
            at = shipment.departs_at + under_way * number / (count - 1)
            status = "arrived" if at >= shipment.arrives_at else "under_way" if number else "departed"
            seen.append(Fix(shipment.id, *_seen(shipment, at), status, at))
    seen.sort(key=lambda fix: (fix.timestamp, fix.shipment))
    return seen
