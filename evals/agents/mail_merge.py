"""The template baseline: a careful mail merge by stage and industry, from `mail_merge.yaml`; no model."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agents.context import DraftingContext
from domain.message import Author, Draft
from domain.people import LifecycleStage
from evals.agents.writing import uncited

_TEMPLATE = {
    LifecycleStage.CUSTOMER: "customer",
    LifecycleStage.OPPORTUNITY: "selling",
    LifecycleStage.SQL: "selling",
}


@cache
def _templates() -> dict[str, Any]:
    templates: dict[str, Any] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    )
    return templates


def write(ctx: DraftingContext) -> Draft:
    """Fill the template of this contact's stage and industry."""
    contact, account, asset = ctx.dossier.contact, ctx.dossier.account, ctx.asset
    templates = _templates()
    template = templates["stages"][_TEMPLATE.get(contact.lifecycle_stage, "early")]
    lines = templates["industries"]
    industry = (account.industry if account else None) or "default"
    claims = [claim.text for claim in asset.claims] + ["", ""]
    fields = {
        "company": account.name if account else "your company",
        "organisation": ctx.sender.organisation,
        "industry_line": lines.get(industry, lines["default"]),
        "asset_title": asset.title,
        "asset_summary": asset.summary,
        "claim_1": claims[0],
        "claim_2": claims[1],
    }
    subject, body = template["subject"].format(**fields), template["body"].format(**fields)
    return uncited(subject, body, ctx.evidence, Author.UNDERSTUDY)
