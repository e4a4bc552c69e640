"""Transport routes: real sea routes between real ports, and straight lines over land."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from imsop.demo.company import Place, distance_km

_Point = tuple[float, float]
"""Longitude, continued beyond 180 if a route crosses the date line, and latitude."""

# In degrees south, north, west, east. The first match wins, so narrow waters come first.
_WATERS = (
    ("Strait of Dover", (50.7, 51.4, 0.9, 2.2)),
    ("Suez Canal", (29.8, 31.4, 32.2, 32.7)),
    ("Panama Canal", (8.8, 9.5, -80.1, -79.4)),
    ("Strait of Gibraltar", (35.7, 36.3, -6.0, -5.1)),
    ("Strait of Hormuz", (25.6, 27.0, 55.8, 57.2)),
    ("Bosporus", (40.9, 41.3, 28.9, 29.3)),
    ("Strait of Malacca", (1.0, 6.5, 97.5, 104.2)),
    ("Bab el-Mandeb", (12.3, 13.4, 42.8, 43.8)),
    ("English Channel", (48.4, 51.0, -6.0, 1.5)),
    ("Skagerrak", (57.0, 59.5, 7.5, 10.8)),
    ("Kattegat", (55.9, 58.0, 10.3, 13.0)),
    ("Baltic Sea", (53.8, 60.0, 9.5, 24.0)),
    ("North Sea", (51.0, 61.0, -2.5, 9.5)),
    ("Bay of Biscay", (43.3, 48.4, -10.0, -1.0)),
    ("Black Sea", (41.0, 46.5, 27.8, 41.5)),
    ("Aegean Sea", (35.5, 41.0, 22.8, 27.8)),
    ("Tyrrhenian Sea", (38.0, 44.5, 8.0, 16.0)),
    ("Mediterranean Sea", (30.5, 45.0, -5.5, 36.5)),
    ("Red Sea", (12.5, 30.0, 32.0, 43.8)),
    ("Persian Gulf", (23.5, 30.5, 48.0, 56.5)),
    ("Gulf of Aden", (10.5, 16.0, 43.0, 52.0)),
    ("Arabian Sea", (5.0, 26.0, 50.0, 77.5)),
    ("Bay of Bengal", (5.0, 22.0, 77.5, 98.0)),
    ("Gulf of Thailand", (6.5, 14.0, 99.0, 104.5)),
    ("Celebes Sea", (1.0, 6.9, 118.0, 125.6)),
    ("Sulu Sea", (5.0, 11.5, 118.0, 123.5)),
    ("South China Sea", (-4.0, 23.0, 104.0, 121.0)),
    ("East China Sea", (23.0, 33.5, 117.0, 130.0)),
    ("Yellow Sea", (33.5, 41.0, 117.0, 126.5)),
    ("Korea Strait", (33.5, 35.6, 126.5, 132.0)),
    ("Sea of Japan", (35.6, 48.0, 127.5, 140.2)),
    ("Gulf of Mexico", (18.0, 31.0, -98.0, -81.5)),
    ("Caribbean Sea", (8.5, 21.5, -88.0, -60.0)),
    ("Gulf of Saint Lawrence", (45.0, 51.5, -74.0, -57.0)),
    ("Indian Ocean", (-45.0, 26.0, 40.0, 100.0)),
    ("North Pacific", (0.0, 8.5, -98.0, -77.0)),
    ("North Atlantic", (0.0, 68.0, -98.0, 0.0)),
    ("South Atlantic", (-60.0, 0.0, -65.0, 20.0)),
    ("North Pacific", (0.0, 66.0, 100.0, 180.0)),
    ("North Pacific", (0.0, 66.0, -180.0, -77.0)),
    ("South Pacific", (-60.0, 0.0, -180.0, -66.0)),
)


class Position(NamedTuple):
    """Degrees, rounded to five decimals: about a metre."""

    latitude: float
    longitude: float


class Route(NamedTuple):
    """A route with the cumulative kilometres at each of its points."""

    points: tuple[_Point, ...]
    kilometres: tuple[float, ...]

    @property
    def length_km(self) -> float:
        return self.kilometres[-1]

    def at(self, way: float) -> Position:
        """The position after this share of the route, 0 to 1."""
        gone = min(max(way, 0.0), 1.0) * self.length_km
        leg = min(bisect_right(self.kilometres, gone), len(self.points) - 1)
        begins, ends = self.kilometres[leg - 1], self.kilometres[leg]
        part = (gone - begins) / (ends - begins) if ends > begins else 0.0
        (from_longitude, from_latitude), (to_longitude, to_latitude) = self.points[leg - 1], self.points[leg]
        longitude = from_longitude + (to_longitude - from_longitude) * part
        latitude = from_latitude + (to_latitude - from_latitude) * part
        return Position(round(latitude, 5), round((longitude + 180) % 360 - 180, 5))


@cache
def sea_route(origin: str, destination: str) -> Route:
    """The shortest sea route between two ports, by UN/LOCODE.

    The first call loads the sea network: a second or two, and a quarter of a gigabyte.
    """
    import searoute  # noqa: PLC0415 - its data is needed in the simulating process only

    ports = _ports()
    way = searoute.searoute(ports[origin], ports[destination])
    points = [(longitude, latitude) for longitude, latitude in way["geometry"]["coordinates"]]
    # The network ends off the ports, at most a day away.
    return _route([_beside(ports[origin], points[0]), *points, _beside(ports[destination], points[-1])])


def _beside(point: _Point, other: _Point) -> _Point:
    """The same point with its longitude shifted by full turns to be nearest to the other's."""
    longitude, latitude = point
    return longitude + 360 * round((other[0] - longitude) / 360), latitude


@cache
def _ports() -> dict[str, _Point]:
    from searoute.data.ports_dict import node_list  # noqa: PLC0415 - see sea_route

    return {port["port"]: place for place, port in node_list.items()}


@cache
def land_route(origin: Place, destination: Place) -> Route:
    """The straight line: roads and rails are not modelled."""
    return _route([(place.longitude, place.latitude) for place in (origin, destination)])


def _route(points: Sequence[_Point]) -> Route:
    kilometres = [0.0]
    for (from_longitude, from_latitude), (to_longitude, to_latitude) in pairwise(points):
        leg = distance_km(
            Place("", "", from_latitude, from_longitude), Place("", "", to_latitude, to_longitude)
        )
        kilometres.append(kilometres[-1] + leg)
    return Route(tuple(points), tuple(kilometres))


def water_at(position: Position) -> str:
    """The name of the sea or strait at a position."""
    for name, (south, north, west, east) in _WATERS:
        if south <= position.latitude <= north and west <= position.longitude <= east:
            return name
    return "At sea"
