"""What the inbox's routes share: acts carried out at the desk, results of batches, one proposal's page."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from app.batches import BatchResult
from app.four_eyes import needs_another
from app.pictures import picture_of
from app.reviewing import Person, carry_out
from app.web import inbox_words as words
from app.web.guard import Caller
from app.web.shell import Shell
from app.who import names_of
from domain.errors import NotFound
from domain.review import ProposalStatus, ReviewAct
from domain.review_queue import QueueFilter
from domain.staff import Act
from policies.rights import may

if TYPE_CHECKING:
    from app.reviews import Reviewed

KEPT_BATCHES = 50


class Inbox:
    """The shell and the house, and results of batches until they were looked at."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.house = shell.house
        self._batches: dict[str, tuple[str, ReviewAct, tuple[BatchResult, ...]]] = {}

    def names(self) -> dict[str, str]:
        """Names of the team, by id."""
        return names_of(self.house.staff.members())

    def reviewers(self) -> list[tuple[str, str]]:
        """Id and name of everyone who may review."""
        members = self.house.staff.members(only_active=True)
        return [(one.member_id, one.name) for one in members if may(one.role, Act.REVIEW)]

    def act(self, caller: Caller, proposal_id: str, act: ReviewAct, **given: Any) -> Reviewed:
        """Carry out one act for this person. Raises `ReviewRejected` with words for a page."""
        person = Person(
            member_id=caller.member.member_id,
            zone=caller.member.zone,
            may_high=caller.may(Act.REVIEW_HIGH),
            is_program=caller.token_id is not None,
            made_by=caller.made_by,
        )
        return carry_out(self.house, person, proposal_id, act, **given)

    def keep(self, caller: Caller, act: ReviewAct, results: tuple[BatchResult, ...]) -> str:
        """Keep a batch's results until they were looked at, and return what they are called.

        Without the contacts' names: an erasure, in whichever process, does not reach this memory.
        """
        key = secrets.token_urlsafe(8)
        nameless = tuple(one.model_copy(update={"who": ""}) for one in results)
        self._batches[key] = (caller.member.member_id, act, nameless)
        while len(self._batches) > KEPT_BATCHES:
            self._batches.pop(next(iter(self._batches)))
        return key

    def kept(self, caller: Caller, key: str) -> tuple[ReviewAct, tuple[BatchResult, ...]] | None:
        """The results of this person's batch, while they are kept."""
        whose, act, results = self._batches.get(key, ("", ReviewAct.REJECT, ()))
        if whose != caller.member.member_id:
            return None
        return act, tuple(one.model_copy(update={"who": self._name(one.proposal_id)}) for one in results)

    def _name(self, proposal_id: str) -> str:
        try:
            return self.house.review_queue.line(proposal_id).contact_name
        except NotFound:
            return proposal_id

    def after(self, proposal_id: str, query: str) -> str:
        """Where a reviewer goes after this proposal: the next of the same queue, else back to the list."""
        wanted = words.filter_from(query)
        _, following, _, _ = self.house.review_queue.beside(proposal_id, wanted, self.house.clock())
        if following is None:
            first = self.house.review_queue.first(wanted, self.house.clock())
            following = first if first != proposal_id else None
        return path_of(following, wanted)


def path_of(proposal_id: str | None, wanted: QueueFilter) -> str:
    """The address of a proposal within a queue, or of the queue."""
    query = words.query_of(wanted)
    return f"/inbox{f'/{proposal_id}' if proposal_id else ''}{f'?{query}' if query else ''}"


def proposal_page(
    inbox: Inbox,
    request: Request,
    caller: Caller,
    proposal_id: str,
    *,
    status: int = 200,
    **more: Any,
) -> HTMLResponse:
    """One proposal's page for this person; `more` are words typed into its form, and what became of them."""
    house, shell = inbox.house, inbox.shell
    wanted = words.filter_of(request.query_params)
    picture = picture_of(house, proposal_id)
    before, after, place, total = house.review_queue.beside(proposal_id, wanted, shell.now())
    given: dict[str, Any] = {"typed_subject": None, "typed_body": None, "recheck": None, **more}
    return shell.page(
        request,
        caller,
        "proposal.html",
        status=status,
        it=picture,
        wanted=wanted,
        query=words.query_of(wanted),
        before=path_of(before, wanted) if before else None,
        after=path_of(after, wanted) if after else None,
        place=place,
        total=total,
        is_waiting=picture.proposal.status is ProposalStatus.WAITING,
        bar=needs_another(house, picture.proposal, caller.member.member_id, caller.made_by),
        names=inbox.names(),
        reviewers=inbox.reviewers(),
        levels=words.LEVEL_BADGES,
        statuses=words.STATUS_BADGES,
        snoozes=words.SNOOZES,
        reasons=words.REASONS,
        hints=words.HINTS,
        review_act=Act.REVIEW,
        **given,
    )


def text_of(form: FormData, name: str) -> str:
    """One field of a form, as text without what surrounds it; empty where it is not there."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
