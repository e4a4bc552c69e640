"""SQL in the source is literal, and every statement has a tenant predicate for every table it uses."""

import ast
import re
from collections.abc import Iterator

from tests.rules.catalogue import Catalogue
from tests.rules.source import Module, calls, modules

# Where statements are assembled, and from what. May only shrink.
ASSEMBLED = {
    "core/listing.py:page": "literals of a room's Listing; values are bound",
    "core/listing.py:window": "the same",
    "core/listing.py:count": "the same",
    "core/listing.py:stream": "the same",
    "core/tenancy.py:begin": "SET takes no parameters; parsed UUIDs",
    "core/database.py:fetch_all": "passes on what it is given",
    "core/database.py:fetch_one": "passes on what it is given",
    "core/bulk.py:stage_records": "the name of a temporary table, an identifier",
    "core/bulk.py:require_valid": "passes on what it is given",
    "core/doctor.py:examine": "the literals of a room's CHECKS",
    "migrations/__init__.py:upgrade": "the migration's own file",
    "migrations/versions/0014_jobs.py:upgrade": "the schema that the queue's library ships",
    "bench/plans.py:_ran": "a statement that the application sends, behind EXPLAIN",
    "bench/recording.py:_described": "a statement that the application sent",
    "realdata/loading.py:insert": "passes on what it is given",
}
# Statements across organizations, as the operator, who has policies of its own. May only shrink.
WHOLE_INSTALLATION = {
    "cli/operating.py: SELECT id::text, name FROM organizations",
    "identity/organizations/queries.py: UPDATE organizations SET status =",
    "inventory/doctor.py: SELECT count(*) FROM inventory",
    "inventory/doctor.py: SELECT count(*) FROM inventory_transactions",
    "inventory/doctor.py: SELECT count(*) FROM inventory_reservations",
    "purchasing/doctor.py: SELECT count(*) FROM purchase_order_items",
    "purchasing/doctor.py: SELECT count(*) FROM goods_receipt_items",
    "sales/doctor.py: SELECT count(*) FROM sales_order_items",
    "sales/doctor.py: SELECT count(*) FROM sales_order_items i",
    "stewardship/housekeeping.py: DELETE FROM sessions WHERE expires_at",
    "stewardship/housekeeping.py: DELETE FROM idempotency_keys WHERE created_at",
}
EXECUTING_METHODS = {"execute", "executemany", "fetch", "fetchrow", "fetchval", "prepare", "cursor"}
EXECUTING_FUNCTIONS = {"fetch_all": 2, "fetch_one": 2, "require_valid": 2}


def text_of(node: ast.expr, module: Module) -> str | None:
    """The text of an expression of literals and the module's constants; None for any other."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name) if name in module.constants:
            return text_of(module.constants[name], module)
        case ast.Name(id=name) if (home := module.home_of(name)) is not None:
            return text_of(node, home)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [text_of(left, module), text_of(right, module)]
            return None if None in parts else "".join(part or "" for part in parts)
        case ast.IfExp(body=body, orelse=orelse):
            parts = [text_of(body, module), text_of(orelse, module)]
            return None if None in parts else "; ".join(part or "" for part in parts)
    return None


def executed(module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Arguments passed to the database, with their location."""
    for inside, call in calls(module):
        match call.func:
            case ast.Attribute(attr=name) if name in EXECUTING_METHODS and call.args:
                yield f"{module.name}:{inside}", call.args[0]
            case ast.Name(id=name) if name in EXECUTING_FUNCTIONS:
                yield f"{module.name}:{inside}", call.args[EXECUTING_FUNCTIONS[name]]


def test_only_literals_are_executed() -> None:
    assembled = set()
    for module in modules():
        for place, statement in executed(module):
            composed = "sql.SQL(" in ast.unparse(statement) or "grant.format" in ast.unparse(statement)
            if text_of(statement, module) is None and not composed:
                assembled.add(place)
    assert assembled == ASSEMBLED.keys()


def statements(module: Module) -> Iterator[str]:
    """Every complete SQL text; a constant that is only ever extended counts as its extensions."""
    continued = set()
    whole = []
    inner: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.BinOp) and id(node) not in inner:
            inner |= {id(part) for part in ast.walk(node)}
            if (text := text_of(node, module)) is not None:
                whole.append(text)
                continued |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    bare = {
        node.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in inner
    }
    skipped = {
        id(part) for name in continued - bare for part in ast.walk(module.constants.get(name, ast.Pass()))
    }
    yield from whole
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner | skipped:
            yield node.value


def without_tenant(text: str, tables: list[str]) -> list[str]:
    """Tables that a statement uses without a tenant predicate."""
    missing = []
    named = rf"\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+(?:ONLY\s+)?({'|'.join(tables)})\b"
    for match in re.finditer(rf"{named}(?:\s+(?:AS\s+)?([a-z]\w*))?", text):  # keywords are in capitals
        table, alias = match[1], match[2] or match[1]
        column = "id" if table == "organizations" else "organization_id"
        inserted = re.match(rf"INTO {table}(?:\s+AS\s+\w+)?\s*\([^)]*\b{column}\b", text[match.start() :])
        qualified = re.search(rf"\b{alias}\.{column}\b", text)
        alone = alias == table and re.search(rf"(?<![\w.]){column}\s*=", text)
        shared = re.search(r"USING \(organization_id\b", text)
        if not (inserted or qualified or alone or shared):
            missing.append(table)
    return missing


def test_every_statement_has_a_tenant_predicate_for_every_table(catalogue: Catalogue) -> None:
    missing = {
        f"{module.name}: {' '.join(text.split()[:5])}"
        for module in modules()
        for text in statements(module)
        if without_tenant(text, catalogue.tenant_tables)
    }
    assert missing == WHOLE_INSTALLATION


def test_a_forgotten_tenant_is_detected() -> None:
    tables = ["products", "inventory", "organizations"]
    forgotten = {
        "SELECT * FROM products WHERE id = $1": ["products"],
        "SELECT 1 FROM products p JOIN inventory i ON i.product_id = p.id WHERE p.organization_id = $1": [
            "inventory"
        ],
        "UPDATE products SET name = $1 WHERE id = $2": ["products"],
        "DELETE FROM products WHERE id = $1": ["products"],
        "INSERT INTO products (name) VALUES ($1)": ["products"],
        "SELECT name FROM organizations o WHERE o.name = $1": ["organizations"],
    }
    for text, expected in forgotten.items():
        assert without_tenant(text, tables) == expected, text
    for text in (
        "SELECT * FROM products p WHERE p.organization_id = $1",
        "DELETE FROM products WHERE organization_id = $1 AND id = $2",
        "INSERT INTO products (id, organization_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    ):
        assert without_tenant(text, tables) == [], text


def test_no_sql_is_formatted() -> None:
    """f-strings, % and .format that look like SQL; executed arguments are checked above."""
    looks_like_sql = re.compile(
        r"\b(SELECT\b.*\bFROM|INSERT INTO|UPDATE\b.*\bSET|DELETE FROM|TRUNCATE)\b", re.DOTALL
    )
    formatted = set()
    for module in modules():
        for node in ast.walk(module.tree):
            match node:
                case ast.JoinedStr(values=values):
                    parts = values
                case ast.BinOp(left=left, op=ast.Mod()):
                    parts = [left]
                case ast.Call(func=ast.Attribute(value=value, attr="format" | "format_map" | "join")):
                    parts = [value]
                case _:
                    continue
            text = " ".join(
                part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
            if looks_like_sql.search(text):
                formatted.add(f"{module.name}: {text[:80]}")
    assert formatted == set()
