"""Open streams do not keep the server from stopping."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.installation.processes import Up, imsop_up

WITHIN_SECONDS = 9.0
"""Of the ten that requests in progress get to finish; an idle machine takes 0.1."""


def _sign_in(http: httpx.Client) -> None:
    account = {"email": "admin@stopping.example", "password": "a long enough password"}
    created = http.post("/organizations", json=account | {"name": "Stopping"})
    assert created.status_code == 201, created.text
    http.headers["Authorization"] = f"Bearer {http.post('/auth/token', json=account).json()['access_token']}"


@contextmanager
def _streams(up: Up, count: int) -> Iterator[list[httpx.Response]]:
    with httpx.Client(base_url=f"{up.address}/api/v1", timeout=60) as http:
        _sign_in(http)
        requests = [http.build_request("GET", "/stream") for _ in range(count)]
        responses = [http.send(request, stream=True) for request in requests]
        try:
            assert [response.status_code for response in responses] == [200] * count
            yield responses
        finally:
            for response in responses:
                response.close()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGINT])
def test_open_streams_end_when_the_server_stops(installed: Path, workers: str, wish: signal.Signals) -> None:
    with imsop_up(installed, IMSOP_WORKERS=workers, IMSOP_BCRYPT_COST="4") as up, _streams(up, 6) as streams:
        began = time.monotonic()
        up.process.send_signal(wish)
        for stream in streams:  # each ends with a final empty chunk
            assert b"id: " in b"".join(stream.iter_raw())
        assert time.monotonic() - began < WITHIN_SECONDS
        assert up.ended() == 0
    assert "graceful shutdown exceeded" not in up.output
