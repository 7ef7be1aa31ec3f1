"""F-13: two reviewers at once, one proposal: both approve, or one edits while the other approves. One send at most."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

from app import loop
from app.drills.faults.seen import Fault, Seen, look
from app.drills.forks import fork, settled, wait
from app.drills.sink import arrived, sinking
from domain.campaign import Autonomy
from domain.errors import AttuneError
from domain.review import Proposal, Review, ReviewAct
from evals.crowd import NOON, campaign

CONTACTS = 10


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Let two processes review the same `trials` proposals at the same moments."""
    del seed
    seen = Seen()
    settled(folder / "base", CONTACTS)
    context = multiprocessing.get_context("fork")
    errors = folder / "errors"
    for number in range(-(-trials // CONTACTS)):
        workspace, sink = folder / f"ws{number}", folder / f"sink{number}"
        shutil.copytree(folder / "base", workspace)
        together = context.Barrier(2)

        def proposed(workspace: Path = workspace, sink: Path = sink) -> None:
            from app.runs import begin, carry_on

            house = sinking(workspace, sink, NOON)
            assisted = campaign().model_copy(update={"autonomy": Autonomy.ASSIST})
            run, _ = begin(house, assisted, is_dry_run=False)
            loop.run(carry_on(house, run))

        def reviewed(
            act: ReviewAct, who: str, workspace: Path = workspace, sink: Path = sink, together: Any = together
        ) -> None:
            loop.run(_review_all(workspace, sink, act, who, together))

        other = ReviewAct.APPROVE if number % 2 == 0 else ReviewAct.EDIT
        codes = [wait(fork(proposed, errors))]
        both = [
            fork(lambda: reviewed(ReviewAct.APPROVE, "ann"), errors),
            fork(lambda: reviewed(other, "bob"), errors),  # noqa: B023
        ]
        codes += [wait(child, 300) for child in both]
        if any(codes):
            seen.problems.append(
                f"a reviewer's process ended with {codes}: {errors.read_text()[-400:] if errors.exists() else ''}"
            )
        look(workspace, sink, seen)
        by_address = [address for _, address in arrived(sink)]
        seen.duplicates += len(by_address) - len(set(by_address))
        seen.trials += CONTACTS
        seen.notes.append(f"{CONTACTS} × approve against {other.value}: {len(by_address)} sent")
    return seen


async def _review_all(workspace: Path, sink: Path, act: ReviewAct, who: str, together: Any) -> None:
    from app.reviews import review

    house = sinking(workspace, sink, NOON)
    for proposal in house.proposals.waiting():
        given = _given(proposal, act, who, house.clock())
        together.wait()
        # Where the other reviewer was faster, this one is told so.
        with contextlib.suppress(AttuneError):
            await review(house, given)
        together.wait()


def _given(proposal: Proposal, act: ReviewAct, who: str, at: Any) -> Review:
    is_edit = act is ReviewAct.EDIT
    return Review(
        proposal_id=proposal.id,
        act=act,
        reviewer=who,
        message_sha256=proposal.message_sha256,
        subject="Another subject" if is_edit else None,
        body="Other words, written by a person." if is_edit else None,
        at=at,
    )


FAULT = Fault("F-13", "two reviewers, one proposal", 100, 10, attempt)
