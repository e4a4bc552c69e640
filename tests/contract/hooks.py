"""Hooks for the fuzzer where JSON Schema is wider than our types."""

from typing import Any

import schemathesis


def _whole(value: Any) -> Any:
    # JSON Schema considers 3.0 an integer; our quantities must be written as whole numbers.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    return value


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    return _whole(body)
