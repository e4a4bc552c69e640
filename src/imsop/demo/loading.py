"""What every step of writing a company's books into the database is handed."""

from typing import NamedTuple, Self
from uuid import UUID

from imsop.core.database import Connection, rows_affected
from imsop.demo.company import Company
from imsop.demo.documents import Books
from imsop.demo.people import Founded
from imsop.identity.roles.permissions import SystemRole


class Loading(NamedTuple):
    """The transaction, the organization with its users, what is written, and the ids that it gets.

    Ids stand in the order of the company's lists, as the books name things by their place there.
    """

    connection: Connection
    organization_id: UUID
    user_ids: dict[SystemRole, UUID]
    company: Company
    books: Books
    warehouse_ids: list[UUID]
    supplier_ids: list[UUID]
    customer_ids: list[UUID]
    product_ids: list[UUID]

    @classmethod
    async def into(cls, founded: Founded, company: Company, books: Books) -> Self:
        lists = (company.warehouses, company.suppliers, books.customers, company.products)
        ids = [await _new_ids(founded.connection, len(each)) for each in lists]
        return cls(*founded, company, books, *ids)


async def _new_ids(connection: Connection, count: int) -> list[UUID]:
    made = await connection.fetch("SELECT uuidv7() AS id FROM generate_series(1, $1::int)", count)
    return [record["id"] for record in made]


def rows_written(staged: int, status: str) -> int:
    """Of an INSERT that takes every staged row; `status` is what the database said of it.

    Raises RuntimeError where it wrote less or more.
    """
    if (written := rows_affected(status)) != staged:
        raise RuntimeError(f"{staged} rows staged, {written} written")
    return written


def require_none_refused(staged: int, refused: int) -> int:
    """The number staged; raises RuntimeError where a document was not in the state its history expects."""
    if refused:
        raise RuntimeError(f"{refused} of {staged} changes do not follow from the state before")
    return staged
