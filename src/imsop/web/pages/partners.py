"""Fields that the edit forms of suppliers and customers share."""

from imsop.ui.language import N_
from imsop.web.pages.editor import Field, Section

CONTACT = Section(
    N_("Contact"),
    (
        Field("contact_person", N_("Contact person")),
        Field("email", N_("E-mail address"), "email"),
        Field("phone", N_("Telephone"), "tel"),
    ),
)
ADDRESS = Section(
    N_("Address"),
    (
        Field("address", N_("Street and number"), "long"),
        Field("postal_code", N_("Postal code")),
        Field("city", N_("City")),
        Field("country", N_("Country")),
    ),
)
