import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation.processes import imsop, open_directory


@pytest.fixture(scope="session")
def _installed_once() -> Iterator[Path]:
    with open_directory() as directory:
        done = imsop("migrate", "--data-dir", directory / "data")
        assert done.returncode == 0, done.stderr
        yield directory / "data"


@pytest.fixture
def empty() -> Iterator[Path]:
    """A directory that nothing was installed in."""
    with open_directory() as directory:
        yield directory / "data"


@pytest.fixture
def installed(empty: Path, _installed_once: Path) -> Path:
    """A data directory as a clean stop left it."""
    subprocess.run(["cp", "--archive", _installed_once, empty], check=True)
    return empty
