"""The demo's transport routes: by sea between ports, never over land; straight where there is no sea."""

from itertools import pairwise

import pytest

from imsop.demo.catalogue import foods, tools
from imsop.demo.company import Place, distance_km
from imsop.demo.routes import Position, Route, land_route, sea_route, water_at

STEPS = 400

# Areas in degrees south, north, west, east that are certainly land, on every continent that a straight line
# between two ports would cross.
INLAND = {
    "Iberia": (38.5, 42.5, -6.5, -2.0),
    "France": (44.5, 48.5, 0.5, 5.5),
    "Germany and Poland": (49.0, 52.5, 8.0, 22.0),
    "Balkans": (42.0, 45.0, 19.5, 26.5),
    "Anatolia": (37.5, 40.0, 31.0, 40.0),
    "Sahara": (16.0, 29.0, -8.0, 29.0),
    "Congo": (-10.0, 3.0, 14.0, 36.0),
    "Arabia": (18.0, 27.0, 42.5, 48.0),
    "Iran": (29.5, 36.0, 51.5, 60.0),
    "India": (16.0, 25.0, 75.0, 79.5),
    "Indochina": (14.5, 20.0, 101.0, 105.0),
    "China": (24.5, 38.0, 102.0, 115.0),
    "Sumatra": (-3.0, -1.0, 101.5, 103.5),
    "Borneo": (-1.5, 1.5, 111.0, 116.0),
    "Honshu": (36.0, 36.7, 137.5, 139.5),
    "United States": (33.0, 45.0, -116.5, -91.0),
    "Appalachia": (33.5, 42.0, -91.0, -79.5),
    "Mexico": (20.5, 28.0, -104.0, -99.0),
    "Guiana and Amazon": (-18.0, 4.0, -70.0, -52.0),
    "Patagonia": (-45.0, -20.0, -69.5, -66.0),
    "Australia": (-32.0, -18.0, 120.0, 145.0),
}


def positions(route: Route) -> list[Position]:
    return [route.at(step / STEPS) for step in range(STEPS + 1)]


def ports_linked() -> list[tuple[Place, Place]]:
    """All sea routes of the two companies."""
    linked = []
    for company in (foods(), tools()):
        hubs = [warehouse.place for warehouse in company.warehouses]
        linked += [(supplier.place, hubs[supplier.warehouse]) for supplier in company.suppliers]
        linked += [(hub, place) for hub in hubs for _, place in company.export_customers]
        linked += [(hub, other) for hub in hubs for other in hubs if hub != other]
    return [(origin, destination) for origin, destination in linked if origin.port and destination.port]


def test_no_ship_crosses_land() -> None:
    ways = ports_linked()
    assert len(ways) > 60
    for origin, destination in ways:
        for position in positions(sea_route(origin.port or "", destination.port or "")):
            for name, (south, north, west, east) in INLAND.items():
                inside = south < position.latitude < north and west < position.longitude < east
                assert not inside, f"{origin.name} to {destination.name} crosses {name} at {position}"


def test_a_straight_line_is_detected() -> None:
    agadir, naples = Place("", "", 30.43, -9.55), Place("", "", 40.84, 14.26)
    crossed = {
        name
        for position in positions(land_route(agadir, naples))
        for name, (south, north, west, east) in (INLAND | {"Atlas": (31.0, 35.5, -7.0, 8.0)}).items()
        if south < position.latitude < north and west < position.longitude < east
    }
    assert crossed == {"Atlas"}


def test_a_route_connects_its_ports_without_gaps() -> None:
    for origin, destination in ports_linked():
        route = sea_route(origin.port or "", destination.port or "")
        places = [Place("", "", *position) for position in positions(route)]
        assert distance_km(places[0], origin) < 10
        assert distance_km(places[-1], destination) < 10
        assert route.length_km >= distance_km(origin, destination)
        step_km = route.length_km / STEPS
        assert max(distance_km(a, b) for a, b in pairwise(places)) < step_km * 1.1 + 1


@pytest.mark.parametrize(
    ("origin", "destination", "through", "between_km"),
    [
        ("THLCH", "NLRTM", {"Strait of Malacca", "Red Sea", "Suez Canal", "English Channel"}, (16500, 18500)),
        ("CNNGB", "USLGB", {"East China Sea", "North Pacific"}, (10000, 11500)),
        ("TRIZM", "NLRTM", {"Aegean Sea", "Strait of Gibraltar", "English Channel"}, (5400, 6300)),
        ("PEPAI", "NLRTM", {"Panama Canal", "Caribbean Sea", "North Atlantic"}, (9500, 11000)),
    ],
)  # fmt: skip
def test_routes_pass_the_expected_waters(
    origin: str, destination: str, through: set[str], between_km: tuple[int, int]
) -> None:
    route = sea_route(origin, destination)
    assert through <= {water_at(position) for position in positions(route)}
    shortest, longest = between_km
    assert shortest < route.length_km < longest


def test_a_route_across_the_date_line_stays_within_the_map() -> None:
    longitudes = [position.longitude for position in positions(sea_route("CNNGB", "USLGB"))]
    assert min(longitudes) < -170
    assert max(longitudes) > 170
    assert all(-180 <= longitude <= 180 for longitude in longitudes)


def test_positions_at_0_and_1_are_the_ends() -> None:
    there, here = Place("", "", 50.0, 5.0), Place("", "", 52.0, 9.0)
    route = land_route(there, here)
    assert route.at(-0.5) == route.at(0) == Position(50.0, 5.0)
    assert route.at(1.5) == route.at(1) == Position(52.0, 9.0)
    assert route.at(0.5) == Position(51.0, 7.0)
    assert route.length_km == pytest.approx(distance_km(there, here))
