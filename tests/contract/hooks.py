"""Where the fuzzer's reading of JSON Schema is wider than ours."""

from typing import Any

import schemathesis


def _whole(value: Any) -> Any:
    # JSON Schema calls 3.0 an integer; here quantities are whole numbers, written as such.
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
