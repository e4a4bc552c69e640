"""A process to attack: its address, CPU time, memory and log."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from tests.factories import PASSWORD
from tests.installation.processes import Up, imsop_up, open_directory

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Victim:
    """`imsop up` without the demo, and the administrator of its one organization."""

    EMAIL = "admin@victim.example"

    def __init__(self, up: Up) -> None:
        self._up = up
        self.address = up.address
        (self._process,) = [
            process for process in [psutil.Process(up.process.pid)] if "imsop" in " ".join(process.cmdline())
        ]
        organization = {"name": "Victim", "email": self.EMAIL, "password": PASSWORD}
        httpx.post(f"{self.address}/api/v1/organizations", json=organization).raise_for_status()

    def token(self) -> str:
        credentials = {"email": self.EMAIL, "password": PASSWORD}
        reply = httpx.post(f"{self.address}/api/v1/auth/token", json=credentials)
        token: str = reply.raise_for_status().json()["access_token"]
        return token

    def cookies(self) -> dict[str, str]:
        """Cookies of a signed-in browser, with the CSRF token as `csrf`."""
        with httpx.Client(base_url=self.address) as browser:
            form = _csrf_token(browser.get("/sign-in").text)
            fields = {"email": self.EMAIL, "password": PASSWORD, "csrf_token": form}
            reply = browser.post("/sign-in", data=fields)
            assert reply.status_code == 303, reply.text
            token = _csrf_token(browser.get("/profile").text)
            return {"imsop_session": browser.cookies["imsop_session"], "csrf": token}

    def processor_seconds(self) -> float:
        used = self._process.cpu_times()
        return float(used.user + used.system)

    def resident_bytes(self) -> int:
        return int(self._process.memory_info().rss)

    def memory_holds(self, needle: bytes) -> int:
        """The number of occurrences of the bytes in the process's writable memory."""
        pid = self._process.pid
        found = 0
        regions = re.findall(
            r"^([0-9a-f]+)-([0-9a-f]+) rw", Path(f"/proc/{pid}/maps").read_text(), flags=re.MULTILINE
        )
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            for first, end in regions:
                memory.seek(int(first, 16))
                left = int(end, 16) - int(first, 16)
                before = b""
                while left > 0 and (part := _read(memory, min(left, 1 << 24))):
                    found += (before + part).count(needle)
                    before = part[-len(needle) + 1 :]
                    left -= len(part)
        return found

    def errors(self) -> list[str]:
        """Log lines that report server errors."""
        return [line for line in self._up.lines if '"level":"error"' in line or "Traceback" in line]


def _read(memory: "object", size: int) -> bytes:
    try:
        return memory.read(size)  # type: ignore[attr-defined, no-any-return]
    except OSError:  # an unreadable region
        return b""


def _csrf_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert found, page
    return found[1]


@contextmanager
def victim(**environment: str) -> Iterator[Victim]:
    usual = {
        "IMSOP_BCRYPT_COST": "4",
        "IMSOP_SIGN_IN_ATTEMPTS_PER_ADDRESS": "1000000",
        "IMSOP_SIGN_IN_ATTEMPTS_PER_ACCOUNT": "1000000",
    }
    with open_directory() as directory, imsop_up(directory / "data", **(usual | environment)) as up:
        yield Victim(up)
