"""Pictures in the documentation: each file is used, described and small."""

import re

from tests.rules.source import ROOT
from tests.screenshots import FOLDER, MAX_BYTES, PICTURES

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_SHOWN = re.compile(
    r"""!\[(?P<alt>[^\]]*)\]\((?P<path>[^)]+)\)|<img src="(?P<src>[^"]+)"[^>]* alt="(?P<said>[^"]*)\""""
)


def test_every_picture_is_used_described_and_small() -> None:
    shown = {}
    for page in PAGES:
        for found in _SHOWN.finditer(page.read_text()):
            shown[(page.parent / (found["path"] or found["src"])).resolve()] = found["alt"] or found["said"]
    assert sorted(shown) == sorted(FOLDER.glob("*.png"))
    assert sorted(path.stem for path in shown) == sorted(picture.name for picture in PICTURES)
    assert [path.name for path, alt in shown.items() if not alt or path.stat().st_size > MAX_BYTES] == []
