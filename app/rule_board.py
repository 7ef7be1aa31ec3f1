"""The rule book as a team looks at it: what each rule holds, what it kept back lately, and the team's own file.

A `policies.yaml` that cannot be read stops every message; here it is shown with all its mistakes instead.
"""

from __future__ import annotations

import inspect
from datetime import timedelta

from app.run_words import WORDS
from app.wiring import House
from domain.base import Noun
from domain.run import ContactOutcome, RunContact
from policies.book import asked_by_nothing, checks_of
from policies.explain import describe, every_rule, sources_of
from policies.mistakes import Mistake
from policies.rulebook import RuleBook, RuleText, load_rulebook
from policies.team_file import read_team_rules

LATELY = timedelta(days=30)
SHOWN_LINES = 20

GROUPS = {
    "C": ("Compliance", "What law and mail providers ask for."),
    "A": ("Agents", "What no model may do, whatever it is told."),
    "H": ("House", "What this house holds on top."),
    "T": ("Your team", "From your policies.yaml."),
}
"""What the first letter of a rule's id means."""


class KeptBack(Noun):
    """How many contacts or messages a rule kept back lately, and where on the way."""

    total: int = 0
    told: tuple[tuple[str, int], ...] = ()


class RuleCard(Noun):
    """One rule in the list."""

    text: RuleText
    group: str
    not_asked: str = ""
    kept_back: KeptBack


class RulePage(Noun):
    """Everything one rule's page shows. `held_by` names the functions that hold it, with what each says of itself."""

    card: RuleCard
    packs: tuple[dict[str, str], ...]
    held_by: tuple[tuple[str, str], ...]
    lines: tuple[RunContact, ...]
    has_dagger: bool


class TeamFile(Noun):
    """A team's own rules file: its lines, and what is wrong on which of them."""

    path: str
    lines: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    rules: int

    def on_line(self, number: int) -> tuple[Mistake, ...]:
        """The mistakes of one line, from 1."""
        return tuple(mistake for mistake in self.mistakes if mistake.line == number)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing stands in it but comments."""
        return not any(line.strip() and not line.lstrip().startswith("#") for line in self.lines)


MOST_LINES = 2_000


def rules_now(house: House) -> tuple[RuleBook, tuple[Mistake, ...]]:
    """The rule book with the team's rules as the file is now, or without them and the mistakes it has."""
    team, mistakes = read_team_rules(house.workspace.team_rules_file)
    shipped = load_rulebook()
    return (shipped.model_copy(update={"team": team}) if team is not None else shipped), mistakes


def rule_cards(house: House) -> tuple[RuleCard, ...]:
    """Every rule, law and house first, then the team's own."""
    rules, _ = rules_now(house)
    kept = house.runs.kept_back(house.clock() - LATELY)
    return tuple(_card(text, kept.get(text.id, {})) for text in every_rule(rules))


def rule_page(house: House, rule_id: str) -> RulePage:
    """Return everything of one rule. Raises `NotFound`, naming the nearest."""
    rules, _ = rules_now(house)
    text = describe(rule_id, rules)
    since = house.clock() - LATELY
    packs = tuple(sources_of(text.id, rules))
    return RulePage(
        card=_card(text, house.runs.kept_back(since).get(text.id, {})),
        packs=packs,
        held_by=_held_by(text.id),
        lines=house.runs.kept_back_by(text.id, since, limit=SHOWN_LINES),
        has_dagger="†" in str((text.numbers, packs)),
    )


def team_file(house: House) -> TeamFile:
    """The team's own file, as it is."""
    path = house.workspace.team_rules_file
    team, mistakes = read_team_rules(path)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[:MOST_LINES]
    except OSError:
        lines = []
    many = sum(len(getattr(team, name)) for name in type(team).model_fields) if team else 0
    return TeamFile(path=str(path), lines=tuple(lines), mistakes=mistakes, rules=many)


def _card(text: RuleText, kept: dict[ContactOutcome, int]) -> RuleCard:
    told = tuple((WORDS[outcome][0], many) for outcome, many in sorted(kept.items(), key=lambda one: -one[1]))
    return RuleCard(
        text=text,
        group=text.id[:1],
        not_asked=asked_by_nothing(text.id) or "",
        kept_back=KeptBack(total=sum(kept.values()), told=told),
    )


def _held_by(rule_id: str) -> tuple[tuple[str, str], ...]:
    asked = "T-00" if rule_id.startswith("T-") else rule_id
    return tuple(
        (
            f"{check.__module__}.{check.__name__}",
            (inspect.getdoc(check) or "").partition("\n\n")[0].replace("\n", " "),
        )
        for check in checks_of(asked)
    )
