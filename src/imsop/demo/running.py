"""Runs simulations in child processes, in parallel with loading.

A simulation needs a quarter of a gigabyte, above all for the sea network, which its process frees at its end.
"""

import asyncio
import gc
import os
import signal
from collections.abc import Sequence
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from imsop.core.installation import Progress
from imsop.core.server_process import stop_with_parent
from imsop.demo.company import Company

if TYPE_CHECKING:
    from imsop.demo.documents import Books


class _Running(NamedTuple):
    process: SpawnProcess
    receiver: Connection


class Simulations:
    """Simulations of companies, all started when the first books are requested.

    Leaving the context terminates those whose books were not requested.
    """

    def __init__(self, companies: Sequence[Company], today: date) -> None:
        self.today = today
        self._companies = companies
        self._running: dict[str, _Running] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, receiver in self._running.values():
            process.kill()
            process.join()
            receiver.close()

    async def books(self, company: Company, progress: Progress) -> "Books":
        """Waits for the company's books. Raises EOFError if its process died; it has printed the reason."""
        if not self._running:
            self._begin()
        while True:
            message: tuple[int, int] | Books = await asyncio.to_thread(
                self._running[company.domain].receiver.recv
            )
            if not isinstance(message, tuple):
                return message
            progress(f"{company.name}: days", *message)

    def _begin(self) -> None:
        context = get_context("spawn")
        for company in self._companies:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(
                target=_run, args=(sender, os.getpid(), company, self.today), daemon=True
            )
            process.start()
            sender.close()
            self._running[company.domain] = _Running(process, receiver)


def _run(sender: Connection, parent: int, company: Company, today: date) -> None:
    stop_with_parent(parent, signal.SIGKILL)()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all: the parent ends this one
    gc.disable()
    from imsop.demo.simulation import simulate  # noqa: PLC0415 - imported in the child process only

    sender.send(simulate(company, today, progress=lambda done, total: sender.send((done, total))))
