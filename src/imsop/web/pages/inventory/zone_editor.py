"""The edit form of zones."""

from typing import get_args

from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses import actions, queries
from imsop.inventory.warehouses.events import ZONE_CHANGED, ZONE_CREATED, ZONE_DELETED
from imsop.inventory.warehouses.models import NewZone, ZoneChanges, ZoneType
from imsop.ui.language import N_
from imsop.web.pages.editor import Editor, Field, Section
from imsop.web.pages.pickers import Picker
from imsop.web.places import ZONES

EDITOR = Editor(
    place=ZONES,
    new_title=N_("New zone"),
    write=Permission.WAREHOUSES_WRITE,
    sections=(
        Section(
            N_("Identity"),
            (
                Field("warehouse_id", N_("Warehouse"), is_fixed=True),
                Field("code", N_("Code")),
                Field("name", N_("Name")),
                Field("zone_type", N_("Type"), "choice", options=get_args(ZoneType)),
                Field("capacity", N_("Capacity in units"), "number"),
            ),
        ),
    ),
    new=NewZone,
    changes=ZoneChanges,
    get_row=actions.get_zone,
    create=actions.create_zone,
    edit=actions.edit_zone,
    delete=actions.delete_zone,
    name="code",
    created=ZONE_CREATED,
    changed=ZONE_CHANGED,
    deleted=ZONE_DELETED,
    pickers={"warehouse_id": Picker(queries.find_names, queries.names_of)},
    has_page=False,
)

PAGES = EDITOR.routes()
