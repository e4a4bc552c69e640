from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import TestDatabase
from tests.rules.catalogue import Catalogue, read_catalogue


@pytest.fixture(scope="session")
def catalogue(database: TestDatabase) -> Iterator[Catalogue]:
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        yield read_catalogue(connection)
