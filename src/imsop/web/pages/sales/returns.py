"""Pages of returns from customers: the list, its export, the return, and the form that authorizes one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect
from msgspec import Struct

from imsop.core import edits
from imsop.core.errors import DomainError, FieldError, InvalidInput
from imsop.core.fields import ShortName, Text, Text100
from imsop.core.listing import Cursor
from imsop.identity.guard import allow
from imsop.identity.people.queries import list_user_names
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.sales.customers.queries import get_customer
from imsop.sales.orders.actions import DRAFTS
from imsop.sales.returns import actions, queries
from imsop.sales.returns.events import CUSTOMER_RETURN_AUTHORIZED
from imsop.sales.returns.lifecycle import LIFECYCLE
from imsop.sales.returns.models import (
    CustomerReturn,
    CustomerReturnLine,
    CustomerReturnStatus,
    Disposal,
    DisposedLine,
    NewCustomerReturn,
    NewCustomerReturnLine,
    ReceivedLine,
    Receiving,
)
from imsop.sales.returns.queries import Returnable
from imsop.ui.language import N_, DecimalMark
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.requests import StrictRequest
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.documents import act
from imsop.web.pages.forms import attempt, filled_form, require_write
from imsop.web.pages.line_forms import Refused, at_inputs, quantity, show_form, typed
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import CUSTOMER, WAREHOUSE, IdOrName, filter_routes, pick, require

ROW_FILTERS = (CUSTOMER, WAREHOUSE)
COLUMNS = (
    Column("number", N_("Number")),
    Column("status", N_("Status")),
    Column("order", N_("Sales order")),
    Column("customer", N_("Customer")),
    Column("warehouse", N_("Warehouse")),
    Column("authorized", N_("Authorized"), "number"),
    Column("received", N_("Received"), "number"),
    Column("created", N_("Created"), "date", sort="created_at"),
)
CELLS: dict[str, Callable[[CustomerReturn], object]] = {
    "return_number": lambda row: row.return_number,
    "status": lambda row: row.status,
    "so_number": lambda row: row.so_number,
    "customer": lambda row: row.customer_name,
    "warehouse": lambda row: row.warehouse_name,
    "quantity": lambda row: row.quantity,
    "quantity_received": lambda row: row.quantity_received,
    "customer_reference": lambda row: row.customer_reference,
    "received_at": lambda row: row.received_at,
    "created_at": lambda row: row.created_at,
    "sales_order_id": lambda row: row.sales_order_id,
    "id": lambda row: row.id,
}
ReturnSort = Literal["-created_at", "created_at"]


@get("/customer-returns", opt=allow(Permission.CUSTOMER_RETURNS_READ), include_in_schema=False)
async def customer_returns_page(
    request: TenantRequest,
    status: CustomerReturnStatus | None = None,
    sales_order_id: UUID | None = None,
    customer_id: IdOrName | None = None,
    warehouse_id: IdOrName | None = None,
    sort: ReturnSort = "-created_at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, customer_id=customer_id, warehouse_id=warehouse_id)
    shown = await show(
        connection, actor, queries.RETURNS, COLUMNS, sort=sort, cursor=cursor, before=before,
        status=status, sales_order_id=sales_order_id, **picked.ids,
    )  # fmt: skip
    return render(
        request,
        "pages/sales/returns.html",
        status=picked.status,
        shown=shown,
        picked=picked,
        states=get_args(CustomerReturnStatus),
        order=sales_order_id and await DRAFTS.require(connection, actor, sales_order_id),
    )


@get(
    ["/customer-returns.csv", "/customer-returns.xlsx"],
    opt=allow(Permission.CUSTOMER_RETURNS_READ),
    include_in_schema=False,
)
async def export_customer_returns(
    request: TenantRequest,
    status: CustomerReturnStatus | None = None,
    sales_order_id: UUID | None = None,
    customer_id: IdOrName | None = None,
    warehouse_id: IdOrName | None = None,
    sort: ReturnSort = "-created_at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, customer_id=customer_id, warehouse_id=warehouse_id)
    return await export(
        request, queries.RETURNS, CELLS, sort=sort, status=status, sales_order_id=sales_order_id, **rows,
        decimal=decimal,
    )  # fmt: skip


@get(
    "/customer-returns/{customer_return_id:uuid}",
    opt=allow(Permission.CUSTOMER_RETURNS_READ),
    include_in_schema=False,
)
async def customer_return_page(
    request: TenantRequest, customer_return_id: UUID, done: ShortName | None = None
) -> Response[bytes]:
    return await _return(request, customer_return_id, done=done)


@post(
    "/customer-returns/{customer_return_id:uuid}/{verb:str}",
    opt=allow(
        Permission.CUSTOMER_RETURNS_WRITE,
        emits=tuple(event for one in LIFECYCLE.transitions for event in (one.emits, *one.emits_too)),
    ),
    status_code=303,
    include_in_schema=False,
)
async def act_on_customer_return(
    request: StrictRequest, customer_return_id: UUID, verb: str
) -> Response[Any]:
    """Receives or disposes of what was entered per line; cancels with a reason."""
    if verb not in ("receive", "dispose"):
        return await act(request, LIFECYCLE, "/customer-returns", customer_return_id, verb, _return)
    connection, actor = await request.begin()
    fields = request.fields()
    lines = await queries.list_lines(connection, actor.organization_id, customer_return_id)
    try:
        body = _received(fields, lines) if verb == "receive" else _disposed(fields, lines)
        async with attempt(connection):
            await LIFECYCLE.apply(connection, actor, customer_return_id, verb, body=body)
    except DomainError as refusal:
        named = list(lines) if verb == "receive" else [one for one in lines if _is_decided(fields, one)]
        inputs = {"quantity": "came"} if verb == "receive" else {"": "restock"}
        refused = Refused(refusal, at_inputs(refusal, named, inputs), fields)
        return await _return(request, customer_return_id, refusal, refused=refused)
    return Redirect(f"/customer-returns/{customer_return_id}?done={verb}", status_code=303)


def _is_decided(fields: Mapping[str, str], line: CustomerReturnLine) -> bool:
    return bool(typed(fields, "restock", line) or typed(fields, "scrap", line))


def _received(fields: Mapping[str, str], lines: Sequence[CustomerReturnLine]) -> Receiving:
    """What came, as typed. Raises InvalidInput naming each input that is wrong."""
    if not any(typed(fields, "came", line) for line in lines):
        raise InvalidInput("enter how much of each line came; nothing was entered")
    errors: list[FieldError] = []
    came = []
    for line in lines:
        try:
            came.append(ReceivedLine(line.id, quantity(fields, "came", line, line.quantity)))
        except InvalidInput as wrong:
            errors += wrong.errors
    if errors:
        raise InvalidInput("check the marked fields", errors=errors)
    return Receiving(came)


def _disposed(fields: Mapping[str, str], lines: Sequence[CustomerReturnLine]) -> Disposal:
    """What is decided, as typed. Raises InvalidInput naming each input that is wrong."""
    decided = [line for line in lines if _is_decided(fields, line)]
    if not decided:
        raise InvalidInput("enter how much of each line is restocked or scrapped; nothing was entered")
    errors: list[FieldError] = []
    disposed = []
    for line in decided:
        try:
            whole = line.quantity_quarantined
            disposed.append(
                DisposedLine(
                    line.id, quantity(fields, "restock", line, whole), quantity(fields, "scrap", line, whole)
                )
            )
        except InvalidInput as wrong:
            errors += wrong.errors
    if errors:
        raise InvalidInput("check the marked fields", errors=errors)
    return Disposal(disposed)


async def _return(
    request: TenantRequest,
    return_id: UUID,
    refusal: DomainError | None = None,
    *,
    done: str | None = None,
    refused: Refused | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    returned = await actions.get_return(connection, actor, return_id)
    author = [returned.created_by] if returned.created_by else []
    verbs = LIFECYCLE.possible(returned.status, actor)
    return await show_form(
        request,
        "pages/sales/return.html",
        refused or (Refused(refusal, list(refusal.errors), {}) if refusal else None),
        done=next((one for one in LIFECYCLE.transitions if one.verb == done), None),
        returned=returned,
        verb=next((one for one in verbs if one.verb in ("receive", "dispose")), None),
        verbs=[one for one in verbs if one.needs_reason],
        version=edits.etag(returned.updated_at),
        names=await list_user_names(connection, actor.organization_id, author),
        crumbs=[Crumb(N_("Customer returns"), "/customer-returns")],
    )


class Head(Struct, frozen=True):
    """The fields beside the lines that are texts."""

    customer_reference: Text100 | None = None
    notes: Text | None = None


@get(
    "/sales-orders/{order_id:uuid}/return",
    opt=allow(Permission.CUSTOMER_RETURNS_READ),
    include_in_schema=False,
)
async def authorizing_page(request: TenantRequest, order_id: UUID) -> Response[bytes]:
    _, actor = await request.begin()
    require_write(actor, Permission.CUSTOMER_RETURNS_WRITE)
    return await _authorizing(request, order_id)


@post(
    "/sales-orders/{order_id:uuid}/return",
    opt=allow(Permission.CUSTOMER_RETURNS_WRITE, emits=(CUSTOMER_RETURN_AUTHORIZED,)),
    status_code=303,
    include_in_schema=False,
)
async def authorize_return(request: StrictRequest, order_id: UUID) -> Response[Any]:
    """Authorizes what was entered; lines without a quantity are left out."""
    connection, actor = await request.begin()
    fields = request.fields()
    lines = await queries.list_returnable(connection, actor.organization_id, order_id)
    back = [line for line in lines if typed(fields, "back", line)]
    try:
        of = await require(connection, actor, (WAREHOUSE,), warehouse_id=fields.get("warehouse_id"))
        new = _entered(fields, back, order_id, of["warehouse_id"])
        async with attempt(connection):
            returned = await actions.authorize_return(connection, actor, new)
    except DomainError as refusal:
        refused = Refused(refusal, at_inputs(refusal, back, {"quantity": "back", "reason": "reason"}), fields)
        return await _authorizing(request, order_id, refused)
    return Redirect(f"/customer-returns/{returned.id}", status_code=303)


def _entered(
    fields: Mapping[str, str], back: Sequence[Returnable], order_id: UUID, warehouse_id: UUID | None
) -> NewCustomerReturn:
    """The return as typed. Raises InvalidInput naming each input that is wrong."""
    if not back:
        raise InvalidInput("enter how much of each line comes back; nothing was entered")
    if warehouse_id is None:
        raise InvalidInput.of("warehouse_id", "is required")
    errors: list[FieldError] = []
    lines: list[NewCustomerReturnLine] = []
    for line in back:
        reason = typed(fields, "reason", line)
        if not reason:
            errors.append(FieldError(f"reason-{line.id}", "is required"))
        try:
            units = quantity(fields, "back", line, line.left)
        except InvalidInput as wrong:
            errors += wrong.errors
            continue
        if units == 0:
            errors.append(FieldError(f"back-{line.id}", "must not be 0"))
        lines.append(NewCustomerReturnLine(units, reason, line.id))
    if errors:
        raise InvalidInput("check the marked fields", errors=errors)
    head = filled_form({name: fields.get(name, "") for name in Head.__struct_fields__}, Head)
    return NewCustomerReturn(
        warehouse_id, lines, order_id, customer_reference=head.customer_reference, notes=head.notes
    )


async def _authorizing(
    request: TenantRequest, order_id: UUID, refused: Refused | None = None
) -> Response[bytes]:
    """The form, as it was sent if it was refused."""
    connection, actor = await request.begin()
    order = await DRAFTS.require(connection, actor, order_id)
    customer = order.customer_id and await get_customer(connection, actor.organization_id, order.customer_id)
    lines = await queries.list_returnable(connection, actor.organization_id, order_id)
    picked = await pick(connection, actor, (WAREHOUSE,), warehouse_id=str(order.warehouse_id or ""))
    return await show_form(
        request,
        "pages/sales/authorizing.html",
        refused,
        picked.texts,
        order=order,
        customer=customer,
        lines=[line for line in lines if line.left > 0],
        crumbs=[
            Crumb(N_("Sales orders"), "/sales-orders"),
            Crumb(order.so_number, f"/sales-orders/{order.id}", is_name=True),
        ],
    )


PAGES = [
    customer_returns_page,
    export_customer_returns,
    customer_return_page,
    act_on_customer_return,
    authorizing_page,
    authorize_return,
    *filter_routes("/customer-returns", Permission.CUSTOMER_RETURNS_READ, ROW_FILTERS),
]
