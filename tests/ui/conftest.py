"""The gallery, which needs no database, as the site that these tests visit."""

import httpx
import pytest

from imsop.ui.gallery import create_gallery


@pytest.fixture
def visitor() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_gallery()),  # type: ignore[arg-type]
        base_url="http://gallery.test",
        headers={"Accept-Encoding": "identity"},
    )
