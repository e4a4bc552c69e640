"""Each test loads its own organizations."""

from uuid import uuid4

import pytest

from imsop.realdata import uci, usaid


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renames the organizations, as names and addresses are unique in an installation."""
    for source in (usaid, uci):
        domain = f"{uuid4().hex}.example"
        monkeypatch.setattr(source, "DOMAIN", domain)
        monkeypatch.setattr(source, "NAME", f"{source.NAME} {domain}")
