"""Organizations with years of business in them: made here by a simulation, or loaded from public data."""

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

# ruff: noqa: PLC0415 - a start with nothing to load, which is the usual one, imports little


def load(
    opened: Installation, settings: Settings, progress: Progress
) -> tuple[list[str], list[tuple[str, str]]]:
    """Loads what is not there yet. Returns a report on each organization, and everyone's sign-in."""
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
    """Books are a million objects that are all in use: looking for garbage among them takes half the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
