"""Domain errors and their HTTP statuses.

    DomainError
    ├── Unauthenticated        401  credentials are missing or wrong
    ├── Forbidden              403  the caller may see it, but not do this
    ├── NotFound               404  it does not exist, or the caller may not know that it does
    ├── Conflict               409  the current state does not allow it
    ├── PreconditionFailed     412  somebody changed it since the caller read it
    ├── InvalidInput           422  a field has an invalid value
    ├── PreconditionRequired   428  the request must name the version it edits
    ├── TooManyRequests        429  retry later
    └── Unavailable            503  the database does not answer

The class has the HTTP status, the message says what to do. Database errors are mapped to the same classes.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import asyncpg
import msgspec
from msgspec import inspect

from imsop.core.fields import PATTERN_ADVICE
from imsop.core.said import Said


class FieldError(msgspec.Struct, frozen=True):
    """A field, by its path in the request (`items[0].quantity`), and what is wrong with it."""

    field: str
    message: str


class DomainError(Exception):
    """An error that the caller can act on; `detail` says how. `errors` names the fields.

    Messages are English literals where they are raised, so that the catalogue can extract them; those with
    parameters are a `Said`.
    """

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, detail: str, *, errors: list[FieldError] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.headers: dict[str, str] = {}


class Unauthenticated(DomainError):
    status = 401
    title = "Not signed in"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.headers = {"WWW-Authenticate": "Bearer"}


class Forbidden(DomainError):
    status = 403
    title = "Not allowed"


class NotFound(DomainError):
    status = 404
    title = "Not found"


class Conflict(DomainError):
    status = 409
    title = "Conflict"


class PreconditionFailed(DomainError):
    status = 412
    title = "Out of date"


class InvalidInput(DomainError):
    status = 422
    title = "Invalid input"

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidInput":
        return cls.of_all([FieldError(field, message)])

    @classmethod
    def of_all(cls, faults: list[FieldError]) -> "InvalidInput":
        """An error with all faults, whose detail is the first of them."""
        return cls(f"{faults[0].field}: {faults[0].message}", errors=faults)


class PreconditionRequired(DomainError):
    status = 428
    title = "Version required"


class TooManyRequests(DomainError):
    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after_seconds)}


def field_errors(
    error: msgspec.ValidationError, content: Any, expected: Any, *, strict: bool = True
) -> list[FieldError]:
    """One error per invalid or missing top-level field of `content`, where msgspec stops at the first.

    Of a field, only its first error is reported, as of the items of a list. If `content` is not an object,
    the only error is `error` itself.
    """
    found = []
    if isinstance(content, dict) and inspect.is_struct_type(expected):
        for name, value in content.items():
            try:
                msgspec.convert({name: value}, expected, strict=strict)
            except msgspec.ValidationError as alone:
                if not _LACKS_OTHERS.fullmatch(str(alone)):
                    found.append(field_error(str(alone), expected))
            if len(found) == _MOST_NAMED:
                return found
        found += [
            field_error(_LACKS % field.encode_name)
            for field in msgspec.structs.fields(expected)
            if field.required and field.encode_name not in content
        ]
    return found or [field_error(str(error), expected)]


def field_error(message: str, expected: Any = None) -> FieldError:
    """The field that a msgspec message names, and the rest of the message.

    Given the expected type, the message for an invalid enum value lists those allowed.
    """
    match = _WITH_PATH.match(message)
    text, path = (match["message"], match["path"] or "") if match else (message, "")
    if named := _NAMED_FIELD.search(text):
        path = f"{path}.{named[1]}" if path else named[1]
    for pattern, advice in PATTERN_ADVICE.items():
        if text.endswith(f"matching regex {pattern!r}"):
            text = advice
    if text.startswith("Invalid enum value") and expected is not None:
        text += f"; allowed: {', '.join(_allowed(expected, path))}"
    return FieldError(path or "body", text)


def _allowed(expected: Any, path: str) -> list[str]:
    """The enum values and literals that the type allows at that path."""
    kinds = _alternatives([inspect.type_info(expected)])
    for step in _STEP.findall(path):
        fields = [
            field for kind in kinds for field in getattr(kind, "fields", ()) if field.encode_name == step
        ]
        items = [kind.item_type for kind in kinds if step.startswith("[") and hasattr(kind, "item_type")]
        kinds = _alternatives([field.type for field in fields] + items)
    words = [kind.values for kind in kinds if isinstance(kind, inspect.LiteralType)]
    words += [tuple(kind.cls) for kind in kinds if isinstance(kind, inspect.EnumType)]
    return [str(word) for group in words for word in group]


def _alternatives(kinds: Iterable[inspect.Type]) -> list[inspect.Type]:
    return [
        inner
        for kind in kinds
        for inner in (_alternatives(kind.types) if isinstance(kind, inspect.UnionType) else [kind])
    ]


class Unavailable(DomainError):
    status = 503
    title = "Not available"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": "5"}


def from_database(error: asyncpg.PostgresError) -> DomainError | None:
    """The domain error for a database error; None if it is a bug of ours and not the caller's fault.

    Fields are derived from the constraint's name: under row security PostgreSQL does not reveal the key.
    """
    match error:
        case asyncpg.UniqueViolationError():
            field = _UNIQUE.sub("", str(error.constraint_name))
            return Conflict(
                Said("%(field)s: this value is taken; choose another", field=field),
                errors=[FieldError(field, "is already taken")],
            )
        case asyncpg.ForeignKeyViolationError() if "still referenced" in (error.detail or ""):
            return _still_in_use(error)
        case asyncpg.ForeignKeyViolationError():
            name = str(error.constraint_name).removeprefix(f"{error.table_name}_")
            field = _FOREIGN_KEY.sub(r"\1_id", name)
            return InvalidInput.of(field, "nothing with this id exists")
        case asyncpg.CheckViolationError() if error.constraint_name is None:
            return InvalidInput.of("timestamp", "is outside the months that are kept")
        case asyncpg.CheckViolationError():
            # <table>_<rule>, or <table>_<column>__<rule>
            rule = str(error.constraint_name).removeprefix(f"{error.table_name}_")
            field, _, what = rule.partition("__")
            if what == "year":
                return InvalidInput.of(field, "is outside the years 1900 to 2199")
            if advice := _STATE_ADVICE.get(what):
                return Conflict(
                    Said("%(field)s: %(advice)s", field=field, advice=advice),
                    errors=[FieldError(field, advice)],
                )
            words = rule.replace("__", " ").replace("_", " ")
            return InvalidInput.of(field, Said("violates the rule: %(rule)s", rule=words))
    for kinds, refusal in _OTHER_REFUSALS:
        if isinstance(error, kinds):
            return refusal()
    return None


def _still_in_use(error: asyncpg.ForeignKeyViolationError) -> Conflict:
    """A deletion that a row of `error.table_name` refuses; only the message names the deleted row's table."""
    kept = _KEPT.search(str(error))
    return Conflict(
        Said(
            "it is still in use (%(place)s), so it cannot be deleted; %(advice)s",
            place=str(error.table_name).replace("_", " "),
            advice=INSTEAD_OF_DELETING[kept[1] if kept else ""],
        )
    )


_INACTIVE = Said("set its status to inactive instead")
_CANCEL = Said("cancel the order instead")
INSTEAD_OF_DELETING = {
    "customers": _INACTIVE,
    "suppliers": _INACTIVE,
    "warehouses": _INACTIVE,
    "products": Said("discontinue it instead"),
    "roles": Said("take it from its users first"),
    "approval_rules": _INACTIVE,
    "purchase_orders": _CANCEL,
    "purchase_order_items": _CANCEL,
    "sales_orders": _CANCEL,
    "sales_order_items": _CANCEL,
    "shipment_items": Said("book a movement that corrects it instead"),
}
"""What can be done with a row that others refer to, by table: all that the application may delete from."""
_KEPT = re.compile(r'on table "(\w+)" violates')

_STATE_ADVICE = {
    "counted": Said(
        "cannot change while stock, movements or orders are counted in it; make a new product instead"
    ),
    "in_use": Said("cannot be archived while there is stock or an open order of it; discontinue it instead"),
    "archived": Said("is archived: nothing is booked for it"),
    "closed": Said("is inactive: nothing is booked in or out of it"),
}
"""By the end of the constraint that triggers name: rules that depend on other rows."""

# Names such as products_unique_sku and users_unique_active_email end in the field; so do foreign keys.
_UNIQUE = re.compile(r"^.*_unique_(active_|organization_)?")
_FOREIGN_KEY = re.compile(r"^(?:organization_id_)?(.+?)(?:_id)?_fkey$")

# As in: Expected `int`, got `str` - at `$.items[0].quantity`
_WITH_PATH = re.compile(r"^(?P<message>.*?)(?: - at `(?:key in )?\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"[^.\[]+|\[[^]]*\]")
_LACKS = "Object missing required field `%s`"
_LACKS_OTHERS = re.compile(_LACKS % r"\w+")
_MOST_NAMED = 20  # invalid fields listed at most
_NAMED_FIELD = re.compile(r"(?:unknown|missing required) field `([^`]*)`")

_OTHER_REFUSALS: list[tuple[tuple[type[asyncpg.PostgresError], ...], Callable[[], DomainError]]] = [
    (
        (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError),
        lambda: InvalidInput.of("text", "contains a character that cannot be stored"),
    ),
    (
        (asyncpg.NumericValueOutOfRangeError,),
        lambda: InvalidInput.of("quantity", "the result is out of range"),
    ),
    ((asyncpg.DataError,), lambda: InvalidInput("a value is out of range for its field")),
    (
        (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError),
        lambda: Conflict("somebody else is changing the same rows; try again"),
    ),
    (
        (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.TooManyConnectionsError),
        lambda: Unavailable("the database is not responding; try again shortly"),
    ),
]
