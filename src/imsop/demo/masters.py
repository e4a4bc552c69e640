"""Writes master data: warehouses and their zones, suppliers, customers, products, approval rules."""

from imsop.core.bulk import stage_records
from imsop.demo.loading import Loading, rows_written
from imsop.demo.partners import make_contact
from imsop.inventory.warehouses.models import ZoneType

_ZONES: tuple[tuple[str, str, ZoneType, int], ...] = (
    ("REC", "Goods in", "receiving", 6),
    ("STO", "High rack", "storage", 62),
    ("PIC", "Picking aisles", "picking", 18),
    ("PAC", "Packing benches", "packing", 4),
    ("SHP", "Loading bays", "shipping", 7),
    ("QUA", "Quarantine cage", "quarantine", 3),
)
"""Code, name, type, and percent of the warehouse's capacity."""


async def write_warehouses(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_warehouses (
            id uuid, name text, location text, country text, city text, capacity int, manager_id uuid
        ) ON COMMIT DROP
        """
    )
    manager_id = loading.user_ids["warehouse"]
    staged = await stage_records(
        loading.connection,
        "staged_warehouses",
        (
            (id_, each.name, each.place.name, each.place.country, each.place.city, each.capacity, manager_id)
            for id_, each in zip(loading.warehouse_ids, loading.company.warehouses, strict=True)
        ),
    )
    status = await loading.connection.execute(
        """
        INSERT INTO warehouses (id, organization_id, name, location, country, city, capacity, manager_id)
        SELECT s.id, $1::uuid, s.name, s.location, s.country, s.city, s.capacity, s.manager_id
        FROM staged_warehouses s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_zones(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_zones (
            warehouse_id uuid, code text, name text, zone_type text, capacity int
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_zones",
        (
            (id_, code, name, zone_type, warehouse.capacity * percent // 100)
            for id_, warehouse in zip(loading.warehouse_ids, loading.company.warehouses, strict=True)
            for code, name, zone_type, percent in _ZONES
        ),
    )
    status = await loading.connection.execute(
        """
        INSERT INTO warehouse_zones (organization_id, warehouse_id, code, name, zone_type, capacity)
        SELECT $1::uuid, s.warehouse_id, s.code, s.name, s.zone_type, s.capacity FROM staged_zones s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_suppliers(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_suppliers (
            id uuid, name text, email text, phone text, country text, city text, address text,
            postal_code text, contact_person text, status text, rating numeric, payment_terms text,
            lead_time_days int
        ) ON COMMIT DROP
        """
    )
    records = []
    for number, (id_, supplier) in enumerate(
        zip(loading.supplier_ids, loading.company.suppliers, strict=True)
    ):
        contact = make_contact(supplier.name, supplier.locale, number)
        records.append((
            id_, supplier.name, contact.email, contact.phone, supplier.place.country, supplier.place.city,
            contact.address, contact.postal_code, contact.person,
            "inactive" if supplier.replaced_by else "active", loading.books.ratings[number],
            supplier.payment_terms, loading.books.lead_times_days[number],
        ))  # fmt: skip
    staged = await stage_records(loading.connection, "staged_suppliers", records)
    status = await loading.connection.execute(
        """
        INSERT INTO suppliers (id, organization_id, name, email, phone, country, city, address, postal_code,
                               contact_person, status, rating, payment_terms, lead_time_days)
        SELECT s.id, $1::uuid, s.name, s.email, s.phone, s.country, s.city, s.address, s.postal_code,
               s.contact_person, s.status, s.rating, s.payment_terms, s.lead_time_days
        FROM staged_suppliers s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_customers(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_customers (
            id uuid, customer_number text, name text, email text, phone text, country text, city text,
            address text, postal_code text, contact_person text, payment_terms text
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_customers",
        (
            (
                id_, customer.number, customer.name, customer.contact.email, customer.contact.phone,
                customer.place.country, customer.place.city, customer.contact.address,
                customer.contact.postal_code, customer.contact.person,
                customer.payment_terms,
            )
            for id_, customer in zip(loading.customer_ids, loading.books.customers, strict=True)
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO customers (id, organization_id, customer_number, name, email, phone, country, city,
                               address, postal_code, contact_person, payment_terms)
        SELECT s.id, $1::uuid, s.customer_number, s.name, s.email, s.phone, s.country, s.city, s.address,
               s.postal_code, s.contact_person, s.payment_terms
        FROM staged_customers s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_products(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_products (
            id uuid, sku text, name text, description text, category text, unit_of_measure text,
            units_per_pack int, gtin text, unit_cost numeric, selling_price numeric, reorder_level int,
            reorder_quantity int, status text
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_products",
        (
            (
                id_, product.sku, product.name, product.description, product.category, product.unit,
                product.pack, product.gtin, product.unit_cost, product.selling_price, rule.level,
                rule.quantity, "discontinued" if product.discontinued else "active",
            )
            for id_, product, rule in zip(
                loading.product_ids, loading.company.products, loading.books.rules, strict=True
            )
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO products (id, organization_id, sku, name, description, category, unit_of_measure,
                              units_per_pack, gtin, unit_cost, selling_price, reorder_level, reorder_quantity,
                              status)
        SELECT s.id, $1::uuid, s.sku, s.name, s.description, s.category, s.unit_of_measure, s.units_per_pack,
               s.gtin, s.unit_cost, s.selling_price, s.reorder_level, s.reorder_quantity, s.status
        FROM staged_products s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


_APPROVED_FROM = 250_000
"""Total of a purchase order, in the company's currency, from which a planner approves it."""


async def write_approval_rules(loading: Loading) -> int:
    status = await loading.connection.execute(
        """
        INSERT INTO approval_rules (organization_id, kind, threshold, approver_role_id, deputy_user_id)
        SELECT $1::uuid, 'total', $2, r.id, $3 FROM roles r
        WHERE r.organization_id = $1 AND r.is_system AND r.name = 'planner'
        """,
        loading.organization_id,
        _APPROVED_FROM,
        loading.user_ids["administrator"],
    )
    return rows_written(1, status)
