"""The component gallery, which needs no database, as the site under test."""

from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser

from imsop.ui.gallery import create_gallery
from tests import browsing


@pytest.fixture
def visitor() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_gallery()),  # type: ignore[arg-type]
        base_url="http://gallery.test",
        headers={"Accept-Encoding": "identity"},
    )


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing.started() as browser:
        yield browser


@pytest.fixture(scope="module")
async def gallery() -> AsyncIterator[str]:
    async with browsing.served(create_gallery()) as address:
        yield address
