import asyncpg
import pytest

from imsop.cli.operating import set_status
from imsop.core.embedded import OperatorError
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted


async def test_the_operator_suspends_and_reactivates_an_organization_at_once(
    database: TestDatabase, admin: Member, stranger: Member
) -> None:
    accepted(await admin.get("products"))
    await set_status(database.operator_dsn, str(admin.organization_id), "suspended", None)

    async def shut_out() -> bool:
        return (await admin.get("products")).status_code == 401

    await factories.eventually(shut_out)
    account = {"email": admin.email, "password": factories.PASSWORD}
    refused = await factories.visitor(admin.app).post("auth/token", json=account)
    assert refused.status_code == 403
    assert "suspended" in refused.json()["detail"]
    accepted(await stranger.get("products"))
    await set_status(database.operator_dsn, str(admin.organization_id), "active", "enterprise")
    accepted(await factories.visitor(admin.app).post("auth/token", json=account))
    assert (await admin.read(f"organizations/{admin.organization_id}"))["subscription_tier"] == "enterprise"


async def test_an_unknown_status_or_organization_is_refused(database: TestDatabase, admin: Member) -> None:
    for name, status in [(str(admin.organization_id), "sleeping"), ("nobody's name", "suspended")]:
        with pytest.raises(OperatorError):
            await set_status(database.operator_dsn, name, status, None)


async def test_an_organization_cannot_lift_its_own_suspension(admin: Member) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with admin.transaction() as connection:
            await connection.execute(
                "UPDATE organizations SET status = 'active' WHERE id = $1", admin.organization_id
            )
