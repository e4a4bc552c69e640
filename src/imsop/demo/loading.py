"""Parameters of the functions that write a company's books into the database."""

from typing import NamedTuple, Self
from uuid import UUID

from imsop.core.database import Connection, rows_affected
from imsop.demo.company import Company
from imsop.demo.documents import Books
from imsop.demo.people import Founded
from imsop.identity.roles.permissions import SystemRole


class Loading(NamedTuple):
    """The transaction, the organization with its users, the books to write, and the ids of their rows.

    Ids are in the order of the company's lists, as the books reference rows by index.
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
    receipt_line_ids: list[UUID]
    return_line_ids: list[UUID]

    @classmethod
    async def into(cls, founded: Founded, company: Company, books: Books) -> Self:
        lists = (
            company.warehouses, company.suppliers, books.customers, company.products, books.receipt_lines,
            books.return_lines,
        )  # fmt: skip
        ids = [await _new_ids(founded.connection, len(each)) for each in lists]
        return cls(*founded, company, books, *ids)


async def _new_ids(connection: Connection, count: int) -> list[UUID]:
    made = await connection.fetch("SELECT uuidv7() AS id FROM generate_series(1, $1::int)", count)
    return [record["id"] for record in made]


def rows_written(staged: int, status: str) -> int:
    """The row count of an INSERT of all staged rows; `status` is its command tag.

    Raises RuntimeError if it differs from `staged`.
    """
    if (written := rows_affected(status)) != staged:
        raise RuntimeError(f"{staged} rows staged, {written} written")
    return written


def require_none_refused(staged: int, refused: int) -> int:
    """Returns `staged`; raises RuntimeError if a document was not in the state that its history expects."""
    if refused:
        raise RuntimeError(f"{refused} of {staged} changes do not follow from the state before")
    return staged
