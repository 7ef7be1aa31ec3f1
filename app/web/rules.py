"""The rule book in readable words, what each rule kept back lately, and the team's own file with all its mistakes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from app.rule_board import GROUPS, rule_cards, rule_page, team_file
from app.run_board import names_of
from app.web.guard import Caller, needs
from app.web.shell import Shell
from domain.staff import Act

Reader = Annotated[Caller, needs(Act.READ)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    @routes.get("/rules")
    def rules(request: Request, caller: Reader) -> Response:
        words = request.query_params.get("q", "").strip().lower()[:100]
        cards = [
            card
            for card in rule_cards(house)
            if words in f"{card.text.id} {card.text.title} {card.text.plain}".lower()
        ]
        groups = [
            (letter, *told, [card for card in cards if card.group == letter])
            for letter, told in GROUPS.items()
        ]
        return shell.page(
            request, caller, "rules.html", groups=groups, many=len(cards), words=words, team=team_file(house)
        )

    @routes.get("/rules/{rule_id}")
    def rule(request: Request, caller: Reader, rule_id: str) -> Response:
        found = rule_page(house, rule_id)
        names = names_of(house, [line.contact_id for line in found.lines])
        return shell.page(
            request, caller, "rule.html", found=found, card=found.card, text=found.card.text, names=names
        )

    return routes
