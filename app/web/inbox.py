"""The review inbox: the queue, one proposal on one screen, and what a reviewer can do about it.

Every act goes through `app.reviews` on the desk's loop, bound to the hash the form carries; afterwards comes the next
proposal of the same queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from app.batches import MOST_ITEMS, BatchItem, BatchResult, decide_together
from app.desk import Desk
from app.four_eyes import needs_another
from app.pictures import html_as_it_arrives, picture_of
from app.queue_marks import assign, snooze
from app.web import inbox_words as words
from app.web.guard import Caller, needs, not_found
from app.web.paging import page_number, page_of
from app.web.shell import Shell, see_other
from app.web.words import full
from domain.errors import AttuneError, ReviewRejected
from domain.message import Severity, StakesLevel
from domain.review import ProposalStatus, Review, ReviewAct
from domain.review_queue import QueueFilter, QueueOrder
from policies.rights import Act, may

if TYPE_CHECKING:
    from app.reviews import Reviewed

FIGURE_DAYS = 30
KEPT_BATCHES = 50

BARE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
}
"""A message in its frame loads nothing, runs nothing and leads nowhere; its own inline styles are all it has."""


class Inbox:
    """What the routes share: the shell, the desk, results of batches until they were looked at."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.house = shell.house
        self.desk = Desk(shell.house)
        self._batches: dict[str, tuple[str, ReviewAct, tuple[BatchResult, ...]]] = {}

    def names(self) -> dict[str, str]:
        """Names of the team, by id."""
        return words.names_of(self.house.staff.members())

    def reviewers(self) -> list[tuple[str, str]]:
        """Id and name of everyone who may review."""
        members = self.house.staff.members(only_active=True)
        return [(one.member_id, one.name) for one in members if may(one.role, Act.REVIEW)]

    def act(self, caller: Caller, proposal_id: str, act: ReviewAct, **given: Any) -> Reviewed:
        """Carry out one act for this person. Raises `ReviewRejected` with words for a page."""
        from app.reviews import review

        house = self.house
        level = house.review_queue.line(proposal_id).level
        if act is ReviewAct.APPROVE and level is StakesLevel.HIGH and not caller.may(Act.REVIEW_HIGH):
            raise ReviewRejected("The stakes are high, and your role may not decide about those.")
        try:
            asked = Review(
                proposal_id=proposal_id,
                act=act,
                reviewer=caller.member.member_id,
                at=house.clock(),
                **given,
            )
        except ValidationError as problem:
            said = problem.errors()[0]["msg"].removeprefix("Value error, ")
            raise ReviewRejected(f"{said[:1].upper()}{said[1:]}. Nothing was changed.") from None
        drafts = act in {ReviewAct.EDIT, ReviewAct.ANSWER}
        try:
            return self.desk.do(lambda house, carrier: review(house, asked, carrier), drafts=drafts)
        except ReviewRejected as problem:
            raise ReviewRejected(words.why_not(house, proposal_id, act, problem, self.names())) from None

    def keep(self, caller: Caller, act: ReviewAct, results: tuple[BatchResult, ...]) -> str:
        """Keep a batch's results until they were looked at, and return what they are called."""
        import secrets

        key = secrets.token_urlsafe(8)
        self._batches[key] = (caller.member.member_id, act, results)
        while len(self._batches) > KEPT_BATCHES:
            self._batches.pop(next(iter(self._batches)))
        return key

    def kept(self, caller: Caller, key: str) -> tuple[ReviewAct, tuple[BatchResult, ...]] | None:
        """The results of this person's batch, while they are kept."""
        found = self._batches.get(key)
        return (found[1], found[2]) if found and found[0] == caller.member.member_id else None

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


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    inbox = Inbox(shell)
    routes = APIRouter(on_shutdown=[inbox.desk.close])
    shell.counters["/inbox"] = lambda _caller: shell.house.review_queue.counts(shell.now()).waiting
    _reading(routes, inbox)
    _acting(routes, inbox)
    _marking(routes, inbox)
    return routes


def _reading(routes: APIRouter, inbox: Inbox) -> None:
    shell, house = inbox.shell, inbox.house

    @routes.get("/inbox")
    def queue(request: Request, caller: Annotated[Caller, needs(Act.READ)]) -> HTMLResponse:
        wanted = words.filter_of(request.query_params)
        page = house.review_queue.page(wanted, shell.now(), page_number(request))
        return shell.page(
            request,
            caller,
            "inbox.html",
            wanted=wanted,
            query=words.query_of(wanted),
            lines=page.lines,
            pager=page_of(request, page.total),
            counts=house.review_queue.counts(shell.now(), caller.member.member_id),
            campaigns=house.review_queue.campaigns(),
            reviewers=inbox.reviewers(),
            names=inbox.names(),
            orders=list(QueueOrder),
            levels=words.LEVEL_BADGES,
            statuses=words.STATUS_BADGES,
            reasons=words.REASONS,
            most=MOST_ITEMS,
            review_act=Act.REVIEW,
        )

    @routes.get("/inbox/figures")
    def figures(request: Request, caller: Annotated[Caller, needs(Act.READ)]) -> HTMLResponse:
        return shell.page(
            request,
            caller,
            "inbox_figures.html",
            figures=house.review_figures.of(shell.now(), FIGURE_DAYS),
            counts=house.review_queue.counts(shell.now(), caller.member.member_id),
            names=inbox.names(),
        )

    @routes.get("/inbox/batch/{key}")
    def batch(request: Request, key: str, caller: Annotated[Caller, needs(Act.REVIEW)]) -> HTMLResponse:
        found = inbox.kept(caller, key)
        if found is None:
            raise not_found("What became of this batch is not kept any more. Every proposal says so itself.")
        return shell.page(request, caller, "inbox_batch.html", act=found[0].value, results=found[1])

    @routes.get("/inbox/{proposal_id}")
    def proposal(
        request: Request, proposal_id: str, caller: Annotated[Caller, needs(Act.READ)]
    ) -> HTMLResponse:
        if caller.may(Act.REVIEW):
            inbox.desk.get_ready()
        return _proposal_page(inbox, request, caller, proposal_id)

    @routes.get("/inbox/{proposal_id}/message")
    def message(proposal_id: str, caller: Annotated[Caller, needs(Act.READ)]) -> HTMLResponse:
        found = house.proposals.get(proposal_id).message

        async def render(desk: Any, _carrier: Any) -> str:
            return html_as_it_arrives(desk, found)

        del caller
        return HTMLResponse(inbox.desk.do(render), headers=BARE)


def _proposal_page(
    inbox: Inbox,
    request: Request,
    caller: Caller,
    proposal_id: str,
    *,
    status: int = 200,
    **more: Any,
) -> HTMLResponse:
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
        bar=needs_another(house, picture.proposal, caller.member.member_id),
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


def _acting(routes: APIRouter, inbox: Inbox) -> None:
    shell, house = inbox.shell, inbox.house

    async def answered(
        request: Request, caller: Caller, proposal_id: str, act: ReviewAct, names: tuple[str, ...]
    ) -> Response:
        """Do what a form asks, say what came of it, and go to the next proposal, or stay with this one."""
        form = await shell.form(request, caller)
        given = {name: _text(form, name) for name in names}
        query, sha = _text(form, "query"), _text(form, "sha")
        wanted = words.filter_from(query)
        path = await run_in_threadpool(inbox.after, proposal_id, query)
        try:
            done = await run_in_threadpool(
                inbox.act, caller, proposal_id, act, message_sha256=sha, **given
            )
        except AttuneError as problem:
            stays = house.proposals.get(proposal_id).status is ProposalStatus.WAITING
            answer = see_other(path_of(proposal_id, wanted) if stays else path)
            shell.say(answer, caller, str(problem), "bad")
            return answer
        told = words.said_of(
            done.proposal, act, done.outcome.value, done.entry.detail, _full(caller, done.entry.not_before)
        )
        is_over = done.proposal.status is not ProposalStatus.WAITING
        answer = see_other(path if is_over else path_of(proposal_id, wanted))
        shell.say(answer, caller, told, "bad" if done.outcome.value == "not_sent" else "good")
        return answer

    @routes.post("/inbox/{proposal_id}/approve")
    async def approve(
        request: Request, proposal_id: str, caller: Annotated[Caller, needs(Act.REVIEW)]
    ) -> Response:
        return await answered(request, caller, proposal_id, ReviewAct.APPROVE, ())

    @routes.post("/inbox/{proposal_id}/reject")
    async def reject(
        request: Request, proposal_id: str, caller: Annotated[Caller, needs(Act.REVIEW)]
    ) -> Response:
        return await answered(request, caller, proposal_id, ReviewAct.REJECT, ("reason",))

    @routes.post("/inbox/{proposal_id}/redraft")
    async def redraft(
        request: Request, proposal_id: str, caller: Annotated[Caller, needs(Act.REVIEW)]
    ) -> Response:
        return await answered(request, caller, proposal_id, ReviewAct.ANSWER, ("reason",))

    @routes.post("/inbox/{proposal_id}/edit")
    async def edit(
        request: Request, proposal_id: str, caller: Annotated[Caller, needs(Act.REVIEW)]
    ) -> Response:
        form = await shell.form(request, caller)
        subject, body = _text(form, "subject"), _text(form, "body")
        sha, wanted = _text(form, "sha"), words.filter_from(_text(form, "query"))
        do = _text(form, "do")
        path = await run_in_threadpool(inbox.after, proposal_id, _text(form, "query"))

        def page(problem: str = "", status: int = 200) -> HTMLResponse:
            checked = None if problem else _recheck(inbox, proposal_id, subject, body)
            more = {"typed_subject": subject, "typed_body": body, "recheck": checked, "problem": problem}
            return _proposal_page(inbox, request, caller, proposal_id, status=status, **more)

        if do == "check":
            return await run_in_threadpool(page)
        try:
            done = await run_in_threadpool(_edit, inbox, caller, proposal_id, sha, subject, body)
        except AttuneError as problem:
            # Stays with the words: they would be lost otherwise.
            return await run_in_threadpool(page, str(problem), 409)
        standing = [f for f in done.proposal.verdict.findings if f.severity is not Severity.WARN]
        told, kind, answer = words.said_of(done.proposal, ReviewAct.EDIT, "", "", ""), "good", see_other(
            path_of(proposal_id, wanted)
        )
        if do == "approve" and standing:
            rules = ", ".join(sorted({finding.rule_id for finding in standing}))
            told, kind = f"Your words were kept but not approved: {rules} stands against them.", "bad"
        elif do == "approve":
            try:
                sent = await run_in_threadpool(
                    inbox.act,
                    caller,
                    proposal_id,
                    ReviewAct.APPROVE,
                    message_sha256=done.proposal.message_sha256,
                )
            except AttuneError as problem:
                told, kind = f"Your words were kept but not approved. {problem}", "bad"
            else:
                answer = see_other(path)
                told = words.said_of(
                    sent.proposal,
                    ReviewAct.APPROVE,
                    sent.outcome.value,
                    sent.entry.detail,
                    _full(caller, sent.entry.not_before),
                )
        shell.say(answer, caller, told, "bad" if kind == "bad" else "good")
        return answer

    @routes.post("/inbox/{proposal_id}/recheck")
    async def check(
        request: Request, proposal_id: str, caller: Annotated[Caller, needs(Act.REVIEW)]
    ) -> HTMLResponse:
        form = await shell.form(request, caller)
        found = await run_in_threadpool(
            _recheck, inbox, proposal_id, _text(form, "subject"), _text(form, "body")
        )
        return shell.page(request, caller, "recheck.html", recheck=found)

    @routes.post("/inbox/batch")
    async def together(request: Request, caller: Annotated[Caller, needs(Act.REVIEW)]) -> Response:
        form = await shell.form(request, caller)
        act = {"approve": ReviewAct.APPROVE, "reject": ReviewAct.REJECT}.get(_text(form, "act"))
        query, reason = _text(form, "query"), _text(form, "reason")
        back = see_other(path_of(None, words.filter_from(query)))
        try:
            items = [_item(str(told)) for told in form.getlist("item")]
        except ValidationError:
            act = None
            items = []
        refused = (
            "Nothing was ticked."
            if not items
            else f"At most {MOST_ITEMS} at once."
            if len(items) > MOST_ITEMS
            else "Say why you reject them: it is what the agents learn from."
            if act is ReviewAct.REJECT and not reason
            else "Choose what to do with them."
            if act is None
            else ""
        )
        if refused or act is None:
            shell.say(back, caller, f"{refused} Nothing was changed.", "bad")
            return back
        chosen: ReviewAct = act
        results = await run_in_threadpool(
            lambda: inbox.desk.do(
                lambda house, carrier: decide_together(
                    house,
                    carrier,
                    items,
                    act=chosen,
                    reviewer=caller.member.member_id,
                    reason=reason,
                    at=house.clock(),
                )
            )
        )
        return see_other(f"/inbox/batch/{inbox.keep(caller, chosen, results)}")


def _marking(routes: APIRouter, inbox: Inbox) -> None:
    shell, house = inbox.shell, inbox.house

    @routes.post("/inbox/{proposal_id}/snooze")
    async def put_off(
        request: Request, proposal_id: str, caller: Annotated[Caller, needs(Act.REVIEW)]
    ) -> Response:
        form = await shell.form(request, caller)
        path = await run_in_threadpool(inbox.after, proposal_id, _text(form, "query"))
        here = path_of(proposal_id, words.filter_from(_text(form, "query")))
        try:
            until = words.snoozed_until(_text(form, "until"), shell.now(), caller.member.zone)
            await run_in_threadpool(snooze, house, proposal_id, until, caller.member.member_id)
        except AttuneError as problem:
            answer = see_other(here)
            shell.say(answer, caller, words.why_marked_not(problem), "bad")
            return answer
        answer = see_other(path if until else here)
        told = f"Put off until {_full(caller, until)}." if until else "It is back in the queue."
        shell.say(answer, caller, told)
        return answer

    @routes.post("/inbox/{proposal_id}/assign")
    async def give(
        request: Request, proposal_id: str, caller: Annotated[Caller, needs(Act.REVIEW)]
    ) -> Response:
        form = await shell.form(request, caller)
        to = _text(form, "to") or None
        answer = see_other(path_of(proposal_id, words.filter_from(_text(form, "query"))))
        try:
            await run_in_threadpool(assign, house, proposal_id, to, caller.member.member_id)
        except AttuneError as problem:
            shell.say(answer, caller, words.why_marked_not(problem), "bad")
        else:
            whose = inbox.names().get(to, to) if to else "nobody"
            shell.say(answer, caller, f"It is {whose}'s now." if to else "It is nobody's now.")
        return answer


def _edit(inbox: Inbox, caller: Caller, proposal_id: str, sha: str, subject: str, body: str) -> Reviewed:
    for what, given in (("subject", subject), ("body", body)):
        if not given.strip():
            raise ReviewRejected(f"The {what} is empty. Nothing was changed. Give the words it should have.")
    draft = inbox.house.proposals.get(proposal_id).draft
    changed = {
        "subject": None if subject.strip() == draft.subject else subject.strip(),
        "body": None if _plain(body) == draft.body else _plain(body),
    }
    if not any(changed.values()):
        raise ReviewRejected("You changed no word. Nothing was changed.")
    return inbox.act(caller, proposal_id, ReviewAct.EDIT, message_sha256=sha, **changed)


def _recheck(inbox: Inbox, proposal_id: str, subject: str, body: str) -> Any:
    from app.rechecking import recheck

    proposal = inbox.house.proposals.get(proposal_id)

    async def look(house: Any, _carrier: Any) -> Any:
        return recheck(house, proposal, subject.strip() or None, _plain(body) or None)

    return inbox.desk.do(look)


def _plain(body: str) -> str:
    return body.replace("\r\n", "\n").strip()


def _item(told: str) -> BatchItem:
    proposal_id, _, sha = told.partition("@")
    return BatchItem(proposal_id=proposal_id, message_sha256=sha)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _full(caller: Caller, moment: Any) -> str:
    return full({"zone": caller.member.zone}, moment)  # type: ignore[arg-type]
