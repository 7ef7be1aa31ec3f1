"""What a reviewer can do in the inbox: decide, edit, ask for another draft, put off, give to somebody, batches."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from app.batches import MOST_ITEMS, BatchItem, decide_together
from app.queue_marks import assign, snooze
from app.reviewing import said_of
from app.web import inbox_words as words
from app.web.guard import Caller, needs
from app.web.inbox_desk import Inbox, path_of, proposal_page, text_of
from app.web.shell import see_other
from app.web.words import full_in
from domain.errors import AttuneError, ReviewRejected
from domain.message import Severity
from domain.review import ProposalStatus, ReviewAct
from domain.staff import Act

if TYPE_CHECKING:
    from app.rechecking import Recheck
    from app.reviews import Reviewed

Reviewer = Annotated[Caller, needs(Act.REVIEW)]


def add_decisions(routes: APIRouter, inbox: Inbox) -> None:
    """Approve, reject, ask for another draft; then the next proposal of the same queue."""
    shell = inbox.shell

    async def answered(
        request: Request, caller: Caller, proposal_id: str, act: ReviewAct, **names: str
    ) -> Response:
        form = await shell.form(request, caller)
        given = {name: text_of(form, field) for name, field in names.items()}
        query = text_of(form, "query")
        path = await run_in_threadpool(inbox.after, proposal_id, query)
        here = path_of(proposal_id, words.filter_from(query))
        try:
            done = await run_in_threadpool(
                inbox.act, caller, proposal_id, act, message_sha256=text_of(form, "sha"), **given
            )
        except AttuneError as problem:
            stays = inbox.house.proposals.get(proposal_id).status is ProposalStatus.WAITING
            answer = see_other(here if stays else path)
            shell.say(answer, caller, str(problem), "bad")
            return answer
        is_over = done.proposal.status is not ProposalStatus.WAITING
        answer = see_other(path if is_over else here)
        shell.say(answer, caller, *_said(caller, act, done))
        return answer

    @routes.post("/inbox/{proposal_id}/approve")
    async def approve(request: Request, proposal_id: str, caller: Reviewer) -> Response:
        return await answered(request, caller, proposal_id, ReviewAct.APPROVE)

    @routes.post("/inbox/{proposal_id}/reject")
    async def reject(request: Request, proposal_id: str, caller: Reviewer) -> Response:
        return await answered(request, caller, proposal_id, ReviewAct.REJECT, reason="reason")

    @routes.post("/inbox/{proposal_id}/redraft")
    async def redraft(request: Request, proposal_id: str, caller: Reviewer) -> Response:
        return await answered(request, caller, proposal_id, ReviewAct.ANSWER, reason="reason")


def add_edits(routes: APIRouter, inbox: Inbox) -> None:
    """Check words, keep them, keep and approve them. Words that were refused stay in the form."""
    shell = inbox.shell

    @routes.post("/inbox/{proposal_id}/edit")
    async def edit(request: Request, proposal_id: str, caller: Reviewer) -> Response:
        form = await shell.form(request, caller)
        subject, body, query = (text_of(form, name) for name in ("subject", "body", "query"))
        path = await run_in_threadpool(inbox.after, proposal_id, query)

        def page(problem: str = "") -> HTMLResponse:
            checked = None if problem else _recheck(inbox, proposal_id, subject, body)
            more = {"typed_subject": subject, "typed_body": body, "recheck": checked, "problem": problem}
            status = 409 if problem else 200
            return proposal_page(inbox, request, caller, proposal_id, status=status, **more)

        if text_of(form, "do") == "check":
            return await run_in_threadpool(page)
        try:
            done = await run_in_threadpool(
                _edit, inbox, caller, proposal_id, text_of(form, "sha"), subject, body
            )
        except AttuneError as problem:
            return await run_in_threadpool(page, str(problem))
        answer = see_other(path_of(proposal_id, words.filter_from(query)))
        said = _said(caller, ReviewAct.EDIT, done)
        if text_of(form, "do") == "approve":
            is_sent, said = await run_in_threadpool(_approve_edited, inbox, caller, done)
            answer = see_other(path) if is_sent else answer
        shell.say(answer, caller, *said)
        return answer

    @routes.post("/inbox/{proposal_id}/recheck")
    async def check(request: Request, proposal_id: str, caller: Reviewer) -> HTMLResponse:
        form = await shell.form(request, caller)
        subject, body = text_of(form, "subject"), text_of(form, "body")
        found = await run_in_threadpool(_recheck, inbox, proposal_id, subject, body)
        return shell.page(request, caller, "recheck.html", recheck=found)


def add_batches(routes: APIRouter, inbox: Inbox) -> None:
    """Decide about several equal ones at low stakes."""
    shell = inbox.shell

    @routes.post("/inbox/batch")
    async def together(request: Request, caller: Reviewer) -> Response:
        form = await shell.form(request, caller)
        reason = text_of(form, "reason")
        try:
            items = [_item(str(told)) for told in form.getlist("item")]
            act = ReviewAct(text_of(form, "act"))
            refused = _refused(items, act, reason)
        except ValueError:
            refused = "Tick messages and choose what to do with them."
        if refused:
            back = see_other(path_of(None, words.filter_from(text_of(form, "query"))))
            shell.say(back, caller, f"{refused} Nothing was changed.", "bad")
            return back

        async def decide(house: Any, carrier: Any) -> Any:
            who = caller.member.member_id
            return await decide_together(
                house, carrier, items, act=act, reviewer=who, reason=reason, at=house.clock()
            )

        results = await run_in_threadpool(inbox.house.desk.do, decide)
        return see_other(f"/inbox/batch/{inbox.keep(caller, act, results)}")


def add_marks(routes: APIRouter, inbox: Inbox) -> None:
    """Put off, and give to somebody."""
    shell, house = inbox.shell, inbox.house

    @routes.post("/inbox/{proposal_id}/snooze")
    async def put_off(request: Request, proposal_id: str, caller: Reviewer) -> Response:
        form = await shell.form(request, caller)
        query = text_of(form, "query")
        path = await run_in_threadpool(inbox.after, proposal_id, query)
        here = path_of(proposal_id, words.filter_from(query))
        try:
            until = words.snoozed_until(text_of(form, "until"), shell.now(), caller.member.zone)
            await run_in_threadpool(snooze, house, proposal_id, until, caller.member.member_id)
        except AttuneError as problem:
            answer = see_other(here)
            shell.say(answer, caller, words.why_marked_not(problem), "bad")
            return answer
        answer = see_other(path if until else here)
        shell.say(
            answer, caller, f"Put off until {_full(caller, until)}." if until else "It is back in the queue."
        )
        return answer

    @routes.post("/inbox/{proposal_id}/assign")
    async def give(request: Request, proposal_id: str, caller: Reviewer) -> Response:
        form = await shell.form(request, caller)
        to = text_of(form, "to") or None
        answer = see_other(path_of(proposal_id, words.filter_from(text_of(form, "query"))))
        try:
            await run_in_threadpool(assign, house, proposal_id, to, caller.member.member_id)
        except AttuneError as problem:
            shell.say(answer, caller, words.why_marked_not(problem), "bad")
        else:
            shell.say(answer, caller, f"It is {inbox.names().get(to, to) + '’s' if to else 'nobody’s'} now.")
        return answer


def _edit(inbox: Inbox, caller: Caller, proposal_id: str, sha: str, subject: str, body: str) -> Reviewed:
    for what, given in (("subject", subject), ("body", body)):
        if not given:
            raise ReviewRejected(f"The {what} is empty. Nothing was changed. Give the words it should have.")
    draft = inbox.house.proposals.get(proposal_id).draft
    changed = {
        "subject": None if subject == draft.subject else subject,
        "body": None if _plain(body) == draft.body else _plain(body),
    }
    if not any(changed.values()):
        raise ReviewRejected("You changed no word. Nothing was changed.")
    return inbox.act(caller, proposal_id, ReviewAct.EDIT, message_sha256=sha, **changed)


def _approve_edited(inbox: Inbox, caller: Caller, edited: Reviewed) -> tuple[bool, tuple[str, words.Kind]]:
    """Approve what was just edited, unless something stands against it; say what came of it."""
    proposal = edited.proposal
    standing = sorted({f.rule_id for f in proposal.verdict.findings if f.severity is not Severity.WARN})
    if standing:
        said = f"Your words were kept but not approved: {', '.join(standing)} stands against them."
        return False, (said, "bad")
    try:
        sha = proposal.message_sha256
        done = inbox.act(caller, proposal.id, ReviewAct.APPROVE, message_sha256=sha)
    except AttuneError as problem:
        return False, (f"Your words were kept but not approved. {problem}", "bad")
    return True, _said(caller, ReviewAct.APPROVE, done)


def _recheck(inbox: Inbox, proposal_id: str, subject: str, body: str) -> Recheck:
    from app.rechecking import recheck

    proposal = inbox.house.proposals.get(proposal_id)

    async def look(house: Any, _carrier: Any) -> Recheck:
        return recheck(house, proposal, subject or None, _plain(body) or None)

    return inbox.house.desk.do(look)


def _refused(items: list[BatchItem], act: ReviewAct, reason: str) -> str:
    if not items:
        return "Nothing was ticked."
    if len(items) > MOST_ITEMS:
        return f"At most {MOST_ITEMS} can be decided at once."
    if act is ReviewAct.REJECT and not reason:
        return "Say why you reject them: it is what the agents learn from."
    return "" if act in {ReviewAct.APPROVE, ReviewAct.REJECT} else "Look at each alone to do that."


def _item(told: str) -> BatchItem:
    """Read `PROPOSAL@SHA256`. Raises `ValueError`."""
    proposal_id, _, sha = told.partition("@")
    try:
        return BatchItem(proposal_id=proposal_id, message_sha256=sha)
    except ValidationError as problem:
        raise ValueError(told) from problem


def _plain(body: str) -> str:
    return body.replace("\r\n", "\n").strip()


def _said(caller: Caller, act: ReviewAct, done: Reviewed) -> tuple[str, words.Kind]:
    told = said_of(
        done.proposal, act, done.outcome.value, done.entry.detail, _full(caller, done.entry.not_before)
    )
    return told, "bad" if done.outcome.value == "not_sent" else "good"


def _full(caller: Caller, moment: datetime) -> str:
    return full_in(moment, caller.member.zone)
