"""Commands that prove the audit trail."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from imsop.cli.shared import DataDir, reached, settings_with

if TYPE_CHECKING:
    from imsop.core.installation import Installation
    from imsop.stewardship.audit.verifying import Anchor

# ruff: noqa: PLC0415 - commands import lazily, which halves their start-up time

audit = typer.Typer(no_args_is_help=True, help="Prove that the audit trail is as it was written.")


@audit.command()
def anchor(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Write it here; keep it away from this server")],
    data_dir: DataDir = None,
) -> None:
    """Seal what is not yet sealed, and export the newest seals of every organization."""
    import asyncio

    import msgspec

    with reached(settings_with(data_dir=data_dir)) as opened:
        taken = asyncio.run(_sealed_anchor(opened))
    out.write_bytes(msgspec.json.encode(taken))
    print(f"{sum(len(one.roots) for one in taken.organizations.values()):,} seals anchored in {out}")


async def _sealed_anchor(opened: "Installation") -> "Anchor":
    from imsop.stewardship.audit.sealing import seal_audit
    from imsop.stewardship.audit.verifying import take_anchor

    await seal_audit(opened)
    return await take_anchor(opened)


@audit.command()
def verify(
    anchor: Annotated[Path | None, typer.Option(metavar="FILE", help="Compare with this anchor, too")] = None,
    organization: Annotated[
        UUID | None, typer.Option(metavar="ID", help="Of this organization only; default: all")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Recompute every seal; name each entry that was changed, removed, inserted or reordered."""
    import asyncio

    import msgspec

    from imsop.core.embedded import OperatorError
    from imsop.stewardship.audit.verifying import Anchor

    try:
        kept = msgspec.json.decode(anchor.read_bytes(), type=Anchor) if anchor else None
    except (OSError, msgspec.DecodeError) as error:
        raise OperatorError(f"{anchor} is no anchor: {error}") from None
    with reached(settings_with(data_dir=data_dir)) as opened:
        wrong = asyncio.run(_print_findings(opened, kept, organization))
    print("the audit trail is as it was sealed" if not wrong else f"{wrong:,} WRONG")
    raise typer.Exit(1 if wrong else 0)


async def _print_findings(opened: "Installation", anchor: "Anchor | None", organization: UUID | None) -> int:
    from imsop.stewardship.audit.verifying import verify

    wrong = 0
    async for finding in verify(opened, anchor, organization):
        print(finding)
        wrong += 1
    return wrong


@audit.command()
def prove(organization_id: UUID, entry_id: UUID, data_dir: DataDir = None) -> None:
    """Print the hashes that prove an entry to be in its seal, as JSON."""
    import asyncio

    import msgspec

    from imsop.core.embedded import OperatorError
    from imsop.stewardship.audit.verifying import prove

    with reached(settings_with(data_dir=data_dir)) as opened:
        proof = asyncio.run(prove(opened, organization_id, entry_id))
    if proof is None:
        raise OperatorError("no sealed entry of this organization has this id")
    print(msgspec.json.encode(proof).decode())
