"""The whole application with the demo's data on its own server, and a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from imsop.core.installation import Installation
from tests import browsing, factories
from tests.application import worst
from tests.application.site import Site
from tests.conftest import TestDatabase
from tests.demo.loaded import load_demo
from tests.web import listening

FOODS = "admin@foods.example"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test waits for the demo to load: 16 s on idle cores."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def installation(database: TestDatabase) -> Installation:
    return load_demo(database, "visited").installation


@pytest.fixture(scope="session")
async def site(installation: Installation, anyio_backend: object) -> AsyncIterator[Site]:
    """The demo as shared by this worker's tests, which write to it; so none of them counts rows.

    `german` is another administrator; `worst` and `empty` have organizations of their own.
    """
    async with (
        factories.running(installation, stream_seconds=3600) as app,
        listening.served(app) as address,
    ):
        site = Site(app, address)
        site.members["german"] = await factories.member(await site.member(FOODS), "administrator")
        for name in ("worst", "empty"):
            site.members[name] = await factories.sign_up(
                app, name=worst.long(255) if name == "worst" else name
            )
            site.members[f"{name} german"] = await factories.member(site.members[name], "administrator")
        await worst.filled(site.members["worst"])
        for name, member in site.members.items():
            if "german" in name:
                await member.edit("me", locale="de")
        yield site


@pytest.fixture(scope="session")
async def browser(anyio_backend: object) -> AsyncIterator[Browser]:
    async with browsing.started() as browser:
        yield browser
