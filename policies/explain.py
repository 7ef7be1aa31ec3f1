"""What a rule id means: its title, plain words, when it is asked, and every number with its source."""

from __future__ import annotations

import difflib
from functools import cache

from domain.errors import NotFound
from domain.people import ConsentBasis
from policies.book import asked_by_nothing
from policies.rulebook import RuleBook, RuleText, load_rulebook
from policies.team_texts import team_texts


@cache
def _own() -> RuleBook:
    return load_rulebook()


def describe(rule_id: str, rules: RuleBook | None = None) -> RuleText:
    """Return what the rule says, from the given rule book or the one that ships.

    Raises:
        NotFound: if no rule has this id or title; it names the nearest.

    """
    known = {text.id: text for text in every_rule(rules)}
    wanted = rule_id.strip().upper()
    if wanted in known:
        return known[wanted]
    titles = {text.title.casefold(): text for text in known.values()}
    if rule_id.strip().casefold() in titles:
        return titles[rule_id.strip().casefold()]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    near += [titles[t].id for t in difflib.get_close_matches(rule_id.casefold(), titles, n=2, cutoff=0.5)]
    hint = f"Near it: {', '.join(dict.fromkeys(near))}. " if near else ""
    raise NotFound("rule", rule_id, f"{hint}See `attune policy list`.")


def every_rule(rules: RuleBook | None = None) -> tuple[RuleText, ...]:
    """Return every rule by id: law and house first, then the team's own. What nothing asks yet says so."""
    book = rules or _own()
    shipped = tuple(_as_asked(book.texts[rule_id]) for rule_id in sorted(book.texts, key=_in_order))
    return (*shipped, *team_texts(book.team))


def sources_of(rule_id: str, rules: RuleBook | None = None) -> list[dict[str, str]]:
    """Return the jurisdiction packs behind a rule, line by line: where, what it says, source, date."""
    book = rules or _own()
    if rule_id == "C-18":
        return [
            {
                "where": code if code == "US" else f"US-{code}",
                "says": f"{state.opens_hour} to {state.closes_hour}, Sundays from {state.sunday_opens_hour}",
                "source": state.source,
                "set_on": state.set_on.isoformat(),
            }
            for code, state in book.states.items()
        ]
    if rule_id in {"C-09", "C-10"}:
        return [
            {
                "where": code,
                "says": _basis(pack.accepts)
                if pack.needs_basis
                else "no recorded basis needed, opt-out obeyed",
                "source": pack.source,
                "set_on": pack.set_on.isoformat(),
            }
            for code, pack in book.countries.items()
        ]
    return []


def _as_asked(text: RuleText) -> RuleText:
    idle = asked_by_nothing(text.id)
    if idle is None:
        return text
    return text.model_copy(update={"when": idle if idle.startswith("asked") else f"{text.when} ({idle})"})


def _basis(accepts: tuple[ConsentBasis, ...]) -> str:
    return " or ".join(basis.value.replace("_", " ") for basis in accepts) or "nothing accepted"


def _in_order(rule_id: str) -> tuple[int, str]:
    return ("CAHT".index(rule_id[0]), rule_id)
