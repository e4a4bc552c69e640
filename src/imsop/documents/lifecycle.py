"""State machines of documents, as tables of transitions.

Routes, buttons, error messages that list the possible verbs, and the diagram in docs/lifecycles.md are all
derived from a document's table.
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
    """Event payload of a transition: the document's name and partner, both states, and the reason."""

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
    """The reason for a transition, kept in the document's history."""

    reason: Reason


Step: TypeAlias = Callable[[Connection, Actor, Held], Awaitable[None]]


@dataclass(frozen=True)
class Transition:
    """One verb: source states, target state. `label` is a catalogue text, used on the button."""

    verb: str
    label: str
    sources: tuple[str, ...]
    target: str
    emits: EventType[Advanced]
    steps: tuple[Step, ...] = ()
    """Preconditions (raising Conflict) and side effects, run in this order before the state changes."""
    needs_reason: bool = False


class Queries(Protocol):
    """The SQL of one kind of document: the interface of its `queries` module."""

    async def hold(self, connection: Connection, organization_id: UUID, document_id: UUID, /) -> Held | None:
        """Locks the document's row (FOR NO KEY UPDATE) against other transitions, not foreign key checks."""
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
        """Guarded UPDATE from one state to the other, with a history row; False if the state was another."""
        ...  # fmt: skip


@dataclass(frozen=True)
class Lifecycle:
    """The transitions of one kind of document; `what` is a catalogue text."""

    queries: Queries
    what: str
    permission: Permission
    transitions: tuple[Transition, ...]

    def possible(self, status: str, actor: Actor | None = None) -> list[Transition]:
        """Transitions from that state; with `actor`, only those the actor's permissions allow."""
        if actor is not None and self.permission not in actor.permissions:
            return []
        return [transition for transition in self.transitions if status in transition.sources]

    def of(self, verb: str) -> Transition:
        """The transition of that name. Raises NotFound if this kind of document has none."""
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
        """Executes a transition once: a concurrent one waits for the row lock and then finds the new state.

        Lock order: the document, then the balances that its steps lock. Raises NotFound, PreconditionFailed,
        and Conflict, naming the possible transitions, if the document's state does not allow this one.
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
        """One POST route per verb below the document's path; responds with the document in its new state."""
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
    """The transitions as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {first}"]
    lines += [
        f"    {source} --> {transition.target}: {transition.verb}"
        for transition in lifecycle.transitions
        for source in transition.sources
    ]
    return "\n".join(lines)
