"""State machines of documents, as tables of transitions.

Routes, buttons, error messages that list the possible verbs, and the diagram in docs/lifecycles.md are all
derived from a document's table.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple, Protocol, TypeAlias
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter
from msgspec import Struct

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, InvalidInput, NotFound
from imsop.core.events import Change, EventType, emit
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
    is_on_hold: bool


class WithReason(Struct, frozen=True, forbid_unknown_fields=True):
    """The reason for a transition, kept in the document's history."""

    reason: Reason


Changes: TypeAlias = Mapping[str, Change]
Step: TypeAlias = Callable[[Connection, Actor, Held, Any], Awaitable[Changes | None]]
"""Runs with the transition's body: a struct of its `body`, or None. Returns what the history shows of it."""


class Wait(NamedTuple):
    """What a document waits for instead of changing state: the event, and what the history shows."""

    emits: EventType[Advanced]
    changes: Changes


@dataclass(frozen=True)
class Transition:
    """One verb: source states, target state. `label` is a catalogue text, used on the button."""

    verb: str
    label: str
    sources: tuple[str, ...]
    target: str | None
    """None for a verb that changes lines and not the state; the lines may bring one about (`follows`)."""
    emits: EventType[Advanced]
    steps: tuple[Step, ...] = ()
    """Preconditions (raising Conflict) and side effects, run in this order before the state changes."""
    body: type[Struct] | None = None
    """The JSON that the verb takes; its `reason`, if it has one, is kept in the history."""
    then: tuple[Step, ...] = ()
    """Side effects that run after the change, in this order."""
    emits_too: tuple[EventType[Any], ...] = ()
    """Events that `then` or `waits` may emit."""
    permission: Permission | None = None
    """If it is not that of the lifecycle."""
    first: tuple[Step, ...] = ()
    """Refusals that say more than the state does, before it is looked at."""
    waits: Callable[[Connection, Actor, Held], Awaitable[Wait | None]] | None = None
    """Runs after `steps`: what the document must wait for in its state. Then nothing else happens."""
    on_hold: bool | None = None
    """True for a verb of documents on hold only, False for one of those that are not; None for both."""

    @property
    def needs_reason(self) -> bool:
        """True for a verb whose body has a required reason."""
        return self.body is not None and "reason" in self.body.__struct_fields__


@dataclass(frozen=True)
class Consequence:
    """A change of state that no verb asks for: the lines bring it about. `when` is for the diagram."""

    when: str
    sources: tuple[str, ...]
    target: str
    emits: EventType[Advanced]


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
        changes: Changes | None,
        /,
    ) -> bool:
        """Guarded UPDATE from one state to the other, with a history row; False if the state was another.

        Both may be the same: the history then tells of a change to the lines.
        """
        ...  # fmt: skip


@dataclass(frozen=True)
class Lifecycle:
    """The transitions of one kind of document; `what` is a catalogue text."""

    queries: Queries
    what: str
    permission: Permission
    transitions: tuple[Transition, ...]
    follows: tuple[Consequence, ...] = ()

    def possible(
        self, status: str, actor: Actor | None = None, *, is_on_hold: bool = False
    ) -> list[Transition]:
        """Transitions from that state; with `actor`, only those the actor's permissions allow."""
        return [
            transition
            for transition in self.transitions
            if status in transition.sources
            and transition.on_hold in (None, is_on_hold)
            and (actor is None or self.permission_of(transition) in actor.permissions)
        ]

    def permission_of(self, transition: Transition) -> Permission:
        """What running it requires."""
        return transition.permission or self.permission

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
        body: Struct | None = None,
    ) -> None:
        """Executes a transition once: a concurrent one waits for the row lock and then finds the new state.

        `body` is a struct of the transition's `body`. The caller has checked the permission.

        Lock order: the document, then the balances that its steps lock. Raises NotFound, PreconditionFailed,
        and Conflict, naming the possible transitions, if the document's state does not allow this one.
        """
        transition = self.of(verb)
        if transition.body is not None and body is None:
            body = _without_content(transition.body)
        held = edits.require_version(
            await self.queries.hold(connection, actor.organization_id, document_id),
            if_match or "*",
            self.what,
        )
        for step in transition.first:
            await step(connection, actor, held, body)
        if transition not in self.possible(held.status, is_on_hold=held.is_on_hold):
            raise self.refusal(held)
        changes: dict[str, Change] = {}
        for step in transition.steps:
            changes |= await step(connection, actor, held, body) or {}
        if transition.waits and (wait := await transition.waits(connection, actor, held)):
            await self.move(connection, actor, held, held.status, wait.emits, changes=wait.changes)
            return
        reason = getattr(body, "reason", None)
        target = transition.target or held.status
        await self.move(connection, actor, held, target, transition.emits, reason, changes)
        for step in transition.then:
            await step(connection, actor, held, body)

    async def move(
        self,
        connection: Connection,
        actor: Actor,
        held: Held,
        target: str,
        event: EventType[Advanced],
        reason: str | None = None,
        changes: Changes | None = None,
    ) -> None:
        """Moves a held document to a state, with its history and event. Raises PreconditionFailed if it is
        no longer in the state it was held in.
        """
        moved = await self.queries.advance(
            connection,
            actor.organization_id,
            held.id,
            held.status,
            target,
            reason,
            actor.user_id,
            changes or None,
        )
        if not moved:
            raise edits.changed_meanwhile(self.what)
        told = Advanced(
            name=held.name, partner=held.partner, from_status=held.status, to_status=target, reason=reason
        )
        await emit(connection, actor, event, held.id, told)

    def refusal(self, held: Held) -> Conflict:
        """The error for what the document's state does not allow, naming the verbs it does allow."""
        status = Said(held.status)
        errors = [FieldError("status", Said("is %(status)s", status=status))]
        verbs = [
            Said(transition.label) for transition in self.possible(held.status, is_on_hold=held.is_on_hold)
        ]
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
            request: TenantRequest, document_id: UUID, if_match: str | None, body: Struct | None = None
        ) -> Response[Any]:
            connection, actor = await request.begin()
            await self.apply(connection, actor, document_id, transition.verb, if_match, body)
            return versioned(await read(connection, actor, document_id))

        async def plainly(request: TenantRequest, document_id: UUID, if_match: CurrentVersion = None) -> Any:
            return await act(request, document_id, if_match)

        async def with_body(
            request: TenantRequest, document_id: UUID, data: Any, if_match: CurrentVersion = None
        ) -> Any:
            return await act(request, document_id, if_match, data)

        handler = plainly if transition.body is None else with_body
        if transition.body is not None:
            handler.__annotations__["data"] = transition.body
        handler.__name__ = handler.__qualname__ = f"{transition.verb}_{self.what.replace(' ', '_')}"
        to = f" to {transition.target}" if transition.target else "; the state may stay"
        handler.__doc__ = f"{transition.label}: from {' or '.join(transition.sources)}{to}."
        handler.__annotations__["return"] = Response[shape]  # type: ignore[valid-type]  # known when the routes are made
        return post(
            f"{path}/{{document_id:uuid}}/{transition.verb}",
            status_code=200,
            opt=allow(
                self.permission_of(transition), 409, 412, emits=(transition.emits, *transition.emits_too)
            ),
            response_headers=VERSIONED,
        )(handler)


def _without_content(body: type[Struct]) -> Struct:
    """The struct of an empty body. Raises InvalidInput naming the first field that it cannot be without."""
    try:
        return msgspec.convert({}, body)
    except msgspec.ValidationError:
        missing = next(field for field in msgspec.structs.fields(body) if field.required)
        raise InvalidInput.of(missing.name, "is required") from None


def diagram(lifecycle: Lifecycle, first: str) -> str:
    """The transitions as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {first}"]
    lines += [
        f"    {source} --> {transition.target or source}: {transition.verb}"
        for transition in lifecycle.transitions
        for source in transition.sources
    ]
    lines += [
        f"    {source} --> {consequence.target}: {consequence.when}"
        for consequence in lifecycle.follows
        for source in consequence.sources
    ]
    return "\n".join(lines)
