"""Reads a balance."""

from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import NotFound
from imsop.identity.actor import Actor
from imsop.inventory.stock import queries
from imsop.inventory.stock.models import Balance


async def get_balance(connection: Connection, actor: Actor, inventory_id: UUID) -> Balance:
    balance = await queries.get_balance(connection, actor.organization_id, inventory_id)
    if balance is None:
        raise NotFound("no balance with this id")
    return balance
