"""Leads: whom to pass to sales now, which accounts may leave, each with its reasons; and both as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from app.kept_lists import KeptLists, kept_lists, reckon_lists
from app.lead_words import judgement
from app.web.guard import Caller, needs
from app.web.paging import page_of
from app.web.shell import Shell, see_other
from domain.errors import NotFound
from domain.leads import Likelihood
from domain.staff import Act
from memory.crm.tally import shown_as_text

Reader = Annotated[Caller, needs(Act.READ)]
TABS = {"hand-off": "Hand-off to sales", "churn": "Accounts at risk"}


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    @routes.get("/leads")
    def show(request: Request, caller: Reader) -> HTMLResponse:
        kept = kept_lists(house)
        tab = request.query_params.get("tab", "hand-off")
        tab = tab if tab in TABS else "hand-off"
        entries: Sequence[object] = ()
        judged = ""
        if kept is not None:
            asked = kept.hand_off if tab == "hand-off" else kept.churn
            judged = judgement(asked.skill, asked.calibration_error)
            entries = kept.hand_off.leads if tab == "hand-off" else kept.churn.accounts
        page = page_of(request, len(entries))
        return shell.page(
            request,
            caller,
            "leads.html",
            kept=kept,
            judged=judged,
            tabs=TABS,
            tab=tab,
            page=page,
            entries=entries[page.offset : page.offset + page.size],
            may_reckon=caller.may(Act.CAMPAIGN_WRITE),
        )

    @routes.post("/leads")
    async def reckon(request: Request, caller: Annotated[Caller, needs(Act.CAMPAIGN_WRITE)]) -> Response:
        await shell.form(request, caller)
        made = await run_in_threadpool(reckon_lists, house)
        answer = see_other("/leads")
        told = f"Reckoned anew: {len(made.hand_off.leads):,} leads, {len(made.churn.accounts):,} accounts at risk."
        shell.say(answer, caller, told)
        return answer

    @routes.get("/leads/{name}.csv")
    def download(caller: Reader, name: str) -> Response:
        kept = kept_lists(house)
        if name not in TABS or kept is None:
            raise NotFound("list of leads", name, "It is reckoned once a day; see /leads.")
        rows = _hand_off_rows(kept) if name == "hand-off" else _churn_rows(kept)
        return Response(
            _csv(rows),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="attune-{name}.csv"'},
        )

    return routes


def _hand_off_rows(kept: KeptLists) -> Iterable[Sequence[object]]:
    yield (
        "place", "contact_id", "name", "account", "likelihood", "window_days", "value_cents", "expected_cents",
        "currency", "reasons", "reckoned_at",
    )  # fmt: skip
    for place, lead in enumerate(kept.hand_off.leads, 1):
        yield (
            place, lead.contact_id, lead.name, lead.account or "", f"{lead.likelihood.probability:.4f}",
            kept.hand_off.window_days, lead.value_cents or "", lead.expected_cents or "", lead.currency,
            _reasons(lead.likelihood), kept.made_at.isoformat(),
        )  # fmt: skip


def _churn_rows(kept: KeptLists) -> Iterable[Sequence[object]]:
    yield (
        "account_id", "account", "likelihood", "times_the_average", "window_days", "contract_cents", "currency",
        "reasons", "reckoned_at",
    )  # fmt: skip
    for risk in kept.churn.accounts:
        yield (
            risk.account_id, risk.name, f"{risk.likelihood.probability:.4f}", f"{risk.lift:.2f}",
            kept.churn.window_days, risk.value_cents or "", risk.currency, _reasons(risk.likelihood),
            kept.made_at.isoformat(),
        )  # fmt: skip


def _reasons(likelihood: Likelihood) -> str:
    return "; ".join(f"{'plus' if one.log_odds > 0 else 'minus'}: {one.text}" for one in likelihood.reasons)


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    """As spreadsheets read it: UTF-8 with its mark, and no cell that would be computed (W-09)."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([shown_as_text(str(cell)) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
