"""Where a live stream is listened to."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import TestDatabase
from tests.web.listening import process_of, served


@pytest.fixture
async def address(database: TestDatabase) -> AsyncIterator[str]:
    """Where a process of its own answers."""
    async with process_of(database) as app, served(app) as address:
        yield address
