"""Parameters of the components: plain values that a page derives from its rows."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from imsop.ui.language import Number

Tone = Literal["tone-good", "tone-warning", "tone-bad", "tone-active", "tone-quiet"]
"""What a colour says; tokens.css has the colours."""


class Column(NamedTuple):
    """A column of a list. `label` is marked with N_; `sort` is the sort key that the list accepts for it."""

    name: str
    label: str
    kind: Literal["text", "number", "date"] = "text"
    sort: str | None = None
    shown: bool = True
    """Whether it is there until the reader chooses otherwise. The first column always is."""


class TimelineEntry(NamedTuple):
    at: datetime
    title: str
    detail: str = ""
    href: str = ""
    tone: Tone = "tone-active"


class Series(NamedTuple):
    """One data series of a chart, one value for each position of the axis; None where there is none."""

    label: str
    values: Sequence[Number | None]
    tone: Tone = "tone-active"
    is_limit: bool = False
    """A line to compare with, such as the reorder level: dashed."""


class Chart(NamedTuple):
    """A chart. `step` holds each value until the next, as stock does; `histogram` is bars that touch."""

    kind: Literal["line", "step", "bar", "stacked", "histogram"]
    title: str
    along: str
    """What the places along the chart are: "Day", "Lead time in days"."""
    places: Sequence[date | str]
    series: Sequence[Series]
    digits: int | None = None
    currency: str | None = None


class Marker(NamedTuple):
    """A shipment on the map. Longitude comes before latitude, as in x, y."""

    id: str
    label: str
    href: str
    longitude: float
    latitude: float
    place: str
    state: str
    tone: Tone = "tone-active"
    route: Sequence[tuple[float, float]] = ()
    seen_at: datetime | None = None
