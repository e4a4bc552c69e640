"""Organizations from public data sets (docs/real-data.md), each loaded completely or not at all."""

from functools import partial
from pathlib import Path

from imsop.core.installation import Installation, Progress
from imsop.core.settings import Settings
from imsop.demo.people import load_organizations
from imsop.realdata import uci, usaid


def load(
    opened: Installation, settings: Settings, directory: Path, progress: Progress
) -> tuple[list[str], list[tuple[str, str]]]:
    """Loads missing organizations. Returns a report on each, and all sign-ins (email, password)."""
    return load_organizations(
        opened,
        {
            source.DOMAIN: partial(source.load, settings=settings, directory=directory, progress=progress)
            for source in (usaid, uci)
        },
    )
