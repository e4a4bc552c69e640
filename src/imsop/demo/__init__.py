"""Demo organizations with two years of simulated business. Also the base for loading public data."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from imsop.core.bulk import LoadReport
from imsop.core.database import Pool
from imsop.core.installation import Installation, Progress
from imsop.core.settings import Settings

if TYPE_CHECKING:
    from imsop.demo.company import Company
    from imsop.demo.running import Simulations

# ruff: noqa: PLC0415 - lazy imports: most starts have nothing to load


def load(
    opened: Installation, settings: Settings, progress: Progress
) -> tuple[list[str], list[tuple[str, str]]]:
    """Loads missing demo organizations. Returns a report on each, and all sign-ins (email, password)."""
    from imsop.demo.catalogue import foods, tools
    from imsop.demo.people import load_organizations
    from imsop.demo.running import Simulations

    companies = [foods(), tools()]
    with _without_collecting(), Simulations(companies, datetime.now(UTC).date()) as simulations:
        return load_organizations(
            opened,
            {
                company.domain: partial(
                    _load, settings=settings, company=company, simulations=simulations, progress=progress
                )
                for company in companies
            },
        )


async def _load(
    pool: Pool, settings: Settings, company: "Company", simulations: "Simulations", progress: Progress
) -> LoadReport:
    from imsop.demo.bookkeeping import write_books

    books = await simulations.books(company, progress)
    return await write_books(pool, settings, company, books, simulations.today, progress)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Disables garbage collection: books are a million live objects, whose scans take half the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
