"""The edit form of warehouses."""

from typing import get_args

from imsop.identity.people.queries import find_active_people, list_user_names
from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses import actions
from imsop.inventory.warehouses.events import WAREHOUSE_CHANGED, WAREHOUSE_CREATED, WAREHOUSE_DELETED
from imsop.inventory.warehouses.models import NewWarehouse, WarehouseChanges, WarehouseStatus
from imsop.ui.language import N_
from imsop.web.pages.editor import Editor, Field, Section
from imsop.web.pages.pickers import Picker
from imsop.web.places import PLACES

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
    pickers={"manager_id": Picker(find_active_people, list_user_names)},
)

PAGES = EDITOR.routes()
