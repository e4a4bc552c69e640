"""Conditional requests: an unchanged row is not sent again."""

import pytest

from tests import factories
from tests.factories import Member, accepted


@pytest.mark.parametrize("resource", ["products", "suppliers", "customers", "warehouses"])
async def test_an_unchanged_row_gets_304(admin: Member, resource: str) -> None:
    row = await getattr(factories, resource.removesuffix("s"))(admin)
    path = f"{resource}/{row['id']}"
    first = await admin.get(path)
    version = first.headers["etag"]
    for known in (version, f'"another", {version}'):
        same = await admin.http.get(path, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", version)
        assert "content-type" not in same.headers
    accepted(await admin.edit(path, name="Another"))
    changed = await admin.http.get(path, headers={"If-None-Match": version})
    assert changed.status_code == 200
    assert changed.json()["name"] == "Another"
    assert changed.headers["etag"] != version


async def test_an_etag_matches_only_its_own_resource(admin: Member, stranger: Member) -> None:
    product = await factories.product(admin)
    version = (await admin.get(f"products/{product['id']}")).headers["etag"]
    known = {"If-None-Match": version}
    assert (await admin.http.get("products", headers=known)).status_code == 200
    assert (await stranger.http.get(f"products/{product['id']}", headers=known)).status_code == 404
    patched = await admin.http.patch(
        f"products/{product['id']}", json={"name": "Nut"}, headers=known | {"If-Match": version}
    )
    assert accepted(patched)["name"] == "Nut"
