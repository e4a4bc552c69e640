"""From commit to pixel: `python -m tests.pixels` posts positions to the demo and watches an open page.

With a URL, to the demo that runs there. Browser and server share the machine's clock. Each measurement starts
with the response to the POST, which is sent after the commit, and ends with the second frame after the
marker's row has changed: by then the browser has drawn it.
"""

import asyncio
import statistics
import sys
import time
from datetime import UTC, datetime
from typing import Any

import httpx
from playwright.async_api import expect

from imsop.demo.people import PASSWORD
from tests import browsing
from tests.screenshots import WHO, given_or_demonstrated, sign_in

TIMES = 40
_DRAWN = """([id, longitude]) => new Promise((drawn) => {
  const row = document.getElementById(`marker-${id}`);
  const after = () => requestAnimationFrame(() => requestAnimationFrame(() => drawn(Date.now())));
  const watch = () => Number(row.dataset.longitude) === longitude && (watching.disconnect(), after());
  const watching = new MutationObserver(watch);
  watching.observe(row, {attributes: true});
})"""


async def measured(address: str) -> list[float]:
    """Milliseconds for each position."""
    took = []
    async with (
        httpx.AsyncClient(base_url=f"{address}/api/v1/") as http,
        browsing.started() as browser,
        browsing.visiting(browser, base_url=address) as visit,
    ):
        token = (await http.post("auth/token", json={"email": WHO, "password": PASSWORD})).json()
        http.headers["Authorization"] = f"Bearer {token['access_token']}"
        asked = {"status": "in_transit", "limit": 1}
        shipment: Any = (await http.get("shipments", params=asked)).json()["items"][0]
        await sign_in(visit.page)
        await expect(visit.page.locator("[data-live][data-state=on]")).to_have_count(1)
        await expect(visit.page.locator(".chart-map[data-drawn]")).to_have_count(1)
        for nth in range(TIMES):
            longitude = -30 - nth / 10
            drawn = asyncio.create_task(visit.page.evaluate(_DRAWN, [shipment["id"], longitude]))
            await asyncio.sleep(0.3)  # time for the page to start watching
            seen = {"timestamp": f"{datetime.now(UTC)}", "latitude": "44.5", "longitude": f"{longitude}"}
            reply = await http.post(f"shipments/{shipment['id']}/tracking", json=seen)
            committed = time.time() * 1000
            reply.raise_for_status()
            took.append(await drawn - committed)
    return took


if __name__ == "__main__":
    with given_or_demonstrated() as address:
        took = sorted(asyncio.run(measured(address)))
    sys.stdout.write(
        f"from commit to pixel, {len(took)} positions: median {statistics.median(took):.0f} ms, "
        f"95 % within {took[int(len(took) * 0.95) - 1]:.0f} ms, the slowest {took[-1]:.0f} ms\n"
    )
