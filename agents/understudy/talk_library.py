"""Questions about content and rules."""

from __future__ import annotations

import re

from agents.understudy.talk_question import Question, Reading, call, first_match, is_name, one
from agents.understudy.talk_words import countries_in, unquoted


def of_content(asked: Question) -> Reading:
    """One asset, or those that deal with something."""
    if found := first_match(
        asked.said,
        r"(?:show(?: me)?|tell me about|open|describe|what is|how does|how is)(?: the| our)? "
        r"(?:asset|content|content asset) (?P<x>[\w\"' -]+?)(?: doing| fare)?",
    ):
        name = unquoted(found["x"])
        return one("content_show", content=name) if is_name(name) else None
    if first_match(
        asked.said,
        r"(?:what|which) (?:content|assets|guides?|case stud(?:y|ies)) (?:do we have |is there |"
        r"are there )?(?:on|about|for) .+",
    ):
        return one("content_list")
    return None


def of_rules(asked: Question) -> Reading:
    """A rule by its id, or why somebody may not be written to."""
    said = asked.said
    if found := first_match(
        said,
        r"(?:explain|show(?: me)?|tell me about|describe|what (?:does|is|about)|why)(?: the| "
        r"our)?(?: rule)? \"?(?P<x>[A-Za-z]{1,2}-?\d{1,3})\"?(?: (?:do|mean|say|for|about|there))*",
        r"rule (?P<x>[A-Za-z]{1,2}-?\d{1,3})",
        r"(?P<x>[Cc]-\d{1,3})",
    ):
        letters = re.match(r"([A-Za-z]+)-?(\d+)", found["x"])
        assert letters is not None
        return one("rule_explain", rule=f"{letters[1].upper()}-{int(letters[2]):02d}")
    if found := first_match(
        said,
        r"(?:why|when|how often) (?:may|can|must|do|are|is|could) (?:not )?(?:we|i|it) (?:not "
        r")?(?:be )?(?:allowed to |able to )?"
        r"(?:write|send|mail|email|contact|message|reach|approach)(?P<x>.*)",
        r"(?:may|can|are|could) (?:we|i) (?:allowed to |able to )?(?:write|send|mail|email|"
        r"contact|message|reach)(?P<x>.*)",
        r"why (?:was|were|is|are|did|do) (?:nobody|no one|contacts|people|so many(?: people)?|"
        r"they|everyone|all)(?P<x>.*)",
        r"(?:what|which) (?:rules? )?(?:keeps?|stops?|blocks?|forbids?|prevents?)(?P<x>.*)",
    ):
        return _rule_for(asked, said, found["x"])
    return None


_RULES = {
    "C-18": r"night|evening|weekend|sunday|early|late\b|hours?|now\b|morning",
    "C-26": r"often|again|twice|more than|pressure|frequen|so many|every day|daily",
    "C-19": r"bounced|complain",
    "C-03": r"unsubscribed|opted out|opt-?out",
    "C-09": r"consent|basis|abroad",
}


def _rule_for(asked: Question, said: str, words: str) -> Reading:
    """The rule that speaks of it: by country, by hour, by pressure; of a person, what holds for them."""
    countries, _ = countries_in(words)
    if countries:
        return one("rule_explain", rule="C-09")
    for rule, pattern in _RULES.items():
        if re.search(rf"\b(?:{pattern})", said, re.IGNORECASE):
            return one("rule_explain", rule=rule)
    whom = re.sub(
        r"^(?: (?:a|an|any|the|messages?|emails?|mails?|something|anything|to))*\s+", "", f" {words.strip()}"
    ).strip()
    if whom and not re.search(
        r"\b(?:people|contacts|everyone|everybody|customers|leads|refused|blocked|us|from)\b", whom
    ):
        who = asked.contact(whom)
        return (
            None if who is None else (call("contact_show", 1, who=who), call("decision_explain", 2, who=who))
        )
    return one("rule_list")
