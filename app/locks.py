"""Who may do what this moment: locks of the workspace's folder, and with PostgreSQL of every machine on the database.

The folder's locks end with their process, even by SIGKILL; the database's with their connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from app.workspace import Workspace
from domain.errors import ConversationBusy, ReviewRejected, WorkspaceBusy
from memory.crm.locks import advisory

_WORK, _SEND = "attune work", "attune send"


@dataclass(frozen=True)
class Locks:
    """The locks of one opened workspace."""

    workspace: Workspace
    engine: Engine

    @contextmanager
    def only_worker(self) -> Iterator[None]:
        """Hold this folder's right to carry runs forward. Other machines may work beside it.

        Raises:
            WorkspaceBusy: another process of this workspace works, or a machine needs everybody to rest.
        """
        with self.workspace.only_worker(), advisory(self.engine, _WORK, shared=True) as is_held:
            if not is_held:
                raise WorkspaceBusy("Another machine erases a person this moment. Try again when it is done.")
            yield

    @contextmanager
    def nobody_works(self) -> Iterator[None]:
        """Keep every run from being carried, on this machine and on every other of the database.

        Raises:
            WorkspaceBusy: one is being carried.
        """
        with self.workspace.only_worker(), advisory(self.engine, _WORK) as is_held:
            if not is_held:
                raise WorkspaceBusy(
                    "A run is being carried on another machine. Stop it first, then try again."
                )
            yield

    @contextmanager
    def reviewing(self, proposal_id: str) -> Iterator[None]:
        """Hold one proposal while a review of it is carried out.

        Raises:
            ReviewRejected: someone else's review of it is being carried out this very moment.
        """
        with self.workspace.reviewing(proposal_id), advisory(self.engine, f"review {proposal_id}") as is_held:
            if not is_held:
                raise ReviewRejected(
                    f"Someone else's review of {proposal_id} is being carried out on another machine. Yours was not. "
                    f"Look again with `attune review show {proposal_id}`."
                )
            yield

    @contextmanager
    def talking(self, conversation_id: str) -> Iterator[None]:
        """Hold one conversation while the assistant works in it.

        Raises:
            ConversationBusy: it works in it already, here or on another machine.
        """
        with (
            self.workspace.talking(conversation_id),
            advisory(self.engine, f"talk {conversation_id}") as held,
        ):
            if not held:
                raise ConversationBusy
            yield

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Say that this process may have messages between reserve and confirm; waits where nobody may."""
        with self.workspace.sending(), advisory(self.engine, _SEND, shared=True, waits=True):
            yield

    @contextmanager
    def nobody_sends(self) -> Iterator[bool]:
        """Tell whether no living process is between reserve and confirm, and keep it so meanwhile."""
        with self.workspace.nobody_sends() as here, advisory(self.engine, _SEND) as there:
            yield here and there
