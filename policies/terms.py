"""True subject, true terms (C-05): threads that were, deadlines and discounts that stand in the offer's record.

What code can prove it proves against the record and blocks. What it can only suspect (a talk nobody
recorded, something "free" nobody offers) it holds for a reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from domain.content import Offer
from domain.message import EvidenceKind, Finding
from policies.case import Case, block, hold
from policies.quantities import quantities

_FAKE_THREAD = re.compile(
    r"^[\s\W]*(?:re|fwd?|aw|wg|sv|vs|antw|antwort|tr|rv|enc|res|rif|odp|ynt|r|i|回复|答复|转发)"
    r"\s*(?:\[\d+\]|\(\d+\))?\s*[\])]?\s*[:：]|^\s*[\[(](?:re|fwd?|aw|wg|sv|antw)[\])]",
    re.IGNORECASE,
)
_PASTED_THREAD = re.compile(
    r"-{2,}\s*(?:original|forwarded) message|^\s*(?:begin forwarded message)"
    r"|^on .{6,80} wrote:\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_ENDS_TODAY = re.compile(
    r"\b(?:ends?|expires?|closes?|only|offer)\s+(?:today|tonight|midnight)\b|\btoday only\b"
    r"|\b(?:valid|open|stands?|available|offer) until (?:today|tonight|midnight)\b|\buntil (?:tonight|midnight)\b"
    r"|\b(?:prices?|rates?|fees?) (?:go|goes|rise|rises|increase|increases|double|doubles)\b[^.!?]{0,20}"
    r"\b(?:midnight|today|tonight|tomorrow|soon)\b"
    r"|\b(?:final|last few|only a few|just a few) hours\b|\b(?:\d+|few|only) hours (?:are )?left\b",
    re.IGNORECASE,
)
_LAST_CHANCE = re.compile(
    r"\blast chance\b|\blast (?:call|days?) (?:for|to|of (?:the|this|our) (?:offer|sale|deal|plan|discount))\b"
    r"|\b(?:ends?|closes?|expires?) (?:soon|tomorrow)\b"
    r"|\bexpiring (?:soon|tomorrow)\b|\bonly (?:\w+ )?(?:days?|seats?|places?|spots?) (?:are )?left\b"
    r"|\b(?:\d+|one|two|three|four|five|six|seven|ten) days? only\b|(?<!no )(?<!not )\bhurry\b"
    r"|\bdon['’]t miss out\b|\bbefore it['’]?s (?:gone|too late)\b"
    r"|\bwhile (?:stocks?|supplies|places) lasts?\b|\bact now\b",
    re.IGNORECASE,
)
_SHARE = r"(\d+(?:[.,]\d+)?)\s?(?:%|per ?cent)"
_DISCOUNT = re.compile(
    rf"{_SHARE}\s*(?:off|discount|rabatt|rebate|cheaper|reduction|price cut)\b"
    rf"|\bpay (?:up to )?{_SHARE} less\b"
    rf"|{_SHARE} less (?:for|on) (?:your|the) (?:first|plan|price|licen[cs]e|contract)\b"
    rf"|\b(?:discount|reduction|rebate|rabatt|saving) of (?:up to )?{_SHARE}"
    rf"|\bsave (?:up to )?{_SHARE}(?=\s*(?:[.,!]|on |now|today|when|if|with|until|by |in the first|$))",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"(?:[$€£]|\b(?:USD|EUR|GBP)\s?)(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s?(?:USD|EUR|GBP|[$€£])"
)
_MONEY_OFF = re.compile(
    r"(?:[$€£]\s?\d[\d,.]*|\d[\d,.]*\s?(?:USD|EUR|GBP|[$€£]))\s+(?:off|discount|cheaper|less)\b"
    r"|\bsave (?:[$€£]\s?\d|\d[\d,.]*\s?(?:USD|EUR|GBP|[$€£]))",
    re.IGNORECASE,
)
_GIVEN_AWAY = re.compile(
    r"\bhalf[- ](?:the )?price\b|\bhalf off\b|\bfor free\b|\bfree of charge\b|\bat no (?:cost|charge)\b"
    r"|\bfree (?:months?|years?|licen[cs]es?|upgrades?|seats?|gifts?|vouchers?)\b|\bcomplimentary\b"
    r"|\b(?:two|2) for (?:one|1)\b|\bgift cards?\b|\bcash ?back\b",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"\b(?:until|till|by|before|ends? on|valid to|valid until|open until)\s+(?P<day>[^,.;!?]{3,24})", re.I
)
_SHARED_PAST = re.compile(
    r"\b(?:as|like) (?:we |you and i )?(?:discussed|agreed|promised|talked about|spoke about)\b"
    r"|\bper our (?:call|conversation|discussion|agreement|chat)\b"
    r"|\bfollowing up on our (?:last |recent )?(?:call|meeting|conversation|chat|discussion|talk)\b"
    r"|\b(?:great|good|nice|lovely) (?:to (?:meet|speak|talk)|meeting|speaking|talking) (?:to|with)? ?you\b"
    r"|\bwhen we (?:last )?(?:spoke|met|talked)\b|\bour (?:last|recent|earlier) (?:call|chat|conversation|talk)\b",
    re.IGNORECASE,
)
_TENS = {
    "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
}  # fmt: skip
_ONES = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
_SPELLED_SHARE = re.compile(
    rf"\b(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<ones>{'|'.join(_ONES)}))?(?=\s?(?:%|per ?cent))", re.I
)


def true_thread(case: Case) -> Iterator[Finding]:
    """No `Re:` where nothing was before, in any language and in any letters."""
    found = _FAKE_THREAD.search(case.subject)
    if found and not case.is_reply:
        yield block("C-05", "the subject pretends to an earlier exchange", found.group(), "take it out")
    pasted = _PASTED_THREAD.search(case.plain)
    if pasted and not case.is_reply:
        yield block("C-05", "the text pretends to quote an earlier mail", pasted.group(), "take it out")


def true_past(case: Case) -> Iterator[Finding]:
    """A talk or a meeting that is spoken of must be on record, and cited."""
    found = _SHARED_PAST.search(case.plain)
    if found and not _is_backed_by_an_act(case, found.group()):
        yield hold(
            "C-05",
            "the message speaks of an earlier talk, and no cited event is one",
            found.group(),
            "cite the event, or leave it out",
        )


def true_deadline(case: Case) -> Iterator[Finding]:
    """Pressing for time is true only shortly before the offer's own end."""
    ends = case.offer.valid_until if case.offer else None
    near = timedelta(days=case.rules.content.last_chance_days)
    for pattern, latest in ((_ENDS_TODAY, case.today), (_LAST_CHANCE, case.today + near)):
        found = pattern.search(case.plain)
        if not found:
            continue
        if ends is None:
            yield hold(
                "C-05", "the message presses for time, and no offer record says until when", found.group()
            )
        elif ends > latest:
            yield block(
                "C-05",
                f"the message presses for time, but the offer stands until {ends.isoformat()}",
                found.group(),
                "name the offer's own last day",
            )


def true_terms(case: Case) -> Iterator[Finding]:
    """Every discount, sum, gift and last day equals the offer's record."""
    said = _in_digits(case.plain)
    terms = quantities(f"{case.offer.name} {case.offer.terms}") if case.offer else frozenset()
    for found in _DISCOUNT.finditer(said):
        share = next(part for part in found.groups() if part).replace(",", ".")
        if case.offer is None or case.offer.discount_percent is None:
            if f"{float(share):g}%" not in terms and not _is_approved(found.group(), case):
                yield block("C-05", "the message promises a discount no offer record has", found.group())
        elif abs(float(share) - case.offer.discount_percent) > 1e-9:
            yield block("C-05", f"the offer's discount is {case.offer.discount_percent:g} %", found.group())
    for found in _GIVEN_AWAY.finditer(said):
        if not _is_approved(found.group(), case):
            yield hold(
                "C-05", "the message gives away what no offer record has", found.group(), "leave it out"
            )
    if case.offer is None:
        for found in _MONEY_OFF.finditer(said):
            yield block("C-05", "the message promises a discount no offer record has", found.group())
        return
    for found in _MONEY.finditer(said):
        cents = round(float((found[1] or found[2]).replace(",", "")) * 100)
        known = quantities(f"{case.approved} {case.offer.terms}")
        if cents != case.offer.price_cents and f"{cents / 100:.10g}" not in known:
            yield block("C-05", f"the offer {case.offer.name!r} does not state this sum", found.group())
    yield from _true_last_day(case, case.offer)


def _true_last_day(case: Case, offer: Offer) -> Iterator[Finding]:
    if offer.valid_until is None:
        return
    ends = offer.valid_until
    known = quantities(f"{ends.isoformat()} {offer.terms} {case.approved}")
    for found in _UNTIL.finditer(case.plain):
        stated = quantities(found["day"])
        if any(part.startswith("month:") for part in stated) and not stated <= known:
            yield block("C-05", f"the offer stands until {ends.isoformat()}", found.group())


def _is_approved(words: str, case: Case) -> bool:
    return words.lower() in case.approved


def _is_backed_by_an_act(case: Case, words: str) -> bool:
    cited = {
        fact_id
        for sentence in (case.draft.sentences if case.draft else ())
        if words.lower() in sentence.text.lower()
        for fact_id in sentence.evidence
    }
    return any(
        fact.id in cited and fact.kind in {EvidenceKind.EVENT, EvidenceKind.MEMORY} and not fact.is_private
        for fact in case.evidence
    )


def _in_digits(text: str) -> str:
    """`forty-five percent` as `45 percent`: a discount spelled out is a discount."""

    def number(found: re.Match[str]) -> str:
        return str(_TENS[found["tens"].lower()] + (_ONES[found["ones"].lower()] if found["ones"] else 0))

    return _SPELLED_SHARE.sub(number, text)


RULES = (true_thread, true_past, true_deadline, true_terms)
"""C-05 in the order it is asked."""
