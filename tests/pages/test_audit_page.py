"""The audit trail on its page: who changed what, from what to what, and that reading it is recorded."""

import csv
import io

from tests import factories
from tests.factories import Member, accepted
from tests.pages.browsing import signed_in


async def test_a_change_is_shown_with_its_old_and_new_value(admin: Member) -> None:
    product = await factories.product(admin, name="Bolt")
    accepted(await admin.edit(f"products/{product['id']}", name="Nut"))
    here = await signed_in(admin)
    page = await here.get(f"/audit?record_id={product['id']}")
    assert (page.text.count("<del>"), "<del>Bolt</del>" in page.text) == (1, True)
    assert "<ins>Nut</ins>" in page.text
    assert f"/audit?record_id={product['id']}" in (await here.get(f"/products/{product['id']}")).text
    other = await factories.product(admin, name="Washer")
    assert "Washer" not in (await here.get(f"/audit?record_id={product['id']}")).text
    assert "Washer" in (await here.get("/audit?table=products")).text
    exported = await here.get(f"/audit.csv?record_id={other['id']}")
    (row,) = csv.DictReader(io.StringIO(exported.text.lstrip("\ufeff")))
    assert (row["action"], row["table_name"], row["record_id"]) == ("insert", "products", other["id"])


async def test_reading_the_trail_is_recorded_and_needs_a_permission(admin: Member) -> None:
    here = await signed_in(admin)
    assert (await here.get("/audit?table=products")).status_code == 200
    events = await admin.read("analytics-events", event_type="audit.read")
    assert events["items"][0]["metadata"]["filters"] == {"table": "products"}
    viewer = await factories.member(admin, "viewer")
    there = await signed_in(viewer)
    assert (await there.get("/audit")).status_code == 403
    assert "/audit" not in (await there.get("/")).text


async def test_secrets_are_not_on_the_page(admin: Member) -> None:
    accepted(await admin.post("api-keys", {"name": "Shop", "permissions": ["products:read"]}), 201)
    page = await (await signed_in(admin)).get("/audit?table=api_keys")
    assert ("Shop" in page.text, "key_hash" in page.text) == (True, False)
