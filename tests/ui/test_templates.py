"""Rules for all templates, and for the labels and icons they use."""

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

import imsop
from imsop.ui.render import environment
from imsop.ui.words import WORDS
from tests.rules.source import ROOT, SOURCE

TEMPLATES = sorted([*SOURCE.glob("ui/templates/**/*.html"), *SOURCE.glob("web/pages/**/*.html")])
NOT_ROOMS = {"bench", "cli", "demo", "migrations", "realdata", "ui", "web"}
ROOMS = {path.parent.name for path in SOURCE.glob("*/__init__.py")} - NOT_ROOMS
NOT_READ = {"NumberedKind", "OrderSort", "SupplierSkuSort", "PriceSource", "LeadTimeSource"}


def codes() -> dict[str, Any]:
    """All Literals of codes, by name."""
    return {
        f"{module.name}.{name}": listed
        for room in ROOMS
        for module in pkgutil.walk_packages([str(Path(imsop.__file__).parent / room)], f"imsop.{room}.")
        for name, listed in vars(importlib.import_module(module.name)).items()
        if get_origin(listed) is Literal and name not in NOT_READ
    }


def test_every_code_has_a_label() -> None:
    assert len(codes()) >= 15
    for name, listed in codes().items():
        assert set(get_args(listed)) - WORDS.keys() == set(), name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_template_compiles_and_conforms_to_the_policy(path: Path) -> None:
    text = path.read_text()
    name = str(path.relative_to(SOURCE)).replace("ui/templates/", "ui/").replace("web/pages/", "pages/")
    environment().get_template(name)
    for forbidden in (
        r"\sstyle=",
        r"\son[a-z]+=",
        r"<script(?![^>]*\ssrc=)",
        r"<style",
        r"\|\s*safe\b",
        r"hx-on",
    ):
        assert not re.search(forbidden, text), forbidden


def test_every_icon_in_use_is_built() -> None:
    built = set(json.loads((ROOT / "frontend" / "icons.json").read_text()))
    assert sorted(built) == json.loads((ROOT / "frontend" / "icons.json").read_text())
    source = "\n".join(path.read_text() for path in [*TEMPLATES, *SOURCE.rglob("*.py")])
    assert set(re.findall(r"icon\(\"([\w-]+)\"\)", source)) <= built
