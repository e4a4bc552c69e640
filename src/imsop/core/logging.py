"""Structured logs that hold nobody's data, by construction: an allow-list of fields, each with its form.

Event names are literals of the code (tests/rules/test_logs.py). A field that is not listed, or whose value
has another form, is masked. Messages of exceptions and of libraries are left out, as they quote what users
have typed; what remains is the class, PostgreSQL's or the system's code, and where it was raised.
"""

import errno
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import structlog

MASK = "***"
REQUEST_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""A UUID: an id that a caller chooses freely could be a name or a telephone number."""
MAX_CHAIN = 10
"""Exceptions of one chain or group that are shown."""
_CODE = re.compile(r"[A-Za-z0-9_.:/(){} -]{1,200}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and REQUEST_ID.fullmatch(value) is not None


def _is_code(value: object) -> bool:
    """Names that come from the code: routes, tasks, modules."""
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


FIELDS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("request_id", "organization_id", "user_id"), _is_id),
    **dict.fromkeys(("route", "task", "logger", "where"), _is_code),
    **dict.fromkeys(("status", "milliseconds", "attempts", "job", "rows", "rated", "whole"), _is_number),
    **dict.fromkeys(("sessions", "replies", "sign_ins", "jobs", "partitions_made"), _is_number),
    "method": _METHODS.__contains__,
}
"""The fields of log lines and the form of each; besides, `error` and `exc_info` take an exception."""
_OWN = frozenset({"event", "level", "timestamp"})


def hold_nobodys_data(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Processor for structlog: masks what FIELDS does not allow, and reduces exceptions to what is code."""
    error = _raised(event.pop("exc_info", None))
    for field, value in event.items():
        if field == "error" and isinstance(value, BaseException):
            event[field] = kind_of(value)
        elif field not in _OWN and value is not None and not (field in FIELDS and FIELDS[field](value)):
            event[field] = MASK
    if error is not None:
        event["exception"] = "".join(_lines(error, set()))
    return event


def _raised(exc_info: Any) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
    return sys.exc_info()[1] if exc_info else None


def kind_of(error: BaseException) -> str:
    """The class of an exception, its SQLSTATE or error number, and the schema objects it concerns."""
    told = [type(error).__qualname__]
    if isinstance(error, OSError) and error.errno:
        told.append(errno.errorcode.get(error.errno, str(error.errno)))
    for attribute in ("sqlstate", "constraint_name", "table_name", "column_name"):
        value = getattr(error, attribute, None)
        if isinstance(value, str) and _CODE.fullmatch(value):
            told.append(value)
    return " ".join(told)


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    """The traceback without messages: causes first, as Python prints them."""
    if id(error) in seen or len(seen) >= MAX_CHAIN:
        return
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _lines(earlier, seen)
        yield "\n"
    yield from traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__)).format()
    yield f"{kind_of(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _lines(each, seen)


def _as_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> bytes:
    # Every request logs a line: this takes a third of the time of structlog's own renderer.
    return msgspec.json.encode(event)


class _OfLibraries(logging.Handler):
    """Forwards log records of libraries to structlog, without the values in their messages."""

    def emit(self, record: logging.LogRecord) -> None:
        is_literal = isinstance(record.msg, str) and record.msg in _source(record.pathname)
        structlog.get_logger().log(
            record.levelno,
            record.msg.strip() if is_literal else "message of a library",
            logger=record.name,
            where=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info,
        )


@lru_cache(maxsize=64)
def _source(path: str) -> str:
    """The code that logs: a message that stands in it is not data."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def configure_logging(*, level: str, as_json: bool | None) -> None:
    """Configures structlog for this process; output goes to stderr.

    `as_json` None: JSON unless it is a terminal.

    Libraries are logged from level WARNING on.
    """
    least = logging.getLevelNamesMapping()[level]
    as_json = not sys.stderr.isatty() if as_json is None else as_json
    render: Any = _as_json if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hold_nobodys_data,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer)
        if as_json
        else structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_OfLibraries()], level=max(least, logging.WARNING), force=True)
