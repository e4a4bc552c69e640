"""The browser that tests drive. `python -m tests.browser` installs one, or says what to do.

Debian's chromium if it is or can be installed, else Playwright's.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",  # otherwise it contacts its vendor's hosts
    "--disable-component-update",
    "--disable-sync",
)
LACKING = """\
The tests drive a browser, and none is here nor could be installed. Install one of
  Debian, Ubuntu:  apt-get install chromium
  any Linux:       .venv/bin/playwright install --with-deps chromium
or name one that is installed elsewhere: IMSOP_CHROMIUM=/path/to/chromium make test"""
_INSTALL_SECONDS = 900


def found() -> str | None:
    """The path of a Chromium that starts."""
    named = os.environ.get("IMSOP_CHROMIUM")
    for path in [named] if named else [*map(shutil.which, NAMES), _playwrights_own()]:
        if path and _run([path, "--version"], seconds=60):
            return path
    return None


def _playwrights_own() -> str | None:
    folders = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    built = sorted(folders.glob("chromium-*/chrome-linux*/chrome"))
    return str(built[-1]) if built else None


def install() -> None:
    """Tries possible ways, the most likely first; failures are not reported, as the next may succeed."""
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
    if os.geteuid() != 0:
        apt = ["sudo", "-n", *apt]
    if shutil.which("apt-get") and shutil.which(apt[0]):
        _run([*apt, "update", "-qq"])
        if _run([*apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"]) and found():
            return
    _run([sys.executable, "-m", "playwright", "install", "chromium"])


def _run(command: list[str], *, seconds: int = _INSTALL_SECONDS) -> bool:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=quiet,
            timeout=seconds,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    if not found():
        sys.stderr.write("installing a browser for the tests\n")
        install()
    if not found():
        sys.exit(LACKING)
