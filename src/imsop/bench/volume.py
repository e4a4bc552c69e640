"""Generates benchmark data: organizations full of made-up rows, whose keys are computed from a number.

A product's number is its SKU, an order's its order number, a shipment's its tracking number, and it is the
last part of the row's id. So the load generator and pgbench, with its integer variables, can address any row
without reading.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple
from uuid import UUID

from imsop.core.database import Connection, Pool, transaction
from imsop.core.installation import Progress
from imsop.core.settings import Settings
from imsop.core.tenancy import Tenant
from imsop.identity.credentials import queries
from imsop.identity.credentials.tokens import new_token, token_hash
from imsop.identity.organizations.models import NewOrganization
from imsop.identity.signing_in.actions import sign_up

FIRST_NUMBER = 100_000_000_000
"""Twelve digits, as in the last group of a UUID."""
PASSWORD = "a password of nobody"  # noqa: S105 - of accounts that exist for one run, on loopback
TOKEN_SECONDS = 24 * 3600

Kind = Literal["product", "warehouse", "supplier", "purchase_order", "shipment", "customer", "sales_order"]
_KIND_MARKS: dict[Kind, int] = {
    "product": 1,
    "warehouse": 2,
    "supplier": 3,
    "purchase_order": 4,
    "shipment": 5,
    "customer": 6,
    "sales_order": 7,
}


@dataclass(frozen=True, slots=True)
class Volume:
    """The number of organizations and the size of each."""

    organizations: int = 20
    products: int = 2_000
    warehouses: int = 5
    movements_per_balance: int = 1
    purchase_orders: int = 500
    lines_per_order: int = 4
    shipments: int = 500
    positions_per_shipment: int = 20
    customers: int = 100
    sales_orders: int = 500

    def counted(self, kind: Kind) -> int:
        """The number of rows of a kind per organization."""
        counts: dict[Kind, int] = {
            "product": self.products,
            "warehouse": self.warehouses,
            "supplier": max(1, self.products // 50),
            "purchase_order": self.purchase_orders,
            "shipment": self.shipments,
            "customer": self.customers,
            "sales_order": self.sales_orders,
        }
        return counts[kind]

    def times(self, scale: int) -> "Volume":
        """The same organizations with `scale` times the products, partners, orders and shipments."""
        return replace(
            self,
            products=self.products * scale,
            purchase_orders=self.purchase_orders * scale,
            shipments=self.shipments * scale,
            customers=self.customers * scale,
            sales_orders=self.sales_orders * scale,
        )


class Member(NamedTuple):
    """An organization, its administrator, and a valid token."""

    number: int
    organization_id: UUID
    user_id: UUID
    token: str

    def id_prefix(self, kind: Kind) -> str:
        """The id of its rows of a kind, up to the twelve digits of the row's number."""
        return f"{_KIND_MARKS[kind]:08x}-{self.number:04x}-7000-8000-"


async def load(pool: Pool, volume: Volume, progress: Progress) -> list[Member]:
    """Fills an empty database with the organizations of `volume`; returns the member signed up for each.

    The caller must ANALYZE, which the application role may not.
    """
    members = []
    for number in range(volume.organizations):
        member = await _sign_up(pool, number)
        async with transaction(pool, Tenant(member.organization_id, member.user_id)) as connection:
            await _load_master_data(connection, member, volume)
            await _load_stock(connection, member, volume)
            await _load_purchase_orders(connection, member, volume)
            await _load_shipments(connection, member, volume)
            await _load_sales_orders(connection, member, volume)
        members.append(member)
        progress("Organizations", number + 1, volume.organizations)
    return members


async def _sign_up(pool: Pool, number: int) -> Member:
    """Signs up an organization through the product's own action, and creates a session."""
    new = NewOrganization(
        name=f"Organization {number}", email=f"admin@bench-{number}.example", password=PASSWORD
    )
    signed_up = await sign_up(pool, Settings(bcrypt_cost=4), new, address=None)
    organization_id, user_id = signed_up.organization.id, signed_up.administrator.id
    token = new_token("bearer", organization_id)
    async with transaction(pool, Tenant(organization_id, user_id)) as connection:
        await queries.insert_session(
            connection, organization_id, user_id, "bearer", token_hash(token), None, None, TOKEN_SECONDS
        )
    return Member(number, organization_id, user_id, token)


async def _load_master_data(connection: Connection, member: Member, volume: Volume) -> None:
    await connection.execute(
        """
        INSERT INTO warehouses (id, organization_id, name, city, country)
        SELECT ($2 || n)::uuid, $1, 'Warehouse ' || n, 'Rotterdam', 'Netherlands'
        FROM generate_series($3::bigint, $4) AS n
        """,
        *_numbered(member, volume, "warehouse"),
    )
    await connection.execute(
        """
        INSERT INTO suppliers (id, organization_id, name, country, rating, lead_time_days)
        SELECT ($2 || n)::uuid, $1, 'Supplier ' || n, 'Germany', n % 6, 5 + n % 40
        FROM generate_series($3::bigint, $4) AS n
        """,
        *_numbered(member, volume, "supplier"),
    )
    await connection.execute(
        """
        INSERT INTO products (id, organization_id, sku, name, description, category, unit_of_measure,
                              units_per_pack, unit_cost, selling_price, reorder_level, reorder_quantity)
        SELECT ($2 || n)::uuid, $1, n::text, 'Product ' || n, 'Made for measuring, of the usual length',
               'Category ' || n % 20, 'piece', 1 + n % 12, 1 + n % 90, 2 + n % 120, n % 50, 100
        FROM generate_series($3::bigint, $4) AS n
        """,
        *_numbered(member, volume, "product"),
    )


def _numbered(member: Member, volume: Volume, kind: Kind) -> tuple[UUID, str, int, int]:
    """Organization, id prefix, first and last number of a kind."""
    count = volume.counted(kind)
    return member.organization_id, member.id_prefix(kind), FIRST_NUMBER, FIRST_NUMBER + count - 1


async def _load_stock(connection: Connection, member: Member, volume: Volume) -> None:
    """A balance for each product in each warehouse, posted through the ledger."""
    for movement in range(volume.movements_per_balance):
        await connection.execute(
            """
            SELECT count(*) FROM (
                SELECT array_agg(p.id ORDER BY p.id, w.id) AS products,
                       array_agg(w.id ORDER BY p.id, w.id) AS warehouses,
                       array_agg(100000 + (hashtext(p.id::text || w.id) & 8191)) AS quantities,
                       count(*)::int AS lines
                FROM products p CROSS JOIN warehouses w
                WHERE p.organization_id = $1 AND w.organization_id = $1
            ) AS pair,
            post_movements($1, products, warehouses, quantities, array_fill('adjustment'::text, ARRAY[lines]),
                           array_fill('correction'::text, ARRAY[lines]), array_fill(NULL::uuid, ARRAY[lines]),
                           array_fill(NULL::text, ARRAY[lines]), array_fill(NULL::text, ARRAY[lines]),
                           array_fill(now() - make_interval(days => 700 - 7 * $2::int), ARRAY[lines]), $3)
            """,
            member.organization_id,
            movement,
            member.user_id,
        )


async def _load_purchase_orders(connection: Connection, member: Member, volume: Volume) -> None:
    """Orders over two years, all but the newest tenth received."""
    await connection.execute(
        """
        INSERT INTO purchase_orders (id, organization_id, supplier_id, po_number, order_date,
                                     expected_delivery_date, total_amount, currency, created_by)
        SELECT ($2 || n)::uuid, $1, ($5 || $3 + n % $6)::uuid, n::text,
               current_date - age, current_date - age + 21, 400, 'EUR', $7
        FROM generate_series($3::bigint, $4) AS n, LATERAL (SELECT ((n * 7919) % 730)::int AS age)
        """,
        *_numbered(member, volume, "purchase_order"),
        member.id_prefix("supplier"),
        volume.counted("supplier"),
        member.user_id,
    )
    await connection.execute(
        """
        INSERT INTO purchase_order_items (organization_id, purchase_order_id, line_number, product_id,
                                          quantity_ordered, unit_price, line_total, expected_delivery_date)
        SELECT $1, ($2 || n)::uuid, line, ($5 || $3 + (n * 31 + line * 977) % $6)::uuid, 10, 10, 100,
               current_date
        FROM generate_series($3::bigint, $4) AS n, generate_series(1, $7::int) AS line
        """,
        *_numbered(member, volume, "purchase_order"),
        member.id_prefix("product"),
        volume.products,
        volume.lines_per_order,
    )
    refused = await connection.fetchval(
        """
        SELECT count(*)
        FROM (
            SELECT array_agg(ROW(id, 'draft',
                               CASE WHEN current_date - order_date < 73 THEN 'confirmed' ELSE 'received' END,
                                 NULL, NULL, $2::uuid, NULL)::document_change)
            FROM purchase_orders WHERE organization_id = $1
        ) AS loaded (changes), advance_purchase_orders($1, loaded.changes)
        """,
        member.organization_id,
        member.user_id,
    )
    _require_none(refused)


async def _load_shipments(connection: Connection, member: Member, volume: Volume) -> None:
    """Shipments of the last year, a tenth in transit, with a position every six hours."""
    await connection.execute(
        """
        INSERT INTO shipments (id, organization_id, shipment_type, purchase_order_id, carrier,
                               tracking_number, transport_mode, ship_date)
        SELECT ($2 || n)::uuid, $1, 'inbound', ($5 || $3 + n % $6)::uuid, 'Carrier', n::text, 'ocean',
               current_date - 10 - (n % 350)::int
        FROM generate_series($3::bigint, $4) AS n
        """,
        *_numbered(member, volume, "shipment"),
        member.id_prefix("purchase_order"),
        volume.purchase_orders,
    )
    await connection.execute(
        """
        INSERT INTO shipment_tracking (organization_id, shipment_id, location, latitude, longitude, status,
                                       "timestamp")
        SELECT $1, ($2 || n)::uuid, 'At sea', 52 - step * 0.5, 4 - step * 0.75, 'in_transit',
               now() - make_interval(days => 10 + (n % 350)::int, hours => -6 * step)
        FROM generate_series($3::bigint, $4) AS n, generate_series(1, $5::int) AS step
        """,
        *_numbered(member, volume, "shipment"),
        volume.positions_per_shipment,
    )
    await connection.execute(
        """
        INSERT INTO shipment_last_position (organization_id, shipment_id, location, latitude, longitude,
                                            status, "timestamp")
        SELECT DISTINCT ON (t.shipment_id) $1, t.shipment_id, t.location, t.latitude, t.longitude, t.status,
               t."timestamp"
        FROM shipment_tracking t
        WHERE t.organization_id = $1
        ORDER BY t.shipment_id, t."timestamp" DESC
        """,
        member.organization_id,
    )
    refused = await connection.fetchval(
        """
        SELECT count(*)
        FROM (
            SELECT array_agg(ROW(id, 'pending',
                                 CASE WHEN tracking_number LIKE '%0' THEN 'in_transit' ELSE 'delivered' END,
                                 NULL, NULL, $2::uuid, NULL)::document_change)
            FROM shipments WHERE organization_id = $1
        ) AS loaded (changes), advance_shipments($1, loaded.changes)
        """,
        member.organization_id,
        member.user_id,
    )
    _require_none(refused)


async def _load_sales_orders(connection: Connection, member: Member, volume: Volume) -> None:
    """Orders of two years without lines, which the benchmark does not read."""
    await connection.execute(
        """
        INSERT INTO customers (id, organization_id, customer_number, name, country)
        SELECT ($2 || n)::uuid, $1, n::text, 'Customer ' || md5(n::text), 'Germany'
        FROM generate_series($3::bigint, $4) AS n
        """,
        *_numbered(member, volume, "customer"),
    )
    await connection.execute(
        """
        INSERT INTO sales_orders (id, organization_id, customer_id, so_number, order_date)
        SELECT ($2 || n)::uuid, $1, ($5 || $3 + n % $6)::uuid, n::text, current_date - ((n * 7919) % 730)::int
        FROM generate_series($3::bigint, $4) AS n
        """,
        *_numbered(member, volume, "sales_order"),
        member.id_prefix("customer"),
        volume.customers,
    )
    refused = await connection.fetchval(
        """
        SELECT count(*)
        FROM (
            SELECT array_agg(ROW(id, 'draft', 'delivered', NULL, NULL, $2::uuid, NULL)::document_change)
            FROM sales_orders WHERE organization_id = $1
        ) AS loaded (changes), advance_sales_orders($1, loaded.changes)
        """,
        member.organization_id,
        member.user_id,
    )
    _require_none(refused)


def _require_none(refused: int) -> None:
    if refused:
        raise RuntimeError(f"{refused} documents were not in the state they were loaded in")
