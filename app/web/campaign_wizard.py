"""A new campaign, from the outcome wanted to a file: one question a page, each a GET, so going back loses nothing.

The answers travel in the address until the last page; only that page's yes writes anything.
"""

from __future__ import annotations

from textwrap import shorten
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.audience_form import (
    HOWS,
    VALUES,
    answers_of,
    audience_says,
    rows_from,
    rows_of,
    subjects,
    with_blanks,
)
from app.campaign_form import (
    AUTONOMY_WORDS,
    DAYS,
    OUTCOME_WORDS,
    RHYTHMS,
    SLOT_WORDS,
    Filled,
    filled,
    money_said,
    one,
    start_answers,
)
from app.campaign_shelf import HOW_FREE, CampaignNotSaved, free_id, is_wider, save_new
from app.campaign_text import difference
from app.outcome_words import MOST_CHARS, understand
from app.web.campaigns import size_page
from app.web.guard import Caller, needs
from app.web.posted import answers
from app.web.shell import Shell, see_other
from domain.campaign import Audience
from domain.staff import Act

Writer = Annotated[Caller, needs(Act.CAMPAIGN_WRITE)]

STEPS = (
    ("wish", "Outcome", ("wish", "goal.outcome")),
    ("goal", "Worth", ("name", "goal.worth", "goal.currency", "goal.window_days")),
    ("audience", "Audience", ("c", "audience")),
    ("content", "Content", ("assets", "slots", "brief")),
    ("bounds", "Bounds", ("caps", "daily", "holdout", "schedule")),
    ("autonomy", "Autonomy", ("autonomy",)),
    ("review", "Review", ("id",)),
)
"""Each step: its name in the address, its words, and the beginnings of the fields it asks for."""


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    def library() -> list[str]:
        return [asset.id for asset in house.crm.assets()]

    @routes.get("/campaigns/new")
    def new(request: Request, caller: Writer) -> Response:
        said = answers(request.query_params.multi_items())
        step = one(said, "step") or STEPS[0][0]
        said = _begun(said)
        said, told = _read_wish(said)
        own = one(said, "id") or free_id(house, one(said, "name"))
        form = filled({**said, "id": [own]}, library())
        step, errors = _allowed(step, form)
        if step == "review":
            # Until here the name may still change, and the id is made of it.
            said = {**said, "id": [own]}
        return page(request, caller, step, said, form, errors, told)

    @routes.get("/campaigns/new/audience-size")
    def audience_size(request: Request, caller: Writer) -> Response:
        said = answers(request.query_params.multi_items())
        rows = [name for name in said if name.startswith("c")]
        form = filled({**_probe(), **{name: said[name] for name in rows}}, ())
        if form.campaign is None:
            return shell.page(request, caller, "audience_wrong.html", errors=form.errors)
        return size_page(shell, request, caller, form.campaign)

    @routes.post("/campaigns/new")
    async def save(request: Request, caller: Writer) -> Response:
        posted = await shell.form(request, caller)
        said = answers(posted.multi_items())
        return await run_in_threadpool(saved, request, caller, said)

    def saved(request: Request, caller: Caller, said: dict[str, list[str]]) -> Response:
        form = filled(said, library())
        if form.campaign is None:
            step, errors = _allowed("review", form)
            return page(request, caller, step, said, form, errors, (), status=422)
        try:
            text = save_new(house, form.text, caller.member.member_id, may_widen=caller.may(Act.AUTONOMY))
        except CampaignNotSaved as refused:
            return page(request, caller, "review", said, form, {"": str(refused)}, (), status=409)
        response = see_other(f"/campaigns/{text.key}")
        shell.say(
            response,
            caller,
            "Saved, and not live yet. Make a dry run, look at its drafts, then let it go live.",
        )
        return response

    def page(
        request: Request,
        caller: Caller,
        step: str,
        said: dict[str, list[str]],
        form: Filled,
        errors: dict[str, str],
        told: tuple[str, ...],
        status: int = 200,
    ) -> Response:
        names = [name for name, _, _ in STEPS]
        at = names.index(step)
        asked = STEPS[at][2]
        return shell.page(
            request,
            caller,
            "campaign_new.html",
            status=status,
            step=step,
            steps=[(name, words, place < at) for place, (name, words, _) in enumerate(STEPS)],
            back=names[at - 1] if at else None,
            following=names[at + 1] if at + 1 < len(names) else None,
            said=said,
            one=lambda name: one(said, name),
            carried=[
                (name, value)
                for name, values in said.items()
                for value in values
                if not _is_asked(name, asked) and name not in {"step", "csrf", "count"}
            ],
            errors=errors,
            told=told,
            form=form,
            rows=with_blanks(rows_from(said)),
            counted_query=urlencode(
                [
                    (name, value)
                    for name, values in said.items()
                    if _is_asked(name, ("c",))
                    for value in values
                ]
            ),
            assets=house.crm.assets(only_active=True),
            conditions=audience_says(form.campaign.audience) if form.campaign else (),
            diff=difference("", form.text, "")[3:] if form.campaign else (),
            wider=form.campaign is not None
            and is_wider(None, form.campaign)
            and not caller.may(Act.AUTONOMY),
            may_widen=caller.may(Act.AUTONOMY),
            most_chars=MOST_CHARS,
            **form_words(shell),
        )

    return routes


def form_words(shell: Shell) -> dict[str, object]:
    """What the fields of a campaign's form offer to choose from."""
    return {
        "outcomes": OUTCOME_WORDS,
        "autonomies": [(one, *AUTONOMY_WORDS[one]) for one in HOW_FREE],
        "slots": SLOT_WORDS,
        "rhythms": RHYTHMS,
        "days": DAYS,
        "hows": HOWS,
        "subjects": subjects(),
        "values": VALUES,
        "team_zone": shell.house.settings.time_zone,
    }


def _begun(said: dict[str, list[str]]) -> dict[str, list[str]]:
    """The answers so far; those nobody gave yet begin as a new campaign's do."""
    start = start_answers()
    if "goal.window_days" in said:
        # Boxes that were unticked say nothing, so only what was never on a page is filled in.
        start = {name: value for name, value in start.items() if name not in {"slots"} or "slots" in said}
    return {**start, **said}


def _read_wish(said: dict[str, list[str]]) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Fill in what the sentence says, once; what was understood is told on every page after."""
    wish = one(said, "wish")
    if not wish:
        return said, ()
    read = understand(wish)
    told = read.told
    if told and read.unread:
        told = (*told, f"nothing was made of: {', '.join(read.unread)}")
    if one(said, "read") == wish:
        return said, told
    meant = Audience.model_validate({"all": read.all, "none": read.none})
    filled_in = {
        name: value for name, value in said.items() if not name.startswith("c") or not name[1:2].isdigit()
    }
    filled_in |= answers_of(rows_of(meant))
    if read.outcome is not None and not one(said, "goal.outcome"):
        filled_in["goal.outcome"] = [read.outcome.value]
    if read.worth_cents is not None and not one(said, "goal.worth"):
        filled_in |= {"goal.worth": [money_said(read.worth_cents)], "goal.currency": [read.currency]}
    if not one(said, "name"):
        filled_in["name"] = [shorten(wish[:1].upper() + wish[1:], 60, placeholder="…").rstrip(" .,")]
    return {**filled_in, "read": [wish]}, told


def _allowed(step: str, form: Filled) -> tuple[str, dict[str, str]]:
    """The step asked for, or the first one before it whose answers do not fit, with what is wrong there."""
    names = [name for name, _, _ in STEPS]
    at = names.index(step) if step in names else 0
    for name, _, asked in STEPS[:at]:
        wrong = {field: says for field, says in form.errors.items() if _is_asked(field, asked)}
        if wrong:
            return name, wrong
    if names[at] == "review":
        return "review", form.errors
    return names[at], {}


def _is_asked(field: str, asked: tuple[str, ...]) -> bool:
    return any(
        field == begin
        or field.startswith(f"{begin}.")
        or (begin == "c" and field[:1] == "c" and field[1:2].isdigit())
        for begin in asked
    )


def _probe() -> dict[str, list[str]]:
    """A campaign in which only the audience is asked about."""
    return {
        **start_answers(),
        "id": ["probe"],
        "name": ["probe"],
        "goal.outcome": ["reply"],
        "goal.worth": ["1"],
    }
