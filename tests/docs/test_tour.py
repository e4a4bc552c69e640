"""Runs the README's tour as a new user would: from an empty directory, with the demo, command by command."""

import re
import subprocess
from pathlib import Path

import pytest

from imsop.demo.people import sign_ins
from tests.installation.processes import ENVIRONMENT, IMSOP, imsop_up, open_directory

README = (Path(__file__).parents[2] / "README.md").read_text()
TOUR = README.partition("<!-- tour begins -->")[2].partition("<!-- tour ends -->")[0]
ANYTHING = "\N{HORIZONTAL ELLIPSIS}"


def blocks() -> list[str]:
    return re.findall(r"^```(?:json)?\n(.*?)^```$", TOUR, re.MULTILINE | re.DOTALL)


def is_output(block: str) -> bool:
    """True for output, which never begins like a command of the tour."""
    return re.match(r"[{\s\u2026]|HTTP/", block) is not None


def as_pattern(output: str) -> str:
    """A regular expression: a line with only an ellipsis matches any lines, one within a line any text."""
    pattern = re.escape(output).replace(f"{ANYTHING}\\\n", r"(?:.*\n)*?")
    return pattern.replace(ANYTHING, r"[^\n]+")


@pytest.mark.timeout(300)
def test_the_tour_works_from_scratch_and_after_a_restart() -> None:
    with open_directory() as directory:
        with imsop_up(directory, "--demo") as up:
            assert_takes_the_tour(up.address, directory)
            for domain in ("foods.example", "tools.example"):
                for email, password in sign_ins(domain):
                    assert f"sign in as {email} with password {password}" in up.output
            assert up.end() == 0
        with imsop_up(directory, "--demo") as again:
            assert again.answers()
            assert "foods.example was loaded before and is left as it is" in again.output


def assert_takes_the_tour(address: str, data_dir: Path) -> None:
    """Every command succeeds and prints what the README shows, in order."""
    script, expected = ["set -eu"], []
    for block in blocks():
        if is_output(block):
            expected.append(as_pattern(block))
        else:
            here = block.replace("http://127.0.0.1:8000", address).replace(".venv/bin/imsop", str(IMSOP))
            script.append(here)
    assert len(expected) == 6
    ran = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=ENVIRONMENT | {"IMSOP_DATA_DIR": str(data_dir)},
    )
    assert ran.returncode == 0, ran.stderr
    output = ran.stdout.replace("\r", "")
    for pattern in expected:
        match = re.search(pattern, output)
        assert match, f"{pattern}\n\nis not in\n\n{output}"
        output = output[match.end() :]
