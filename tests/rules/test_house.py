"""House rules: sizes, names, documentation, no skipped tests. Lists of exceptions may only shrink."""

import ast
import re

from imsop.core.settings import Settings
from tests.rules.source import ROOT, SOURCE, functions, modules

MAX_FUNCTION_LINES = 70  # a screen
MAX_FILE_LINES = 450  # a chapter
LONG_FUNCTIONS: dict[str, int] = {}
NOT_A_NOUN = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "info", "data"}


def test_a_function_fits_a_screen() -> None:
    long = {
        f"{module.name}:{function.name}": lines
        for module in modules()
        for function in functions(module.tree)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == LONG_FUNCTIONS


def test_a_file_is_short() -> None:
    assert not [module.name for module in modules() if module.text.count("\n") > MAX_FILE_LINES]


def test_modules_have_no_generic_names() -> None:
    named = [module.name for module in modules() if NOT_A_NOUN & set(re.split(r"[/_.]", module.name))]
    assert named == []


def test_every_module_has_a_docstring() -> None:
    silent = [m.name for m in modules() if m.tree.body and ast.get_docstring(m.tree) is None]
    assert [name for name in silent if "migrations/versions" not in name] == []


def test_no_test_is_skipped_or_empty() -> None:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & {"skip", "skipif", "xfail", "importorskip"}, path.name
        for function in functions(tree):
            if function.name.startswith("test_"):
                body = [
                    s
                    for s in function.body
                    if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
                ]
                assert body, f"{path.name}:{function.name} is empty"
                assert not isinstance(body[0], ast.Pass), f"{path.name}:{function.name} is empty"


def documented_settings() -> dict[str, str]:
    """The text of docs/settings.md by the variable in its heading."""
    text = (ROOT / "docs" / "settings.md").read_text()
    _, *parts = re.split(r"^### `IMSOP_(\w+)`$", text, flags=re.MULTILINE)
    return {name.lower(): said for name, said in zip(parts[::2], parts[1::2], strict=True)}


def test_exactly_the_existing_settings_are_documented() -> None:
    assert sorted(documented_settings()) == sorted(Settings.model_fields)


def test_documented_defaults_are_correct() -> None:
    for name, said in documented_settings().items():
        default = Settings.model_fields[name].default
        stated = "none" if default is None else str(default)
        assert re.search(rf"Default: `?{re.escape(stated)}(?!\w)", said, re.IGNORECASE), f"{name}: {stated}"


PAGES = SOURCE / "web" / "pages"
_TEMPLATE = re.compile(r'"(pages/[a-z_/]+\.html)"')
_CELL = re.compile(r'column\.name (?:==|in) (\[[^\]]*\]|"[a-z_]+")')


def test_every_column_has_a_cell() -> None:
    """A column whose name no template compares would be an empty one."""
    empty, columns_seen = {}, 0
    for module in PAGES.rglob("*.py"):
        source = module.read_text()
        columns = set(re.findall(r'\bColumn\(\s*"([a-z_]+)"', source))
        rendered = {PAGES.parent / name for name in _TEMPLATE.findall(source)} or set(PAGES.rglob("*.html"))
        texts = [template.read_text() for template in rendered]
        texts += [
            (PAGES.parent / name).read_text() for text in list(texts) for name in _TEMPLATE.findall(text)
        ]
        cells = {
            name for text in texts for found in _CELL.findall(text) for name in re.findall(r"\w+", found)
        }
        columns_seen += len(columns)
        if missing := columns - cells:
            empty[module.name] = missing
    assert columns_seen
    assert empty == {}
