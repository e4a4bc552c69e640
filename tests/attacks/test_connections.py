"""K4: connections that send nothing, or a byte now and then, shut nobody out."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from imsop.web.edge.intake import HEAD_SECONDS, MAX_CONNECTIONS_PER_CLIENT
from tests.attacks.victim import Victim, victim
from tests.factories import SOON

HEALTH = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@contextmanager
def open_files(limit: int) -> Iterator[None]:
    """The limit of this process and of those that it starts."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    with open_files(8_192):
        yield


def connected(attacked: Victim, source: str) -> socket.socket:
    url = urlsplit(attacked.address)
    assert url.hostname
    assert url.port
    return socket.create_connection((url.hostname, url.port), SOON, source_address=(source, 0))


def hold(stack: ExitStack, attacked: Victim, source: str, count: int) -> None:
    """Connections that have begun a request."""
    for _ in range(count):
        stack.enter_context(connected(attacked, source)).sendall(b"GET / HTTP/1.1\r\nX: ")


def is_answered(attacked: Victim, source: str) -> bool:
    with connected(attacked, source) as connection:
        try:
            connection.sendall(HEALTH)
            return connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
        except ConnectionError:
            return False


def test_slow_connections_shut_nobody_out() -> None:
    """More of them than a process may usually have files."""
    with ExitStack() as stack:
        with open_files(1_024):
            attacked = stack.enter_context(victim())
        for host in range(2, 6):
            hold(stack, attacked, f"127.0.0.{host}", 400)
        assert is_answered(attacked, "127.0.0.99")


def test_connections_of_one_address_are_limited(attacked: Victim) -> None:
    with ExitStack() as stack:
        hold(stack, attacked, "127.0.0.7", MAX_CONNECTIONS_PER_CLIENT)
        assert not is_answered(attacked, "127.0.0.7")
        assert is_answered(attacked, "127.0.0.8")
        hold(stack, attacked, "127.0.0.1", MAX_CONNECTIONS_PER_CLIENT)
        assert is_answered(attacked, "127.0.0.1"), "a trusted proxy has the connections of all clients"
    assert is_answered(attacked, "127.0.0.7")


def test_a_slow_head_is_cut(attacked: Victim) -> None:
    began = time.monotonic()
    with connected(attacked, "127.0.0.9") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        while not is_cut(connection):
            assert time.monotonic() < began + HEAD_SECONDS + SOON
    assert time.monotonic() - began > HEAD_SECONDS - 1


def is_cut(connection: socket.socket) -> bool:
    """Sends another byte, and waits for the end for half a second."""
    connection.settimeout(0.5)
    try:
        connection.sendall(b"x")
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
