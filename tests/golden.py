"""Golden files: expected output, stored in files so that a review sees changes.

A differing test fails; `IMSOP_WRITE_GOLDEN=1 pytest …` rewrites the files, to be reviewed before a commit.
"""

import json
import os
from pathlib import Path
from typing import Any


def require_golden(path: Path, actual: dict[str, Any]) -> None:
    """Asserts that the file contains exactly this."""
    if os.environ.get("IMSOP_WRITE_GOLDEN"):
        write_golden(path, actual)
    assert actual == json.loads(path.read_text())


def write_golden(path: Path, actual: dict[str, Any]) -> None:
    path.write_text(json.dumps(actual, indent=2, ensure_ascii=False) + "\n")
