"""Every exported list says the zone of its times, and types them; the lists hold a row of every table."""

import re
from datetime import datetime

from litestar.routes import HTTPRoute

from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import litestar_of
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.rules import rows
from tests.rules.catalogue import Catalogue

ZONE = "America/Chicago"


async def test_exported_times_are_typed_and_their_headers_say_the_zone(
    app: Observed, catalogue: Catalogue
) -> None:
    admin = await factories.sign_up(app, timezone=ZONE)
    ours = rows.fill(catalogue, admin.organization_id, admin.user_id)
    for set_times in (
        "UPDATE inventory SET last_counted = now() WHERE organization_id = %s",
        "UPDATE api_keys SET last_used_at = now(), revoked_at = now() WHERE organization_id = %s",
    ):
        catalogue.connection.execute(set_times, [admin.organization_id])
    here = await signed_in(admin)
    paths = {
        route.path_format.removesuffix(".xlsx")
        for route in litestar_of(app).routes
        if isinstance(route, HTTPRoute) and route.path.endswith(".xlsx")
    }
    assert len(paths) > 15
    told = set()
    for pattern in sorted(paths):
        path = re.sub(r"\{(\w+)_id\}", lambda found: str(ours.ids[f"{found[1]}s"]), pattern)
        typed, plain = await xlsx_of(here, path), await csv_of(here, path)
        for row, text in zip(typed, plain, strict=True):
            for header, value in row.items():
                says = header.endswith(f"({ZONE})")
                assert says == isinstance(value, datetime) or value == "", f"{path}: {header}"
                if isinstance(value, datetime):
                    assert text[header] == value.strftime("%Y-%m-%d %H:%M:%S"), f"{path}: {header}"
                    told.add(header)
    assert len(told) > 6
