"""The content library: what there is to say, which claims may still be said, where each asset is used, how it fares."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.content_board import AssetCard, AssetChanged, AssetNotSaved, asset_cards, asset_sha256, save_asset
from app.content_form import asset_answers, asset_record, claim_numbers, empties, placed, start_asset
from app.web.guard import Caller, needs
from app.web.paging import page_of
from app.web.posted import answers
from app.web.shell import Shell, see_other
from app.who import names_of
from domain.content import AssetKind, ContentAsset
from domain.errors import NotFound
from domain.people import LifecycleStage, Seniority
from domain.staff import Act

Reader = Annotated[Caller, needs(Act.READ)]
Writer = Annotated[Caller, needs(Act.CONTENT_WRITE)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    @routes.get("/content")
    def library(request: Request, caller: Reader) -> Response:
        told = request.query_params
        words, topic, stage = (told.get(name, "").strip()[:100] for name in ("q", "topic", "stage"))
        state = told.get("state", "")
        every = asset_cards(house)
        cards = [card for card in every if _fits(card, words.lower(), topic, stage, state)]
        page = page_of(request, len(cards))
        return shell.page(
            request,
            caller,
            "content.html",
            cards=cards[page.offset : page.offset + page.size],
            page=page,
            is_empty=not every,
            asked={"q": words, "topic": topic, "stage": stage, "state": state},
            topics=sorted({one for card in every for one in card.asset.topics}),
            stages=[one.value for one in LifecycleStage],
            can_write=caller.may(Act.CONTENT_WRITE),
        )

    @routes.get("/content/new")
    def new(request: Request, caller: Writer) -> Response:
        return form_page(request, caller, None, start_asset())

    @routes.post("/content/new")
    async def add(request: Request, caller: Writer) -> Response:
        posted = await shell.form(request, caller)
        return await run_in_threadpool(saved, request, caller, None, answers(posted.multi_items()))

    @routes.get("/content/{asset_id}")
    def asset(request: Request, caller: Reader, asset_id: str) -> Response:
        found = {card.asset.id: card for card in asset_cards(house)}.get(asset_id)
        if found is None:
            raise NotFound("content asset", asset_id, "See the content library.")
        return shell.page(
            request,
            caller,
            "asset.html",
            card=found,
            one=found.asset,
            names=names_of(house.staff.members()),
            can_write=caller.may(Act.CONTENT_WRITE),
        )

    @routes.get("/content/{asset_id}/edit")
    def edit(request: Request, caller: Writer, asset_id: str) -> Response:
        found = house.crm.asset(asset_id)
        return form_page(request, caller, found, asset_answers(found), base=asset_sha256(found))

    @routes.post("/content/{asset_id}/edit")
    async def change(request: Request, caller: Writer, asset_id: str) -> Response:
        posted = await shell.form(request, caller)
        found = await run_in_threadpool(house.crm.asset, asset_id)
        return await run_in_threadpool(saved, request, caller, found, answers(posted.multi_items()))

    def saved(
        request: Request, caller: Caller, found: ContentAsset | None, said: dict[str, list[str]]
    ) -> Response:
        record, number_of = asset_record(said)
        base = (said.get("base") or [""])[-1]
        if found is not None:
            record["id"] = found.id
        errors = empties(record, number_of)
        if errors:
            return form_page(request, caller, found, said, base, errors, status=422)
        try:
            asset = save_asset(house, record, caller.member, None if found is None else base)
        except AssetChanged as refused:
            assert found is not None
            return form_page(
                request, caller, found, said, asset_sha256(found), {"": str(refused)}, status=409
            )
        except AssetNotSaved as refused:
            errors = placed(refused.mistakes, number_of) or {"": str(refused)}
            return form_page(request, caller, found, said, base, errors, status=422)
        response = see_other(f"/content/{asset.id}")
        shell.say(response, caller, "Saved. It holds from the next decision and the next send on.")
        return response

    def form_page(
        request: Request,
        caller: Caller,
        found: ContentAsset | None,
        said: dict[str, list[str]],
        base: str = "",
        errors: dict[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        return shell.page(
            request,
            caller,
            "asset_edit.html",
            status=status,
            found=found,
            said=said,
            one=lambda name: (said.get(name) or [""])[-1],
            base=base,
            errors=errors or {},
            claims=claim_numbers(said),
            kinds=[(kind.value, kind.value.replace("_", " ")) for kind in AssetKind],
            stages=[stage.value for stage in LifecycleStage],
            seniorities=[level.value for level in Seniority if level is not Seniority.UNKNOWN],
        )

    return routes


def _fits(card: AssetCard, words: str, topic: str, stage: str, state: str) -> bool:
    asset = card.asset
    is_of_state = {
        "active": asset.is_active,
        "inactive": not asset.is_active,
        "expired": card.expired > 0,
        "ends soon": card.ends_soon > 0,
    }.get(state, True)
    return (
        is_of_state
        and words in f"{asset.id} {asset.title} {asset.summary} {asset.kind.value}".lower()
        and (not topic or topic in asset.topics)
        and (not stage or not asset.stages or stage in asset.stages)
    )
