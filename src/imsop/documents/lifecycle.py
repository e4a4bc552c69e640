"""The states of a document and what moves it from one to another, as a table.

From a document's table come its routes, the buttons of its page, the refusal that says what can be done
instead, and the diagram in docs/lifecycles.md.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeAlias
from uuid import UUID

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter
from msgspec import Struct

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, InvalidInput, NotFound
from imsop.core.events import EventType, emit
from imsop.core.fields import Reason
from imsop.core.http import VERSIONED, versioned
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission

CurrentVersion: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        max_length=200,
        description="The ETag of the version you have seen; without it, any version will do.",
    ),
]


class Advanced(Struct, frozen=True, kw_only=True):
    """A document moved on: what it is called, with whom it is, from which state to which, and why."""

    name: str
    partner: str | None
    from_status: str
    to_status: str
    reason: str | None = None


class Held(Struct, frozen=True):
    """A document whose row is locked until the transaction ends."""

    id: UUID
    name: str
    partner: str | None
    status: str
    updated_at: datetime


class WithReason(Struct, frozen=True, forbid_unknown_fields=True):
    """Why; it is kept in the document's history."""

    reason: Reason


Step: TypeAlias = Callable[[Connection, Actor, Held], Awaitable[None]]


@dataclass(frozen=True)
class Transition:
    """One verb: from these states to that one. `label` is of the catalogue and stands on the button."""

    verb: str
    label: str
    sources: tuple[str, ...]
    target: str
    emits: EventType[Advanced]
    steps: tuple[Step, ...] = ()
    """What it needs, raising Conflict where that is not so, and what else it does; before it moves on."""
    needs_reason: bool = False


class Queries(Protocol):
    """The statements of one kind of document: its `queries` module."""

    async def hold(self, connection: Connection, organization_id: UUID, document_id: UUID, /) -> Held | None:
        """Locks the document's row against other verbs, not against lines that refer to it."""
        ...

    async def advance(
        self,
        connection: Connection,
        organization_id: UUID,
        document_id: UUID,
        from_status: str,
        to_status: str,
        note: str | None,
        changed_by: UUID,
        /,
    ) -> bool:
        """Moves it from the one state to the other, if it is in the one, and appends its history."""
        ...  # fmt: skip


@dataclass(frozen=True)
class Lifecycle:
    """The transitions of one kind of document; `what` is of the catalogue."""

    queries: Queries
    what: str
    permission: Permission
    transitions: tuple[Transition, ...]

    def possible(self, status: str, actor: Actor | None = None) -> list[Transition]:
        """What can be done with a document in that state, by this actor."""
        if actor is not None and self.permission not in actor.permissions:
            return []
        return [transition for transition in self.transitions if status in transition.sources]

    def of(self, verb: str) -> Transition:
        """Raises NotFound for a verb that this kind of document does not have."""
        found = next((transition for transition in self.transitions if transition.verb == verb), None)
        if found is None:
            raise NotFound(Said("nothing is called %(verb)s here", verb=verb))
        return found

    async def apply(
        self,
        connection: Connection,
        actor: Actor,
        document_id: UUID,
        verb: str,
        if_match: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Does what the verb says, once: a rival waits for the row's lock and then finds the new state.

        Locks the document first; its steps lock balances after it. Raises NotFound, PreconditionFailed, and
        Conflict where the document's state does not allow it, saying what it allows.
        """
        transition = self.of(verb)
        if transition.needs_reason and not reason:
            raise InvalidInput.of("reason", "is required")
        held = edits.require_version(
            await self.queries.hold(connection, actor.organization_id, document_id),
            if_match or "*",
            self.what,
        )
        if held.status not in transition.sources:
            raise self._not_possible(held)
        for step in transition.steps:
            await step(connection, actor, held)
        moved = await self.queries.advance(
            connection,
            actor.organization_id,
            document_id,
            held.status,
            transition.target,
            reason,
            actor.user_id,
        )
        if not moved:
            raise edits.changed_meanwhile(self.what)
        told = Advanced(
            name=held.name,
            partner=held.partner,
            from_status=held.status,
            to_status=transition.target,
            reason=reason,
        )
        await emit(connection, actor, transition.emits, document_id, told)

    def _not_possible(self, held: Held) -> Conflict:
        status = Said(held.status)
        errors = [FieldError("status", Said("is %(status)s", status=status))]
        verbs = [Said(transition.label) for transition in self.possible(held.status)]
        if not verbs:
            return Conflict(
                Said(
                    "%(name)s is %(status)s; nothing more can be done with it", name=held.name, status=status
                ),
                errors=errors,
            )
        return Conflict(
            Said(
                "%(name)s is %(status)s; what can be done now: %(verbs)s",
                name=held.name, status=status, verbs=verbs,
            ),
            errors=errors,
        )  # fmt: skip

    def routes(
        self, path: str, read: Callable[[Connection, Actor, UUID], Awaitable[Any]], shape: type[Struct]
    ) -> list[HTTPRouteHandler]:
        """A POST per verb below the document's path, which replies with the document as it is then."""
        return [self._route(path, transition, read, shape) for transition in self.transitions]

    def _route(
        self,
        path: str,
        transition: Transition,
        read: Callable[[Connection, Actor, UUID], Awaitable[Any]],
        shape: type[Struct],
    ) -> HTTPRouteHandler:
        async def act(
            request: TenantRequest, order_id: UUID, if_match: str | None, reason: str | None = None
        ) -> Response[Any]:
            connection, actor = await request.begin()
            await self.apply(connection, actor, order_id, transition.verb, if_match, reason)
            return versioned(await read(connection, actor, order_id))

        async def plainly(request: TenantRequest, order_id: UUID, if_match: CurrentVersion = None) -> Any:
            return await act(request, order_id, if_match)

        async def with_reason(
            request: TenantRequest, order_id: UUID, data: WithReason, if_match: CurrentVersion = None
        ) -> Any:
            return await act(request, order_id, if_match, data.reason)

        handler = with_reason if transition.needs_reason else plainly
        handler.__name__ = handler.__qualname__ = f"{transition.verb}_{self.what.replace(' ', '_')}"
        handler.__doc__ = (
            f"{transition.label}: from {' or '.join(transition.sources)} to {transition.target}."
        )
        handler.__annotations__["return"] = Response[shape]  # type: ignore[valid-type]  # known when the routes are made
        return post(
            f"{path}/{{order_id:uuid}}/{transition.verb}",
            status_code=200,
            opt=allow(self.permission, 409, 412, emits=(transition.emits,)),
            response_headers=VERSIONED,
        )(handler)


def diagram(lifecycle: Lifecycle, first: str) -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {first}"]
    lines += [
        f"    {source} --> {transition.target}: {transition.verb}"
        for transition in lifecycle.transitions
        for source in transition.sources
    ]
    return "\n".join(lines)
