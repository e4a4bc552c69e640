"""Creating an organization with its users, completely or not at all."""

from functools import partial
from uuid import uuid4

import pytest

from imsop.core.bulk import LoadReport
from imsop.core.database import Pool
from imsop.core.embedded import OperatorError
from imsop.core.errors import FieldError, InvalidInput
from imsop.core.settings import Settings
from imsop.demo import people
from imsop.identity.roles.permissions import SYSTEM_ROLES
from imsop.web.edge.observe import Observed
from tests.conftest import TestDatabase
from tests.factories import accepted, visitor

SETTINGS = Settings(bcrypt_cost=4)


def new_domain() -> str:
    return f"{uuid4().hex}.example"


async def found(pool: Pool, domain: str, fault: Exception | None = None) -> LoadReport:
    async with people.founded_organization(
        pool,
        SETTINGS,
        name=f"Org {domain}",
        domain=domain,
        timezone="UTC",
        currency="EUR",
        industry="Trade",
        country="Norway",
    ):
        if fault is not None:
            raise fault
        return LoadReport("nothing", f"Org {domain}", 0, {}, {}, 0.0)


async def test_everyone_signs_in_with_the_role_of_their_address(app: Observed, pool: Pool) -> None:
    domain = new_domain()
    await found(pool, domain)
    assert [email.split("@")[0] for email, _ in people.sign_ins(domain)] == [
        "admin", "planner", "buyer", "warehouse", "sales", "analyst", "viewer",
    ]  # fmt: skip
    for (email, password), (_, permissions) in zip(
        people.sign_ins(domain), SYSTEM_ROLES.values(), strict=True
    ):
        http = visitor(app)
        token = accepted(await http.post("auth/token", json={"email": email, "password": password}))
        http.headers["Authorization"] = f"Bearer {token['access_token']}"
        may_read_users = (await http.get("users")).status_code == 200
        assert may_read_users == ("users:read" in permissions)


async def test_an_organization_whose_loading_fails_is_rolled_back(pool: Pool) -> None:
    domain = new_domain()
    with pytest.raises(InvalidInput):
        await found(pool, domain, InvalidInput.of("row 7: quantity", "is not a whole number"))
    assert not await people.is_founded(pool, domain)
    await found(pool, domain)
    assert await people.is_founded(pool, domain)


async def test_the_same_organization_cannot_be_created_twice(pool: Pool) -> None:
    domain = new_domain()
    await found(pool, domain)
    with pytest.raises(Exception, match="unique"):
        await found(pool, domain)


def test_existing_organizations_are_kept_and_missing_ones_loaded(database: TestDatabase) -> None:
    first, second = new_domain(), new_domain()
    loads = {first: partial(found, domain=first)}
    people.load_organizations(database.installation, loads)
    said, sign_ins = people.load_organizations(
        database.installation, loads | {second: partial(found, domain=second)}
    )
    assert said[0] == f"{first} was loaded before and is left as it is"
    assert said[1].startswith(f"Org {second}: 0 rows")
    assert len(sign_ins) == 2 * len(SYSTEM_ROLES)


def test_every_fault_is_reported_to_the_operator(database: TestDatabase) -> None:
    faults = [FieldError("row 2: id", "is missing"), FieldError("row 9: id", "is missing")]
    domain = new_domain()
    load = partial(
        found, domain=domain, fault=InvalidInput("a.csv: 2 faults, nothing was loaded", errors=faults)
    )
    with pytest.raises(OperatorError) as refused:
        people.load_organizations(database.installation, {domain: load})
    assert str(refused.value) == (
        "a.csv: 2 faults, nothing was loaded\n  row 2: id: is missing\n  row 9: id: is missing"
    )


def test_a_database_error_is_reported_in_words(database: TestDatabase) -> None:
    domain = new_domain()
    twice = {domain: partial(found, domain=domain), f"other.{domain}": partial(found, domain=domain)}
    with pytest.raises(OperatorError, match="this value is taken"):
        people.load_organizations(database.installation, twice)
