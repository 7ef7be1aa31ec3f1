"""Campaigns: the list, one campaign with what keeps it going or holds it, and the acts on it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app import loop
from app.audience_form import audience_says
from app.audience_size import lacks, narrowed
from app.campaign_board import campaign_cards, campaign_page, zone_of
from app.campaign_form import AUTONOMY_WORDS, OUTCOME_WORDS, SLOT_WORDS
from app.campaign_shelf import campaign_text
from app.going_live import go_live, go_on
from app.rehearsing import SAMPLE
from app.runs import ask
from app.steering import pause, stop
from app.web.guard import Caller, needs
from app.web.paging import page_of
from app.web.posted import said
from app.web.shell import Shell, see_other
from app.who import names_of
from domain.campaign import Campaign
from domain.schedule import CampaignState
from domain.staff import Act

MOST_REASON_CHARS = 300

Writer = Annotated[Caller, needs(Act.CAMPAIGN_WRITE)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    @routes.get("/campaigns")
    def campaigns(request: Request, caller: Annotated[Caller, needs(Act.READ)]) -> Response:
        words = request.query_params.get("q", "").strip().lower()[:100]
        cards = [one for one in campaign_cards(house) if words in f"{one.name} {one.key}".lower()]
        page = page_of(request, len(cards))
        return shell.page(
            request,
            caller,
            "campaigns.html",
            cards=cards[page.offset : page.offset + page.size],
            page=page,
            words=words,
            can_write=caller.may(Act.CAMPAIGN_WRITE),
            zones={card.key: zone_of(house, card.campaign).key for card in cards},
        )

    @routes.get("/campaigns/{key}")
    def campaign(request: Request, caller: Annotated[Caller, needs(Act.READ)], key: str) -> Response:
        found = campaign_page(house, key)
        assets = {asset.id: asset.title for asset in house.crm.assets()}
        return shell.page(
            request,
            caller,
            "campaign.html",
            found=found,
            names=names_of(house.staff.members()),
            card=found.card,
            titles=assets,
            lacks=tuple(lacks(house)),
            campaign_zone=zone_of(house, found.card.campaign).key,
            sample=SAMPLE,
            conditions=audience_says(found.card.campaign.audience) if found.card.campaign else (),
            can_write=caller.may(Act.CAMPAIGN_WRITE),
            outcomes=OUTCOME_WORDS,
            autonomies=AUTONOMY_WORDS,
            slots=SLOT_WORDS,
            active=CampaignState.ACTIVE,
            stopped=CampaignState.STOPPED,
        )

    @routes.get("/campaigns/{key}/audience-size")
    def audience_size(request: Request, caller: Annotated[Caller, needs(Act.READ)], key: str) -> Response:
        found = campaign_text(house, key).require([asset.id for asset in house.crm.assets()])
        return size_page(shell, request, caller, found)

    @routes.post("/campaigns/{key}/pause")
    async def let_wait(request: Request, caller: Writer, key: str) -> Response:
        form = await shell.form(request, caller)
        reason = said(form, "reason")[:MOST_REASON_CHARS]
        changed = await run_in_threadpool(pause, house, _known(shell, key), caller.member.member_id, reason)
        return answered(
            caller, key, "Paused. Nothing of it leaves from now on." if changed else "It was held already."
        )

    @routes.post("/campaigns/{key}/resume")
    async def let_go_on(request: Request, caller: Writer, key: str) -> Response:
        form = await shell.form(request, caller)
        reason = said(form, "reason")[:MOST_REASON_CHARS]
        seen = said(form, "sha256")
        changed = await run_in_threadpool(go_on, house, key, caller.member.member_id, reason, seen)
        return answered(caller, key, "It goes on." if changed else "It was not held.")

    @routes.post("/campaigns/{key}/stop")
    async def end(request: Request, caller: Writer, key: str) -> Response:
        form = await shell.form(request, caller)
        reason = said(form, "reason")[:MOST_REASON_CHARS]
        withdrawn = await run_in_threadpool(_stop, shell, key, caller.member.member_id, reason)
        return answered(caller, key, f"Stopped. {withdrawn:,} unsent messages were withdrawn.")

    @routes.post("/campaigns/{key}/rehearse")
    async def rehearse(request: Request, caller: Writer, key: str) -> Response:
        await shell.form(request, caller)
        run_id = await run_in_threadpool(_ask, shell, key, caller.member.member_id, True)
        return see_other(f"/runs/{run_id}")

    @routes.post("/campaigns/{key}/live")
    async def live(request: Request, caller: Writer, key: str) -> Response:
        form = await shell.form(request, caller)
        now = said(form, "run") == "now"
        await run_in_threadpool(
            go_live,
            house,
            key,
            caller.member.member_id,
            said(form, "sha256"),
            is_sure=bool(said(form, "unrehearsed")),
        )
        if now:
            run_id = await run_in_threadpool(_ask, shell, key, caller.member.member_id, False)
            return see_other(f"/runs/{run_id}")
        return answered(caller, key, "Live. It runs when its schedule comes round.")

    @routes.post("/campaigns/{key}/run")
    async def run_now(request: Request, caller: Writer, key: str) -> Response:
        await shell.form(request, caller)
        run_id = await run_in_threadpool(_ask, shell, key, caller.member.member_id, False)
        return see_other(f"/runs/{run_id}")

    def answered(caller: Caller, key: str, words: str) -> Response:
        response = see_other(f"/campaigns/{key}")
        shell.say(response, caller, words)
        return response

    return routes


def size_page(shell: Shell, request: Request, caller: Caller, campaign: Campaign) -> Response:
    """How many contacts each condition leaves, to stand inside a page."""
    steps = narrowed(shell.house, campaign, shell.now())
    told = (("Everybody", True), *audience_says(campaign.audience))
    lines = [(words, holds, step.left) for (words, holds), step in zip(told, steps, strict=True)]
    return shell.page(request, caller, "audience_size.html", lines=lines)


def _known(shell: Shell, key: str) -> str:
    """The id of a campaign that has a file, or ran before. Raises `NotFound`."""
    return campaign_page(shell.house, key).card.key


def _stop(shell: Shell, key: str, by: str, reason: str) -> int:
    """Stop a campaign in a thread and event loop of its own: thousands of messages may have to be withdrawn."""
    return loop.run(stop(shell.house, _known(shell, key), by, reason))


def _ask(shell: Shell, key: str, by: str, is_dry_run: bool) -> str:
    """Put a run of a campaign as its file is now on record, and return its id."""
    shell.house.reread()
    campaign = campaign_text(shell.house, key).require([asset.id for asset in shell.house.crm.assets()])
    run, _ = ask(shell.house, campaign, by, is_dry_run=is_dry_run, sample=SAMPLE if is_dry_run else None)
    return run.id
