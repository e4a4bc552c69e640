from uuid import UUID

from imsop.sales.customers import queries
from tests import factories
from tests.factories import Member, accepted
from tests.sales.orders import draft, named_fields


async def test_a_customer_is_created_edited_and_deleted(admin: Member) -> None:
    new = {"customer_number": "C-100", "name": "Corner Shop", "country": "Kenya", "payment_terms": "prepaid"}
    created = await admin.create("customers", new)
    assert {field: created[field] for field in new} == new
    path = f"customers/{created['id']}"
    edited = accepted(await admin.edit(path, status="inactive", customer_number=None))
    assert (edited["status"], edited["customer_number"]) == ("inactive", None)
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_customers_are_found_by_number_name_and_status(admin: Member) -> None:
    await factories.customer(admin, name="Ash", customer_number="1", status="blocked")
    await factories.customer(admin, name="Birch", customer_number="2")

    async def names(**asked: object) -> list[str]:
        return [row["name"] for row in (await admin.read("customers", **asked))["items"]]

    assert await names(customer_number="2") == ["Birch"]
    assert await names(name="Ash") == ["Ash"]
    assert await names(status="blocked") == ["Ash"]
    assert await names(sort="-name") == ["Birch", "Ash"]


async def test_customer_numbers_are_unique_if_given(admin: Member) -> None:
    await factories.customer(admin, customer_number="C-7")
    taken = await admin.post("customers", {"name": "Another", "customer_number": "C-7"})
    assert (taken.status_code, named_fields(taken)) == (409, ["customer_number"])
    await factories.customer(admin)
    await factories.customer(admin)


async def test_a_customer_with_orders_cannot_be_deleted(admin: Member) -> None:
    customer = await factories.customer(admin)
    await draft(admin, customer_id=customer["id"])
    assert (await admin.delete(f"customers/{customer['id']}")).status_code == 409


async def test_customers_of_another_organization_are_not_found(admin: Member, stranger: Member) -> None:
    path = f"customers/{(await factories.customer(admin))['id']}"
    assert (await stranger.get(path)).status_code == 404
    edit = await stranger.http.patch(path, json={"name": "Ours now"}, headers={"If-Match": "*"})
    assert edit.status_code == 404
    assert (await stranger.delete(path)).status_code == 404
    assert (await stranger.read("customers"))["items"] == []


async def test_a_concurrent_change_is_not_overwritten(admin: Member) -> None:
    customer_id = UUID((await factories.customer(admin))["id"])
    async with admin.transaction() as connection:
        read = await queries.get_customer(connection, admin.organization_id, customer_id)
        assert read is not None
        assert await queries.update_customer(connection, admin.organization_id, read) == customer_id
        assert await queries.update_customer(connection, admin.organization_id, read) is None
