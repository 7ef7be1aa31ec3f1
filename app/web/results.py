"""Pages of results: every campaign's verdict, one campaign's story, what the learner knows, files to take away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.learner_status import status_of
from app.lift_words import ONE_OF, OTHERS, WHAT_NAMES, is_worth_a_line, sentence
from app.lifts import LiftLine
from app.metrics import ArmLine, CampaignMetrics
from app.results import notes, tables
from app.results.beliefs import By
from app.results.campaign import CampaignResults
from app.results.changes import Change, changes_of
from app.results.csv_text import csv_of
from app.results.handled import together
from app.results.kept import BeingCounted, ResultsShelf
from app.results.shapes import ResultTable
from app.schedules import campaign_files
from app.web import figures, learning_figures
from app.web.guard import Caller, needs, not_found
from app.web.shell import Shell
from domain.campaign import Campaign
from domain.decision import Arm
from domain.errors import NotFound
from domain.staff import Act
from learning import features

if TYPE_CHECKING:
    from app.wiring import House

EVERYONE = "_"
"""Stands for all campaigns in an address: no campaign can be called so."""

Reader = Annotated[Caller, needs(Act.READ)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house, shelf = shell.house, ResultsShelf(shell.house)

    def titles() -> dict[str, str]:
        return {asset.id: asset.title for asset in house.crm.assets()}

    def known(campaign_id: str) -> Campaign:
        """A campaign as it last ran, or as its file says where it never did. Raises `NotFound`."""
        try:
            return house.crm.campaign(campaign_id)
        except NotFound:
            files = (one for _, one in campaign_files(house) if isinstance(one, Campaign))
            found = next((one for one in files if one.id == campaign_id), None)
            if found is None:
                raise
            return found

    def counted_or_404(campaign: Campaign) -> CampaignResults:
        found = shelf.campaign(campaign)
        if found is None:
            raise not_found(f"{campaign.name} has decided nothing yet, so there is nothing to take away.")
        return found

    def changes(results: CampaignResults) -> tuple[Change, ...]:
        return changes_of(house, results.metrics.campaign_id, results.decided_from, shell.now())

    def nothing(request: Request, caller: Caller, campaign: Campaign, about: str) -> HTMLResponse:
        return shell.page(request, caller, "results_nothing.html", campaign=campaign, about=about)

    @routes.get("/results")
    def every(request: Request, caller: Reader) -> HTMLResponse:
        campaigns = shelf.campaigns()
        lines = [_Line.of(campaign, partial(shelf.campaign, campaign)) for campaign in campaigns]
        funnel = None
        with suppress(BeingCounted):
            funnel = shelf.funnel()
        return shell.page(
            request,
            caller,
            "results.html",
            lines=lines,
            funnel=funnel,
            stages=None if funnel is None else figures.conversions(funnel),
            conversions=None if funnel is None else tables.conversions(funnel),
            pipeline=None if funnel is None else tables.pipeline(funnel),
            everyone=EVERYONE,
            stage_names=tables.STAGES,
        )

    @routes.get("/results/{campaign_id}")
    def one(request: Request, caller: Reader, campaign_id: str) -> HTMLResponse:
        campaign = known(campaign_id)
        found = shelf.campaign(campaign)
        if found is None:
            return nothing(request, caller, campaign, "results")
        return shell.page(
            request,
            caller,
            "results_campaign.html",
            campaign=campaign,
            found=found,
            tables=tables.tables_of(found, titles()),
            lifts=_of_the_learner(found.metrics, found.metrics.lifts),
            contests=_of_the_learner(found.metrics, found.metrics.contests),
            whole=together(found.handled),
            is_lived_fast=bool(house.label),
            notes=notes.notes_of(found, house.label),
            goal=ONE_OF[found.metrics.goal.value],
            charts={name: draw(found) for name, draw in figures.CHARTS.items()},
            has_campaign_page="/campaigns/{key}" in shell.paths,
        )

    @routes.get("/learning/{campaign_id}")
    def learning(request: Request, caller: Reader, campaign_id: str, by: By = By.STAGE) -> HTMLResponse:
        campaign = known(campaign_id)
        found = shelf.campaign(campaign)
        if found is None:
            return nothing(request, caller, campaign, "learning")
        learner, named = status_of(house, campaign, shell.now()), titles()
        believed, changed = shelf.beliefs(campaign, by), changes(found)
        currency = found.metrics.currency
        return shell.page(
            request,
            caller,
            "learning.html",
            campaign=campaign,
            found=found,
            learner=learner,
            by=by,
            kinds=list(By),
            believed=believed,
            beliefs=None if believed is None else tables.beliefs(believed, named, currency),
            beliefs_chart=None if believed is None else learning_figures.beliefs(believed, named, currency),
            knowledge_chart=learning_figures.knowledge(learner.versions),
            changes=tables.changes(changed),
            timeline=learning_figures.timeline(changed, found),
            features_version=features.VERSION,
        )

    @routes.get("/results/{campaign_id}/{table}.csv")
    def file(caller: Reader, campaign_id: str, table: str, by: By = By.STAGE) -> Response:
        if campaign_id == EVERYONE:
            funnel = shelf.funnel()
            of_all: dict[str, Callable[[], ResultTable]] = {}
            if funnel is not None:
                of_all = {
                    "funnel": lambda: tables.conversions(funnel),
                    "pipeline": lambda: tables.pipeline(funnel),
                }
            return _file(of_all, table, "everyone")
        campaign = known(campaign_id)
        found, named = counted_or_404(campaign), titles()
        made = tables.tables_of(found, named)
        offered: dict[str, Callable[[], ResultTable]] = {name: _given(one) for name, one in made.items()}
        offered["changes"] = lambda: tables.changes(changes(found))
        believed = shelf.beliefs(campaign, by)
        if believed is not None:
            offered["beliefs"] = lambda: tables.beliefs(believed, named, found.metrics.currency)
        return _file(offered, table, campaign.id)

    return routes


def draw_ahead(house: House) -> None:
    """Draw the charts of what was counted ahead, so that the first look at new numbers need not wait for them."""
    shelf = ResultsShelf(house)
    named = {asset.id: asset.title for asset in house.crm.assets()}
    with suppress(BeingCounted):
        if (funnel := shelf.funnel()) is not None:
            figures.conversions(funnel)
        for campaign in shelf.campaigns():
            found = shelf.campaign(campaign)
            if found is None:
                continue
            for draw in figures.CHARTS.values():
                draw(found)
            believed = shelf.beliefs(campaign, By.STAGE)
            if believed is not None:
                learning_figures.beliefs(believed, named, found.metrics.currency)


def _given(table: ResultTable) -> Callable[[], ResultTable]:
    return lambda: table


def _file(offered: dict[str, Callable[[], ResultTable]], name: str, of: str) -> Response:
    if name not in offered:
        raise not_found(f"There is no table “{name}”. There are: {', '.join(sorted(offered))}.")
    headers = {"content-disposition": f'attachment; filename="attune-{of}-{name}.csv"'}
    return Response(csv_of(offered[name]()), media_type="text/csv; charset=utf-8", headers=headers)


class _Line(NamedTuple):
    """A campaign in the list: with its results, with none yet, or still being counted."""

    campaign: Campaign
    found: CampaignResults | None
    is_being_counted: bool

    @classmethod
    def of(cls, campaign: Campaign, look: Callable[[], CampaignResults | None]) -> _Line:
        try:
            return cls(campaign, look(), False)
        except BeingCounted:
            return cls(campaign, None, True)

    @property
    def arm(self) -> ArmLine | None:
        """Attune's own contacts, where it decided for any."""
        arms = self.found.metrics.arms if self.found else ()
        return next((line for line in arms if line.arm is Arm.LEARNED), None)

    @property
    def share_alone(self) -> float | None:
        whole = together(self.found.handled) if self.found else None
        return whole.share_alone if whole else None


def _of_the_learner(
    metrics: CampaignMetrics, lines: Sequence[LiftLine]
) -> list[tuple[str, str, LiftLine, str]]:
    """Comparisons of what the learner decided: against whom, in what, the line, and what it says in words."""
    return [
        (
            OTHERS[line.against.value],
            WHAT_NAMES.get(line.what, line.what),
            line,
            sentence(line, metrics.currency),
        )
        for line in lines
        if line.arm is Arm.LEARNED and is_worth_a_line(line, metrics)
    ]
