"""What a rule id means: its title, plain words, and every number behind it with its source."""

from __future__ import annotations

from functools import cache

from domain.errors import NotFound
from policies.rulebook import RuleBook, RuleText, load_rulebook


@cache
def _own() -> RuleBook:
    return load_rulebook()


def describe(rule_id: str, rules: RuleBook | None = None) -> RuleText:
    """Return what the rule says, from the given rule book or the one that ships.

    Raises:
        NotFound: if no rule has this id.

    """
    texts = (rules or _own()).texts
    if rule_id not in texts:
        raise NotFound("rule", rule_id, f"Known: {', '.join(sorted(texts))}.")
    return texts[rule_id]


def every_rule(rules: RuleBook | None = None) -> tuple[RuleText, ...]:
    """Return every rule, by id."""
    texts = (rules or _own()).texts
    return tuple(texts[rule_id] for rule_id in sorted(texts))
