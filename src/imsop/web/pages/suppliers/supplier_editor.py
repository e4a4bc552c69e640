"""The edit form of suppliers."""

from typing import get_args

from imsop.core.fields import PartnerStatus
from imsop.identity.roles.permissions import Permission
from imsop.suppliers.suppliers import actions
from imsop.suppliers.suppliers.events import SUPPLIER_CHANGED, SUPPLIER_CREATED, SUPPLIER_DELETED
from imsop.suppliers.suppliers.models import NewSupplier, SupplierChanges
from imsop.ui.language import N_
from imsop.web.pages.editor import Editor, Field, Section
from imsop.web.pages.partners import ADDRESS, CONTACT
from imsop.web.places import PLACES

EDITOR = Editor(
    place=PLACES["supplier"],
    new_title=N_("New supplier"),
    write=Permission.SUPPLIERS_WRITE,
    sections=(
        Section(
            N_("Identity"),
            (
                Field("name", N_("Name"), finds_similar=True),
                Field("status", N_("Status"), "choice", options=get_args(PartnerStatus)),
            ),
        ),
        CONTACT,
        ADDRESS,
        Section(
            N_("Terms"),
            (
                Field("payment_terms", N_("Payment terms")),
                Field("lead_time_days", N_("Agreed lead time in days"), "number"),
                Field("over_receipt_percent", N_("Over-receipt tolerance in percent"), "price"),
            ),
        ),
    ),
    new=NewSupplier,
    changes=SupplierChanges,
    get_row=actions.get_supplier,
    create=actions.create_supplier,
    edit=actions.edit_supplier,
    delete=actions.delete_supplier,
    name="name",
    created=SUPPLIER_CREATED,
    changed=SUPPLIER_CHANGED,
    deleted=SUPPLIER_DELETED,
    found_as="supplier",
)

PAGES = EDITOR.routes()
