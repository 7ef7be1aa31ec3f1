"""Changing a campaign, by form or by YAML: first what would change, then a yes; never over somebody else's change."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.audience_form import rows_from, with_blanks
from app.campaign_file import judge_campaign
from app.campaign_form import answers_from, filled, one
from app.campaign_shelf import (
    CampaignNotSaved,
    CampaignText,
    FileChanged,
    campaign_text,
    is_wider,
    save_changed,
)
from app.campaign_text import difference
from app.web.campaign_wizard import form_words
from app.web.guard import Caller, needs
from app.web.posted import answers
from app.web.shell import Shell, see_other
from domain.campaign import Campaign
from domain.schedule import CampaignState
from domain.staff import Act
from policies.mistakes import Mistake

Writer = Annotated[Caller, needs(Act.CAMPAIGN_WRITE)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    def library() -> list[str]:
        return [asset.id for asset in house.crm.assets()]

    @routes.get("/campaigns/{key}/edit")
    def edit(request: Request, caller: Writer, key: str) -> Response:
        found = campaign_text(house, key)
        as_yaml = request.query_params.get("as") == "yaml" or found.campaign is None
        said = {} if found.campaign is None else answers_from(found.campaign)
        mistakes = judge_campaign(found.text, library())[1] or found.mistakes
        return page(request, caller, found, as_yaml=as_yaml, said=said, text=found.text, mistakes=mistakes)

    @routes.post("/campaigns/{key}/edit")
    async def change(request: Request, caller: Writer, key: str) -> Response:
        posted = await shell.form(request, caller)
        return await run_in_threadpool(changed, request, caller, key, answers(posted.multi_items()))

    def changed(request: Request, caller: Caller, key: str, said: dict[str, list[str]]) -> Response:
        found = campaign_text(house, key)
        base = one(said, "base")
        if one(said, "act") in {"save", "save_live"}:
            return saved(request, caller, found, said)
        as_yaml = one(said, "as") == "yaml" or found.campaign is None
        if as_yaml:
            text = _whole_text(said)
            campaign, mistakes = judge_campaign(text, library())
            return page(
                request,
                caller,
                found,
                as_yaml=True,
                said={},
                text=text,
                base=base,
                mistakes=mistakes,
                proposed=text if campaign else None,
                status=200 if campaign else 422,
            )
        form = filled(said, library(), found.campaign, found.text)
        return page(
            request,
            caller,
            found,
            as_yaml=False,
            said=said,
            text=form.text,
            base=base,
            errors=form.errors,
            proposed=form.text if form.campaign else None,
            status=200 if form.campaign else 422,
        )

    def saved(request: Request, caller: Caller, found: CampaignText, said: dict[str, list[str]]) -> Response:
        text, stays = _whole_text(said), one(said, "act") == "save_live"
        by = caller.member.member_id
        try:
            after = save_changed(
                house,
                found.key,
                text,
                one(said, "base"),
                by,
                may_widen=caller.may(Act.AUTONOMY),
                stays_live=stays,
            )
        except FileChanged as refused:
            return page(
                request,
                caller,
                found,
                as_yaml=True,
                said={},
                text=text,
                base=found.sha256,
                proposed=text,
                problem=f"{refused} Below is what your text would now change.",
                status=409,
            )
        except CampaignNotSaved as refused:
            return page(
                request,
                caller,
                found,
                as_yaml=True,
                said={},
                text=text,
                base=one(said, "base"),
                mistakes=judge_campaign(text, library())[1],
                problem=str(refused),
                status=422,
            )
        # It stays as it is, never more: the page may be older than a stop, or than what the breaker held.
        is_live = house.controls.standing(after.key).state is CampaignState.ACTIVE
        words = "Saved and live." if is_live else "Saved, and paused until it goes live."
        response = see_other(f"/campaigns/{after.key}")
        shell.say(response, caller, words)
        return response

    def page(
        request: Request,
        caller: Caller,
        found: CampaignText,
        *,
        as_yaml: bool,
        said: dict[str, list[str]],
        text: str,
        base: str = "",
        mistakes: tuple[Mistake, ...] = (),
        errors: dict[str, str] | None = None,
        proposed: str | None = None,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        standing = house.controls.standing(found.key)
        proposal = _meant(proposed)
        return shell.page(
            request,
            caller,
            "campaign_edit.html",
            status=status,
            found=found,
            as_yaml=as_yaml,
            said=said,
            one=lambda name: one(said, name),
            text=text,
            base=base or found.sha256,
            mistakes=mistakes,
            lines=text.split("\n") if mistakes else (),
            errors=errors or {},
            problem=problem,
            proposed=proposed,
            diff=difference(found.text, proposed, found.file) if proposed is not None else (),
            wider=proposal is not None
            and is_wider(found.autonomy, proposal)
            and not caller.may(Act.AUTONOMY),
            is_live=standing.state is CampaignState.ACTIVE,
            open_run=house.runs.open_run(found.key),
            rows=with_blanks(rows_from(said)),
            assets=house.crm.assets(),
            may_widen=caller.may(Act.AUTONOMY),
            **form_words(shell),
        )

    return routes


def _meant(text: str | None) -> Campaign | None:
    return judge_campaign(text)[0] if text is not None else None


def _whole_text(said: dict[str, list[str]]) -> str:
    """A file's text as a browser posts it, line ends as files have them."""
    given = (said.get("text") or [""])[-1].replace("\r\n", "\n")
    return given if given.endswith("\n") or not given else given + "\n"
