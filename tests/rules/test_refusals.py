"""Every error message is translatable: a complete literal where it is raised."""

import ast

from imsop.core.errors import DomainError
from imsop.core.said import Said
from imsop.ui import catalogue
from tests.rules.source import calls, modules

PLACES = {refusal.__name__: 0 for refusal in DomainError.__subclasses__()} | {
    "Said": 0,
    "of": 1,
    "FieldError": 1,
    "changed_meanwhile": 0,
    "require_version": 2,
}
"""Callables that take an error message, with the position of that argument."""
TO_OPERATORS = ("core/bulk.py", "inventory/ledger/bulk.py", "realdata/", "demo/")
"""The command line reports errors of these in English only."""


def test_error_messages_are_in_the_catalogue_with_named_parameters() -> None:
    known = {message.id for message in catalogue.texts()}
    found = 0
    for module in modules():
        if module.name.startswith(TO_OPERATORS):
            continue
        for function, call in calls(module):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name not in PLACES or len(call.args) <= PLACES[name]:
                continue
            text = call.args[PLACES[name]]
            assert not isinstance(text, ast.JoinedStr | ast.BinOp), f"{module.name}:{function}: use Said"
            if isinstance(text, ast.Constant):
                found += 1
                assert text.value in known, f"{module.name}:{function}: {text.value}"
    assert found > 100


def test_a_said_is_english_in_the_api() -> None:
    short = Said("only %(left)s left", left=3)
    told = Said("not enough: %(short)s", short=[short, short])
    assert told == "not enough: only 3 left; only 3 left"
