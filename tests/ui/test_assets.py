"""Built assets and their serving."""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from imsop.ui.assets import DIST, accepts, asset, icon
from tests.rules.source import ROOT


async def test_an_asset_is_cached_forever_under_a_content_hash(
    visitor: httpx.AsyncClient,
) -> None:
    for name in ("app.css", "app.js", "mark.svg", "inter-latin-wght-normal.woff2"):
        reply = await visitor.get(asset(name))
        assert reply.status_code == 200, name
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert re.fullmatch(r"/assets/[\w-]+-\w{8,10}\.\w+", asset(name))
        assert reply.content == (DIST / Path(asset(name)).name).read_bytes()


async def test_an_asset_is_sent_in_the_best_accepted_encoding(visitor: httpx.AsyncClient) -> None:
    address = asset("app.js")
    plain, zipped, brotli = [
        await visitor.get(address, headers={"Accept-Encoding": encodings})
        for encodings in ("identity", "gzip, deflate", "gzip, deflate, br, zstd")
    ]
    assert "content-encoding" not in plain.headers
    assert [zipped.headers["content-encoding"], brotli.headers["content-encoding"]] == ["gzip", "br"]
    sizes = [int(reply.headers["content-length"]) for reply in (brotli, zipped, plain)]
    assert sizes == sorted(sizes)
    assert (
        zipped.content == plain.content == gzip.decompress((DIST / f"{Path(address).name}.gz").read_bytes())
    )
    assert {reply.headers["vary"] for reply in (plain, zipped, brotli)} == {"accept-encoding"}


async def test_only_assets_are_served(visitor: httpx.AsyncClient) -> None:
    for name in ("manifest.json", "icons.json", "../assets.py", "..%2fassets.py", "app.css", ""):
        assert (await visitor.get(f"/assets/{name}")).status_code == 404, name
    assert (await visitor.post(asset("app.css"))).status_code == 405


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("br", True),
        ("gzip, BR;q=0.5", True),
        ("br;q=0", False),
        ("br; q=0.000", False),
        ("brx", False),
        ("", False),
    ],
)
def test_accept_encoding_is_parsed(sent: str, taken: bool) -> None:
    assert accepts(sent, "br") is taken


def test_an_icon_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in icon("ship")
    with pytest.raises(KeyError):
        icon("no such icon")


def test_styles_and_scripts_contact_no_other_host() -> None:
    for path in DIST.iterdir():
        if path.suffix in (".css", ".js"):
            named = set(re.findall(r"(?:url\(|from|import\()\s*[\"']?(https?:)?//[\w.-]+", path.read_text()))
            assert named == set(), path.name


def test_locks_name_no_registry() -> None:
    for path in (ROOT / "frontend" / "package-lock.json", *(ROOT / "requirements").iterdir()):
        assert "://" not in path.read_text(), path.name
