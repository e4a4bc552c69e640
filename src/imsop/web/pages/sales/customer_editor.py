"""The edit form of customers."""

from typing import get_args

from imsop.core.fields import PartnerStatus
from imsop.identity.roles.permissions import Permission
from imsop.sales.customers import actions
from imsop.sales.customers.events import CUSTOMER_CHANGED, CUSTOMER_CREATED, CUSTOMER_DELETED
from imsop.sales.customers.models import CustomerChanges, NewCustomer
from imsop.ui.language import N_
from imsop.web.pages.editor import Editor, Field, Section
from imsop.web.pages.partners import ADDRESS, CONTACT
from imsop.web.places import PLACES

EDITOR = Editor(
    place=PLACES["customer"],
    new_title=N_("New customer"),
    write=Permission.CUSTOMERS_WRITE,
    sections=(
        Section(
            N_("Identity"),
            (
                Field("name", N_("Name"), finds_similar=True),
                Field("customer_number", N_("Customer number")),
                Field("status", N_("Status"), "choice", options=get_args(PartnerStatus)),
            ),
        ),
        CONTACT,
        ADDRESS,
        Section(
            N_("Terms"),
            (Field("payment_terms", N_("Payment terms")),),
        ),
    ),
    new=NewCustomer,
    changes=CustomerChanges,
    get_row=actions.get_customer,
    create=actions.create_customer,
    edit=actions.edit_customer,
    delete=actions.delete_customer,
    name="name",
    created=CUSTOMER_CREATED,
    changed=CUSTOMER_CHANGED,
    deleted=CUSTOMER_DELETED,
    found_as="customer",
)

PAGES = EDITOR.routes()
