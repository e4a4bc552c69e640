"""The form of customers."""

from typing import get_args

from imsop.core.fields import PartnerStatus
from imsop.identity.roles.permissions import Permission
from imsop.sales.customers import actions
from imsop.sales.customers.events import CUSTOMER_CHANGED, CUSTOMER_CREATED, CUSTOMER_DELETED
from imsop.sales.customers.models import CustomerChanges, NewCustomer
from imsop.ui.language import N_
from imsop.web.pages.editor import Editor, Field, Section

EDITOR = Editor(
    path="/customers",
    new_title=N_("New customer"),
    list_title=N_("Customers"),
    read=Permission.CUSTOMERS_READ,
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
        Section(
            N_("Contact"),
            (
                Field("contact_person", N_("Contact person")),
                Field("email", N_("E-mail address"), "email"),
                Field("phone", N_("Telephone"), "tel"),
            ),
        ),
        Section(
            N_("Address"),
            (
                Field("address", N_("Street and number"), "long"),
                Field("postal_code", N_("Postal code")),
                Field("city", N_("City")),
                Field("country", N_("Country")),
            ),
        ),
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
