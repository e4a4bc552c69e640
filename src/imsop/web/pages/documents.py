"""Shared by the pages of both kinds of order: line states, names in the history, lines by quarter."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Literal, Protocol, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response
from litestar.response import Redirect
from markupsafe import Markup
from msgspec import Struct

from imsop.core.database import Connection
from imsop.core.errors import Conflict, DomainError, InvalidInput, PreconditionFailed
from imsop.core.fields import Reason, ShortName
from imsop.documents.lifecycle import Lifecycle
from imsop.identity.actor import Actor
from imsop.identity.people.queries import list_user_names
from imsop.identity.request import TenantRequest
from imsop.ui.language import N_
from imsop.ui.parts import Chart, Column, Series
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import attempt, form_of

Flag = Literal["true"]
"""A boolean filter: present as "true", or absent."""


RECENT = 8
"""Orders shown of a supplier or customer; a link leads to all."""


SHIPMENTS = 100
"""Shipments shown of an order."""


HISTORY = 100


MAILS = 20


SHIPMENT_COLUMNS = (
    Column("reference", N_("Number")),
    Column("state", N_("Status")),
    Column("carrier", N_("Carrier")),
    Column("left", N_("Shipped"), "date"),
    Column("expected", N_("Expected"), "date"),
    Column("arrived", N_("Delivered"), "date"),
)


ORDER_COLUMNS = (
    Column("number", N_("Number")),
    Column("status", N_("Status")),
    Column("ordered", N_("Ordered"), "date"),
    Column("expected", N_("Expected"), "date"),
    Column("total", N_("Total"), "number"),
)
"""Columns of a partner's newest orders."""


LineStatus = Literal[
    "", "open", "partial", "overdue", "shipped", "on_time", "late", "received", "short_closed"
]


def line_status(
    status: str, *, ordered: int, done: int, due_on: date | None, done_on: date | None, today: date
) -> LineStatus:
    """The state of an order line, a code of `imsop.ui.words`; `done` is the received or shipped quantity.

    Empty while the order is a draft and after it was cancelled.
    """
    if status in ("draft", "cancelled"):
        return ""
    if done >= ordered and done_on is not None:
        if due_on is None:
            return "received"
        return "on_time" if done_on <= due_on else "late"
    if status in ("received", "delivered"):
        return "short_closed" if done < ordered else "received"
    if due_on is not None and due_on < today:
        return "overdue"
    if done >= ordered:
        return "shipped"
    return "partial" if done else "open"


class Line(Protocol):
    """The fields that lines of both kinds of order share."""

    @property
    def id(self) -> UUID: ...
    @property
    def quantity_ordered(self) -> int: ...
    @property
    def due_on(self) -> date | None: ...
    @property
    def actual_delivery_date(self) -> date | None: ...


AnyLine = TypeVar("AnyLine", bound=Line)


def line_statuses(
    lines: Iterable[AnyLine], status: Callable[[AnyLine], str], done: Callable[[AnyLine], int], today: date
) -> dict[UUID, LineStatus]:
    """States of lines by their ids; `status` reads a line's order status, `done` its quantity."""
    return {
        line.id: line_status(
            status(line), ordered=line.quantity_ordered, done=done(line), due_on=line.due_on,
            done_on=line.actual_delivery_date, today=today,
        )
        for line in lines
    }  # fmt: skip


def is_open_or_late(is_open: Flag | None, is_late: Flag | None, day: date) -> dict[str, Any]:
    """Query filters from the flags of a list of orders; late implies open."""
    return {"open": True if is_open and not is_late else None, "late": day if is_late else None}


Outcome = Literal[
    "due", "on_time", "late", "in_full", "not_in_full", "on_time_in_full", "not_on_time_in_full", "open",
    "overdue", "timed",
]  # fmt: skip


def lines_counted(outcome: Outcome | None, day: date, due_before: date | None) -> dict[str, Any]:
    """Query filters for the lines that a figure counts; `day` is today, `due_before` an exclusive limit.

    Late: not on time, received or not. Overdue: late and still open.
    """
    before = min(day, due_before) if due_before else day
    match outcome:
        case "due":
            return {"agreed": True, "due_before": before}
        case "on_time" | "late":
            return {"agreed": True, "due_before": before, "on_time": outcome == "on_time"}
        case "in_full" | "not_in_full":
            return {"agreed": True, "due_before": before, "in_full": outcome == "in_full"}
        case "on_time_in_full" | "not_on_time_in_full":
            wanted = outcome == "on_time_in_full"
            return {"agreed": True, "due_before": before, "on_time_in_full": wanted}
        case "overdue":
            return {"open": True, "due_before": before}
        case "open":
            return {"open": True, "due_before": due_before}
        case "timed":
            return {"timed": True, "due_before": due_before}
        case None:
            return {"due_before": due_before}


LINES_DAYS = 30
"""How far back, and ahead, the lines of all partners are listed, unless days are given."""


def days_listed(due_from: date | None, due_before: date | None, day: date) -> tuple[date, date]:
    """The first day whose lines are listed and the day after the last; `day` is today."""
    before = due_before or max(due_from or day, day) + timedelta(days=LINES_DAYS)
    return min(due_from or min(before, day) - timedelta(days=LINES_DAYS), before), before


class Change(Protocol):
    """An entry of an order's history."""

    @property
    def changed_by(self) -> UUID | None: ...


async def names_of(
    connection: Connection, actor: Actor, history: Iterable[Change], *others: UUID | None
) -> dict[UUID, str]:
    """Names by id of the users who made these changes, and of the given others."""
    mentioned = {*(entry.changed_by for entry in history), *others}
    return await list_user_names(connection, actor.organization_id, [id_ for id_ in mentioned if id_])


_LINE_FIELD = re.compile(r"lines\[([0-9]+)\]\.(\w+)")
_LINE_FIELDS = {
    "quantity": N_("Quantity"),
    "unit_price": N_("Unit price"),
    "quantity_closed": N_("Closed"),
}


class LinesChange(Protocol):
    """An entry of an order's history, with what it changed of lines."""

    @property
    def id(self) -> UUID: ...
    @property
    def changes(self) -> dict[str, Any] | None: ...


def line_changes(history: Iterable[LinesChange], gettext: Callable[[str], str]) -> dict[UUID, list[str]]:
    """What entries changed of lines, such as "Line 2, Quantity: 100 → 90", by the entry's id."""
    told: dict[UUID, list[str]] = {}
    for entry in history:
        for key, change in (entry.changes or {}).items():
            if found := _LINE_FIELD.fullmatch(key):
                line = gettext(N_("Line %(n)s")) % {"n": found[1]}
                field = gettext(_LINE_FIELDS[found[2]])
                told.setdefault(entry.id, []).append(f"{line}, {field}: {change['old']} → {change['new']}")
    return told


class VerbForm(Struct, frozen=True, forbid_unknown_fields=True):
    """The form behind a transition's button; `version` is that of the page."""

    version: ShortName
    reason: Reason | None = None


class ReversalForm(Struct, frozen=True, forbid_unknown_fields=True):
    """The form behind the button that reverses a posted document, which has no versions."""

    form_key: ShortName
    reason: Reason


class ShowsDocument(Protocol):
    """Renders a document's page in its current state, with an error message."""

    async def __call__(
        self, request: TenantRequest, document_id: UUID, refusal: DomainError, /
    ) -> Response[Any]: ...


async def act(
    request: StrictRequest, lifecycle: Lifecycle, path: str, document_id: UUID, verb: str, show: ShowsDocument
) -> Response[Any]:
    """Runs a transition from a page's button; redirects to the document, or shows it with the error."""
    connection, actor = await request.begin()
    try:
        sent = form_of(request, VerbForm)
        async with attempt(connection):
            transition = lifecycle.of(verb)
            body = None
            if transition.body is not None and transition.needs_reason and sent.reason is not None:
                body = msgspec.convert({"reason": sent.reason}, transition.body)
            await lifecycle.apply(connection, actor, document_id, verb, sent.version, body)
    except (Conflict, PreconditionFailed, InvalidInput) as refusal:
        return await show(request, document_id, refusal)
    return Redirect(f"{path}/{document_id}?done={verb}", status_code=303)


class QuarterOfLines(Protocol):
    @property
    def begins_on(self) -> date: ...
    @property
    def due(self) -> int: ...
    @property
    def on_time(self) -> int: ...


def chart_of_quarters(quarters: Sequence[QuarterOfLines], lines: str, gettext: Callable[[str], str]) -> Chart:
    """A chart of due lines by quarter, on time and not; each quarter links to its lines at `lines`."""
    return Chart(
        "stacked",
        gettext(N_("Lines due by quarter")),
        gettext(N_("Quarter")),
        [
            link(
                f"Q{quarter.begins_on.month // 3 + 1} {quarter.begins_on.year}",
                lines,
                outcome="due",
                due_from=quarter.begins_on,
                due_before=next_quarter(quarter.begins_on),
            )
            for quarter in quarters
        ],
        [
            Series(gettext(N_("On time")), [quarter.on_time for quarter in quarters], "tone-good"),
            Series(
                gettext(N_("Not on time")),
                [quarter.due - quarter.on_time for quarter in quarters],
                "tone-bad",
            ),
        ],
    )


def next_quarter(begins_on: date) -> date:
    months = begins_on.year * 12 + begins_on.month - 1 + 3
    return date(months // 12, months % 12 + 1, 1)


def link(label: str, path: str, **parameters: object) -> Markup:
    """An axis label that links to the rows it counts."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return Markup('<a href="{}?{}">{}</a>').format(path, urlencode(given), label)
