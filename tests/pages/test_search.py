"""The search page and the suggestions under the search box."""

from tests import factories
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.tables import is_empty


async def test_a_product_is_found_by_part_of_its_name_and_linked(admin: Member, stranger: Member) -> None:
    product = await factories.product(admin, name="Anchovy fillets")
    theirs = await factories.product(stranger, name="Anchovy paste")
    here = await signed_in(admin)
    for path in ("/search", "/search/found"):
        found = await here.get(path, params={"q": "nchov"})
        assert f'href="/products/{product["id"]}"' in found.text
        assert theirs["id"] not in found.text


async def test_only_rows_that_the_reader_may_see_are_found(admin: Member) -> None:
    product = await factories.product(admin, name="Anchovy fillets")
    clerk = await factories.member_with(admin, "organization:read", "suppliers:read")
    here = await signed_in(clerk)
    assert product["id"] not in (await here.get("/search", params={"q": "anchovy"})).text


async def test_an_empty_query_and_no_match_have_their_own_messages(admin: Member) -> None:
    here = await signed_in(admin)
    assert is_empty(await here.get("/search"))
    nothing = await here.get("/search", params={"q": "<script>x"})
    assert is_empty(nothing)
    assert "<script>x" not in nothing.text
