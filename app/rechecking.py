"""An edit before it is made: the message it would be, what the rules say of it, and what changed in the words.

The graph's own function judges it (`agents.graph.judged`), so what is shown here is what the edit will be told.
Nothing is written and no model is asked.
"""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from agents.approval import edited
from agents.graph import judged
from agents.state import OutreachState
from app.reviews import refuse_too_long
from domain.base import Noun
from domain.message import Draft, Message, Verdict
from domain.review import Proposal

if TYPE_CHECKING:
    from app.wiring import House

_WORD = re.compile(r"\s+|[^\s]+")
_MOST_PAIRS = 500_000
"""Words before times words after: comparing more takes seconds, in the one loop in which all reviewers' acts run."""


class ChangeKind(StrEnum):
    """What became of some words."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


class Change(Noun):
    """Some words, and what became of them."""

    kind: ChangeKind
    text: str


class Recheck(Noun):
    """What an edit would come to."""

    draft: Draft
    message: Message
    verdict: Verdict
    subject: tuple[Change, ...]
    body: tuple[Change, ...]

    @property
    def changes_anything(self) -> bool:
        """Tell whether any word is another."""
        return any(change.kind is not ChangeKind.SAME for change in (*self.subject, *self.body))


def recheck(house: House, proposal: Proposal, subject: str | None, body: str | None) -> Recheck:
    """Return what these words would come to as an edit of the proposal.

    Args:
        house: the opened workspace.
        proposal: as the reviewer sees it.
        subject: the new subject; None leaves it.
        body: the new paragraphs, without greeting and sign-off; None leaves them.

    Raises:
        ReviewRejected: they are longer than any message.

    """
    refuse_too_long(subject, body)
    draft = edited(proposal.draft, subject, body)
    state = OutreachState(
        run_id=proposal.run_id,
        campaign_id=proposal.campaign_id,
        contact_id=proposal.contact_id,
        decision_id=proposal.decision_id,
        autonomy=house.runs.get(proposal.run_id).autonomy,
        evidence=proposal.evidence,
        draft=draft,
    )
    bench = house.bench
    try:
        message, verdict = judged(state, bench)
    finally:
        bench.forget(state)
    return Recheck(
        draft=draft,
        message=message,
        verdict=verdict,
        subject=changes(proposal.draft.subject, draft.subject),
        body=changes(proposal.draft.body, draft.body),
    )


def changes(before: str, after: str) -> tuple[Change, ...]:
    """Return what became of the words of a text, in reading order; without the gone ones they are `after`."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) * len(new) > _MOST_PAIRS:
        both = ((ChangeKind.GONE, before), (ChangeKind.NEW, after))
        return tuple(Change(kind=kind, text=text) for kind, text in both if text)
    found: list[Change] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Change(kind=ChangeKind.SAME, text="".join(old[i:j])))
            continue
        if i < j:
            found.append(Change(kind=ChangeKind.GONE, text="".join(old[i:j])))
        if k < m:
            found.append(Change(kind=ChangeKind.NEW, text="".join(new[k:m])))
    return tuple(found)
