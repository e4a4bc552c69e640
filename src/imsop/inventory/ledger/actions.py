"""Stock movements. All movements of the application go through post_movements."""

from collections.abc import Sequence
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, NotFound
from imsop.core.instants import past_instant
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.inventory.ledger import queries
from imsop.inventory.ledger.models import InventoryTransaction, Movement, NewInventoryTransaction, Posting
from imsop.inventory.ledger.rules import require_possible, usual_kind
from imsop.inventory.reservations.jobs import defer_allocation

NO_REASON = "no reason given"
MAX_REASON_CHARACTERS = 255


async def get_transaction(connection: Connection, actor: Actor, transaction_id: UUID) -> InventoryTransaction:
    transaction = await queries.get_transaction(connection, actor.organization_id, transaction_id)
    if transaction is None:
        raise NotFound("no inventory transaction with this id")
    return transaction


async def record_transaction(
    connection: Connection, actor: Actor, new: NewInventoryTransaction
) -> InventoryTransaction:
    """Posts one movement. Raises Conflict if stock is short, naming the available quantity."""
    kind = new.movement_kind or usual_kind(new.transaction_type)
    require_possible(new.transaction_type, kind, new.quantity)
    movement = Movement(
        new.product_id,
        new.warehouse_id,
        new.quantity,
        new.transaction_type,
        kind,
        reference_id=new.reference_id,
        reason=new.reason or (new.notes[:MAX_REASON_CHARACTERS] if new.notes else NO_REASON),
        notes=new.notes,
        occurred_at=new.occurred_at and past_instant("occurred_at", new.occurred_at),
    )
    (posting,) = await post_movements(connection, actor.organization_id, [movement], actor.user_id)
    if posting.id is None:
        raise RuntimeError("a posted movement has no id")
    return await get_transaction(connection, actor, posting.id)


async def post_movements(
    connection: Connection, organization_id: UUID, movements: Sequence[Movement], created_by: UUID | None
) -> list[Posting]:
    """Posts movements in the given order, all or none; orders that wait for what came in are then served.

    Locks the balances in id order until the transaction ends; the caller must roll back on an error. Raises
    Conflict naming each movement for which stock or its reservation is short.
    """
    postings = await queries.post_movements(connection, organization_id, movements, created_by)
    if refused := [posting for posting in postings if posting.outcome != "posted"]:
        raise _refusal(movements, refused)
    came_in = [movement.product_id for movement in movements if movement.quantity > 0]
    await defer_allocation(connection, organization_id, came_in)
    return postings


def _refusal(movements: Sequence[Movement], refused: Sequence[Posting]) -> Conflict:
    single = len(movements) == 1
    errors = [
        FieldError(
            "quantity" if single else f"lines[{posting.line - 1}].quantity",
            Said("only %(available)s available", available=posting.available)
            if posting.outcome == "short"
            else Said("the reservation holds only %(available)s", available=posting.available),
        )
        for posting in refused
    ]
    return Conflict(
        Said("not enough stock: %(short)s", short=[error.message for error in errors]), errors=errors
    )
