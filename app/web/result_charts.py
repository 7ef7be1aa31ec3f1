"""Charts of results one by one, as the assistant shows them within its answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.results.beliefs import By
from app.results.kept import ResultsShelf
from app.web import figures, learning_figures
from app.web.guard import Caller, needs, not_found
from app.web.results import EVERYONE
from app.web.shell import Shell
from domain.staff import Act


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house, shelf = shell.house, ResultsShelf(shell.house)

    def drawn(campaign_id: str, name: str, by: By) -> Markup | None:
        if campaign_id == EVERYONE:
            funnel = shelf.funnel() if name == "funnel" else None
            return None if funnel is None else figures.conversions(funnel)
        campaign = house.crm.campaign(campaign_id)
        if name == "beliefs":
            believed = shelf.beliefs(campaign, by)
            titles = {asset.id: asset.title for asset in house.crm.assets()}
            return learning_figures.beliefs(believed, titles, campaign.goal.currency) if believed else None
        found = shelf.campaign(campaign) if name in figures.CHARTS else None
        return None if found is None else figures.CHARTS[name](found)

    @routes.get("/results/{campaign_id}/chart/{name}")
    def chart(
        caller: Annotated[Caller, needs(Act.READ)], campaign_id: str, name: str, by: By = By.STAGE
    ) -> HTMLResponse:
        picture = drawn(campaign_id, name, by)
        if picture is None:
            raise not_found(f"There is no chart “{name}” here.")
        return HTMLResponse(str(picture))

    return routes
