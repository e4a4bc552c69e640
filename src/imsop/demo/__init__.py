"""Organizations with years of business in them: made here by a simulation, or loaded from public data."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from imsop.core.installation import Installation, Progress
from imsop.core.settings import Settings


def load(
    opened: Installation, settings: Settings, progress: Progress
) -> tuple[list[str], list[tuple[str, str]]]:
    """Loads what is not there yet. Returns a report on each organization, and everyone's sign-in."""
    # ruff: noqa: PLC0415 - others import from this package, and need nothing of this
    from imsop.demo.bookkeeping import load_company
    from imsop.demo.catalogue import foods, tools
    from imsop.demo.partners import make_customers
    from imsop.demo.people import load_organizations
    from imsop.demo.running import Simulations

    companies = [(company, make_customers(company)) for company in (foods(), tools())]
    with _without_collecting(), Simulations(companies, datetime.now(UTC).date()) as simulations:
        return load_organizations(
            opened,
            {
                company.domain: partial(
                    load_company,
                    settings=settings,
                    company=company,
                    customers=customers,
                    simulations=simulations,
                    progress=progress,
                )
                for company, customers in companies
            },
        )


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Books are a million objects that are all in use: looking for garbage among them takes half the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
