"""Earned autonomy: what each class of messages has shown, what the system proposes, and where an admin decides."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from app.autonomy import decline, narrow, standings, widen
from app.web.guard import Caller, needs
from app.web.inbox_words import LEVEL_BADGES
from app.web.shell import Shell, see_other
from app.who import names_of
from domain.autonomy import ActionClass, Advice, ClassStanding
from domain.errors import AttuneError, ReviewRejected
from domain.staff import Act
from policies.autonomy import in_a_row

PATH = "/autonomy"
SHOWN = 200
CHANGES = 20

_ACTS = {"widen": widen, "narrow": narrow, "decline": decline}
_SAID = {
    "widen": "It may go alone now; some are still looked at.",
    "narrow": "It asks a person again. What waited to go out alone is held for one.",
    "decline": "It goes on asking.",
}


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    @routes.get(PATH)
    def show(request: Request, caller: Annotated[Caller, needs(Act.READ)]) -> HTMLResponse:
        found = standings(house)
        return shell.page(
            request,
            caller,
            "autonomy.html",
            proposed=[one for one in found if one.advice is not Advice.NOTHING],
            granted=[one for one in found if one.is_granted and one.advice is Advice.NOTHING],
            others=[one for one in found if not one.is_granted and one.advice is Advice.NOTHING][:SHOWN],
            left_out=max(0, len(found) - SHOWN),
            rules=house.rules.autonomy,
            in_a_row=in_a_row(house.rules.autonomy),
            titles={asset.id: asset.title for asset in house.crm.assets()},
            campaigns={campaign.id: campaign.name for campaign in house.crm.campaigns()},
            changes=house.audit.latest("autonomy", CHANGES),
            names=names_of(house.staff.members()),
            levels=LEVEL_BADGES,
            decide_act=Act.AUTONOMY,
        )

    @routes.post(PATH)
    async def decide(request: Request, caller: Annotated[Caller, needs(Act.AUTONOMY)]) -> Response:
        form = await shell.form(request, caller)
        told = {
            name: str(form.get(name, "")).strip() for name in ("act", "campaign", "asset", "level", "reason")
        }
        answer = see_other(PATH)
        try:
            await run_in_threadpool(_decide, told, caller)
        except AttuneError as problem:
            shell.say(answer, caller, str(problem), "bad")
        else:
            shell.say(answer, caller, _SAID[told["act"]])
        return answer

    def _decide(told: dict[str, str], caller: Caller) -> ClassStanding:
        act = _ACTS.get(told["act"])
        try:
            asked = ActionClass.model_validate(
                {"campaign_id": told["campaign"], "asset_id": told["asset"], "level": told["level"]}
            )
        except ValidationError:
            act = None
        if act is None:
            raise ReviewRejected("Choose a class and what to do with it. Nothing was changed.")
        return act(house, asked, caller.member.member_id, told["reason"][:500])

    return routes
