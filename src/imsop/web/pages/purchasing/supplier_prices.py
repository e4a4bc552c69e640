"""The form of all prices of a supplier product: a row per price, and some empty ones for more."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from imsop.core import edits
from imsop.core.errors import Conflict, DomainError, FieldError, InvalidInput, PreconditionFailed
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.supplier_products import actions
from imsop.purchasing.supplier_products.events import SUPPLIER_PRODUCT_CHANGED
from imsop.purchasing.supplier_products.models import (
    MAX_PRICES,
    NewSupplierProductPrice,
    SupplierProductChanges,
    SupplierProductPrice,
)
from imsop.ui.language import N_
from imsop.ui.page import Crumb
from imsop.ui.render import render
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.editor import Entry, history_of
from imsop.web.pages.forms import attempt, filled_form, require_write
from imsop.web.pages.purchasing.supplier_product_editor import EDITOR

BLANK = 3
"""Empty rows for further prices."""
INPUTS = ("from_quantity", "unit_price", "currency", "valid_from", "valid_to")
_OF_PRICE = re.compile(r"prices\[([0-9]+)\]\.(\w+)")
_INPUT = re.compile(r"(?:" + "|".join(INPUTS) + r")-([0-9]{1,3})")


@get(
    "/supplier-products/{supplier_product_id:uuid}/prices",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def supplier_prices_page(request: TenantRequest, supplier_product_id: UUID) -> Response[bytes]:
    return await _form(request, supplier_product_id)


@post(
    "/supplier-products/{supplier_product_id:uuid}/prices",
    opt=allow(Permission.SUPPLIERS_WRITE, emits=(SUPPLIER_PRODUCT_CHANGED,)),
    status_code=303,
    include_in_schema=False,
)
async def save_supplier_prices(request: StrictRequest, supplier_product_id: UUID) -> Response[Any]:
    """Replaces all prices by the rows that are not empty."""
    connection, actor = await request.begin()
    fields = request.fields()
    rows = _typed(fields)
    try:
        changes = SupplierProductChanges(prices=_entered(rows))
        async with attempt(connection):
            await actions.edit_supplier_product(
                connection, actor, supplier_product_id, changes, fields.get("version", "")
            )
    except (InvalidInput, Conflict, PreconditionFailed) as refusal:
        return await _form(request, supplier_product_id, refusal, rows)
    return Redirect(f"/supplier-products/{supplier_product_id}?saved=true", status_code=303)


@post(
    "/supplier-products/{supplier_product_id:uuid}/prices/undo",
    opt=allow(Permission.SUPPLIERS_WRITE, emits=(SUPPLIER_PRODUCT_CHANGED,)),
    status_code=303,
    include_in_schema=False,
)
async def undo_supplier_prices(request: StrictRequest, supplier_product_id: UUID) -> Response[Any]:
    """Reverts the last change of the prices, if it is the reader's own."""
    connection, actor = await request.begin()
    row = await actions.get_supplier_product(connection, actor, supplier_product_id)
    before = prices_before(await history_of(connection, actor, EDITOR, supplier_product_id), actor)
    if before is None:
        return await _form(request, supplier_product_id, Conflict("there is no change of yours to undo"))
    try:
        async with attempt(connection):
            await actions.edit_supplier_product(
                connection,
                actor,
                supplier_product_id,
                SupplierProductChanges(prices=before),
                edits.etag(row.updated_at),
            )
    except (Conflict, PreconditionFailed) as refusal:
        return await _form(request, supplier_product_id, refusal)
    return Redirect(f"/supplier-products/{supplier_product_id}?saved=true", status_code=303)


def prices_before(history: Sequence[Entry], actor: Actor) -> list[NewSupplierProductPrice] | None:
    """The prices before the last change, if that was of prices alone and the actor's own."""
    if not history or history[0].event.user_id != actor.user_id:
        return None
    changes = (history[0].event.metadata or {}).get("changes", {})
    if changes.keys() != {"prices"}:
        return None
    return msgspec.convert(changes["prices"]["old"], list[NewSupplierProductPrice])


def _typed(fields: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows that are not empty; of a new one, the currency alone says nothing."""
    places = sorted({int(found[1]) for name in fields if (found := _INPUT.fullmatch(name))})
    rows = [{name: fields.get(f"{name}-{place}", "").strip() for name in INPUTS} for place in places]
    return [row for row in rows if any(row[name] for name in INPUTS if name != "currency")][:MAX_PRICES]


def _entered(rows: list[dict[str, str]]) -> list[NewSupplierProductPrice]:
    """Raises InvalidInput naming each wrong input as the API does."""
    prices, errors = [], []
    for place, row in enumerate(rows):
        price = row["unit_price"].replace(",", ".")
        sent = row | {"unit_price": price, "currency": row["currency"].upper()}
        try:
            prices.append(filled_form(sent, NewSupplierProductPrice))
        except InvalidInput as wrong:
            errors += [FieldError(f"prices[{place}].{error.field}", error.message) for error in wrong.errors]
    if errors:
        raise InvalidInput("check the marked fields", errors=errors)
    return prices


def _shown(price: SupplierProductPrice) -> dict[str, str]:
    return {name: "" if (value := getattr(price, name)) is None else str(value) for name in INPUTS}


def _blank(actor: Actor) -> dict[str, str]:
    return dict.fromkeys(INPUTS, "") | {"currency": actor.currency}


async def _form(
    request: TenantRequest,
    supplier_product_id: UUID,
    refusal: DomainError | None = None,
    typed: list[dict[str, str]] | None = None,
) -> Response[bytes]:
    """The form, as it was sent if it was refused."""
    connection, actor = await request.begin()
    require_write(actor, Permission.SUPPLIERS_WRITE)
    row = await actions.get_supplier_product(connection, actor, supplier_product_id)
    rows = [_shown(price) for price in row.prices] if typed is None else typed
    return render(
        request,
        "pages/purchasing/supplier_prices.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        errors={
            f"{found[2]}-{found[1]}": error.message
            for error in (refusal.errors if refusal else ())
            if (found := _OF_PRICE.fullmatch(error.field))
        },
        row=row,
        rows=rows + [_blank(actor)] * BLANK,
        version=edits.etag(row.updated_at),
        form_key=secrets.token_urlsafe(16),
        crumbs=[
            Crumb(N_("Supplier products"), "/supplier-products"),
            Crumb(row.product_name, f"/supplier-products/{row.id}", is_name=True),
        ],
    )


PAGES = [supplier_prices_page, save_supplier_prices, undo_supplier_prices]
