"""The two companies of the demo, read from the TOML files in this directory."""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.resources import files
from typing import Any

from stdnum import ean

from imsop.demo.company import Company, CustomerKind, Place, Product, Season, Supplier, Warehouse

_PRICE = Decimal("0.0001")
_PRICE_STEP = Decimal("0.05")
_LABEL = {"Canned fish": "Label, fish range"}
_KITCHEN_LABEL = "Label, kitchen range"


def foods() -> Company:
    """The manufacturer: buys materials and makes its products."""
    table = _table("foods.toml")
    materials = {product.name: product for product in _materials(table)}
    made = tuple(_made(table, materials))
    return _company(table, made + tuple(materials.values()))


def tools() -> Company:
    """The distributor: buys its products."""
    table = _table("tools.toml")
    return _company(table, tuple(_bought(table)))


def demo_gtin(company_number: int, item: int) -> str:
    """A GTIN-13 with prefix 952, which GS1 reserves for demonstrations, so it is no real product's."""
    digits = f"952{company_number:04}{item:05}"
    return digits + str(ean.calc_check_digit(digits))


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files("imsop.demo").joinpath(name).read_text(encoding="utf-8"))


def _place(table: Mapping[str, Any]) -> Place:
    latitude, longitude = table["at"]
    return Place(table["city"], table["country"], latitude, longitude, table.get("port"))


def _company(table: dict[str, Any], products: tuple[Product, ...]) -> Company:
    return Company(
        **{name: table[name] for name in ("name", "domain", "industry", "country", "timezone", "currency")},
        **{name: table[name] for name in ("opens_utc", "customers", "orders_per_day", "line_value")},
        counter_sales=table["counter_sales"],
        warehouses=tuple(
            Warehouse(row["name"], _place(row), row["capacity"], row["linked_by"])
            for row in table["warehouses"]
        ),
        suppliers=tuple(
            Supplier(
                key=row["key"],
                name=row["name"],
                place=_place(row),
                warehouse=row.get("warehouse", 0),
                preparation_days=row["days"],
                on_time=tuple(row["on_time"]),
                review_weekdays=tuple(row["weekdays"]),
                locale=row.get("locale", "en"),
                replaced_by=row.get("replaced_by"),
            )
            for row in table["suppliers"]
        ),
        products=products,
        seasons={category: Season(**row) for category, row in table["seasons"].items()},
        customer_places=tuple((locale, Place(*place)) for locale, *place in table["customer_places"]),
        customer_kinds=tuple(CustomerKind(**row) for row in table["customer_kinds"]),
        export_customers=tuple(
            (name, _place(row["place"])) for row in table["export_customers"] for name in row["names"]
        ),
        road_carriers=tuple(table["road_carriers"]),
        ocean_carriers=tuple((name, letters) for name, letters in table["ocean_carriers"]),
    )


def _price(cost: Decimal, markup: str) -> Decimal:
    return max(_PRICE_STEP, (cost * Decimal(markup) / _PRICE_STEP).quantize(Decimal(1)) * _PRICE_STEP)


def _materials(table: dict[str, Any]) -> Iterator[Product]:
    """Ingredients in kilograms, packaging in pieces."""
    for prefix, category, unit in (("ING", "Ingredients", "kg"), ("PKG", "Packaging", "each")):
        for number, (name, cost, supplier, pack) in enumerate(table[category.lower()], 1):
            yield Product(
                sku=f"{prefix}-{number * 10:04}",
                name=name,
                description=f"{'Ingredient' if prefix == 'ING' else 'Packaging'} for the plant",
                category=category,
                unit=unit,
                pack=pack,
                gtin=None,
                unit_cost=Decimal(cost),
                selling_price=None,
                weight_grams=1000 if unit == "kg" else 60,
                kind="material",
                supplier=supplier,
                popularity=0.0,
            )


def _made(table: dict[str, Any], materials: dict[str, Product]) -> Iterator[Product]:
    item = 0
    for row in table["ranges"]:
        for name, containers, parts in row["recipes"]:
            for container in containers:
                item += 1
                grams = table["containers"][container]
                pack = 24 if grams < 300 else 12
                recipe = _recipe(materials, container, grams, pack, row["category"], parts)
                cost = (
                    sum((material.unit_cost * quantity for material, quantity in recipe), Decimal(0)) / 1000
                )
                cost = (cost * (1 + Decimal(table["labour_and_overhead"]))).quantize(_PRICE)
                yield Product(
                    sku=f"{row['prefix']}-{item * 10:04}",
                    name=f"{name}, {grams} g",
                    description=f"{container}, {pack} to a tray",
                    category=row["category"],
                    unit="each",
                    pack=pack,
                    gtin=demo_gtin(table["gs1_company"], item),
                    unit_cost=cost,
                    selling_price=_price(cost, row["markup"]),
                    weight_grams=grams + grams // 6 + 25,
                    kind="made",
                    supplier=None,
                    popularity=_popularity(1.0, item),
                    recipe=tuple((material.sku, quantity) for material, quantity in recipe),
                    discontinued=f"{name}, {grams} g" in table["discontinued"],
                )


def _recipe(
    materials: dict[str, Product],
    container: str,
    grams: int,
    pack: int,
    category: str,
    parts: dict[str, float],
) -> list[tuple[Product, int]]:
    """The bill of materials for 1,000 cans, which hold as many kilograms as one holds grams."""
    ingredients = [
        (next(material for name, material in materials.items() if name.startswith(begins)), grams * part)
        for begins, part in parts.items()
    ]
    packaging = [
        (materials[container], 1000),
        (materials[_LABEL.get(category, _KITCHEN_LABEL)], 1010),
        (materials[f"Tray for {pack}"], 1000 / pack),
    ]
    return [(material, max(1, round(quantity))) for material, quantity in ingredients + packaging]


def _bought(table: dict[str, Any]) -> Iterator[Product]:
    item = 0
    for row in table["ranges"]:
        for family in row["products"]:
            sizes = family["sizes"]
            low, high = (Decimal(cost) for cost in family["cost"])
            for position, size in enumerate(sizes):
                item += 1
                way = position / max(1, len(sizes) - 1)
                cost = (low * Decimal(repr(float(high / low) ** way))).quantize(Decimal("0.01"))
                grams = family["grams"][0] * (family["grams"][1] / family["grams"][0]) ** way
                name = family["name"].format(size)
                yield Product(
                    sku=f"{row['prefix']}-{item * 10:04}",
                    name=name,
                    description=f"{row['category']}, {family['pack']} to a carton",
                    category=row["category"],
                    unit=family.get("unit", "each"),
                    pack=family["pack"],
                    gtin=demo_gtin(table["gs1_company"], item),
                    unit_cost=cost,
                    selling_price=_price(cost, row["markup"]),
                    weight_grams=round(grams),
                    kind="bought",
                    supplier=family["supplier"],
                    popularity=_popularity(family["popularity"], item),
                    discontinued=name in table["discontinued"],
                )


def _popularity(base: float, item: int) -> float:
    """A skewed distribution: few products sell much, many sell little, in no obvious order."""
    return base * 6 / (1 + item * 7 % 29)
