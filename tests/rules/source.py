"""The source as syntax trees, parsed once for all rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "imsop"


class Module(NamedTuple):
    name: str  # as purchasing/queries.py
    text: str
    tree: ast.Module

    @property
    def constants(self) -> dict[str, ast.expr]:
        """Values of module-level names."""
        found = {}
        for statement in self.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    found[name] = value
        return found

    def home_of(self, name: str) -> "Module | None":
        """Our module that a name was imported from."""
        for statement in self.tree.body:
            if isinstance(statement, ast.ImportFrom) and name in {alias.name for alias in statement.names}:
                path = f"{(statement.module or '').removeprefix('imsop.').replace('.', '/')}.py"
                return next((module for module in modules() if module.name == path), None)
        return None


@cache
def modules() -> list[Module]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        found.append(Module(str(path.relative_to(SOURCE)), text, ast.parse(text)))
    return found


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Each call, with the name of the innermost enclosing function."""

    def walk(node: ast.AST, inside: str) -> Iterator[tuple[str, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield inside, child
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from walk(child, child.name if named else inside)  # type: ignore[attr-defined]

    return walk(module.tree, "<module>")
