"""The edit form of warehouses."""

from collections.abc import Sequence
from typing import get_args

from imsop.core.database import Connection
from imsop.identity.actor import Actor
from imsop.identity.people.queries import list_active_names
from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses import actions
from imsop.inventory.warehouses.events import WAREHOUSE_CHANGED, WAREHOUSE_CREATED, WAREHOUSE_DELETED
from imsop.inventory.warehouses.models import NewWarehouse, WarehouseChanges, WarehouseStatus
from imsop.ui.language import N_
from imsop.web.pages.editor import Editor, Field, Option, Section
from imsop.web.places import PLACES

MANAGERS = 200
"""Options of the field."""


async def _managers(connection: Connection, actor: Actor) -> Sequence[Option]:
    names = await list_active_names(connection, actor.organization_id, MANAGERS)
    return [Option(str(user_id), name) for user_id, name in names]


EDITOR = Editor(
    place=PLACES["warehouse"],
    new_title=N_("New warehouse"),
    write=Permission.WAREHOUSES_WRITE,
    sections=(
        Section(
            N_("Identity"),
            (
                Field("name", N_("Name")),
                Field("status", N_("Status"), "choice", options=get_args(WarehouseStatus)),
                Field("capacity", N_("Capacity in units"), "number"),
                Field("manager_id", N_("Manager")),
            ),
        ),
        Section(
            N_("Address"),
            (
                Field("location", N_("Site")),
                Field("address", N_("Street and number"), "long"),
                Field("city", N_("City")),
                Field("country", N_("Country")),
            ),
        ),
    ),
    new=NewWarehouse,
    changes=WarehouseChanges,
    get_row=actions.get_warehouse,
    create=actions.create_warehouse,
    edit=actions.edit_warehouse,
    delete=actions.delete_warehouse,
    name="name",
    created=WAREHOUSE_CREATED,
    changed=WAREHOUSE_CHANGED,
    deleted=WAREHOUSE_DELETED,
    choices={"manager_id": _managers},
)

PAGES = EDITOR.routes()
