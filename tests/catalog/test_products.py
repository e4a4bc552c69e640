from tests import factories
from tests.factories import Member


async def test_a_stranger_sees_no_product_of_ours(admin: Member, stranger: Member) -> None:
    product = await factories.product(admin)
    assert (await stranger.get(f"products/{product['id']}")).status_code == 404
    assert (await stranger.read("products"))["items"] == []
    assert [row["id"] for row in (await admin.read("products"))["items"]] == [product["id"]]
