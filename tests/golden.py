"""Golden files: what the system answers, kept where a review sees it change.

A test that differs fails; `IMSOP_WRITE_GOLDEN=1 pytest …` writes the files anew, to be read before a commit.
"""

import json
import os
from pathlib import Path
from typing import Any


def require_golden(path: Path, actual: dict[str, Any]) -> None:
    """That the file holds exactly this."""
    if os.environ.get("IMSOP_WRITE_GOLDEN"):
        write_golden(path, actual)
    assert actual == json.loads(path.read_text())


def write_golden(path: Path, actual: dict[str, Any]) -> None:
    path.write_text(json.dumps(actual, indent=2, ensure_ascii=False) + "\n")
