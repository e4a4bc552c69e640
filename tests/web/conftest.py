"""A server with live streams."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import TestDatabase
from tests.web.listening import process_of, served


@pytest.fixture
async def address(database: TestDatabase) -> AsyncIterator[str]:
    """The URL of a separate process."""
    async with process_of(database) as app, served(app) as address:
        yield address
