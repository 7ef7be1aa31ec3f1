"""Content rules: one drafted, addressed message against law and house style, before anybody sees it.

The envelope (headers, links, opt-out, address) has its own file, because it is checked again at sending;
grounding has its own, because it is the heart. Here are the words, and the one door to all three.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

from domain.content import ContentAsset, Offer
from domain.message import Author, Draft, Evidence, Finding, Message, Severity, Verdict
from domain.sender import SenderProfile
from policies import canary as canaries
from policies import markup, outside
from policies.claims import ground
from policies.envelope import Letter, block, evaluated, review_envelope
from policies.quantities import quantities
from policies.rulebook import RuleBook

_FAKE_THREAD = re.compile(r"^\s*(?:re|fwd?|aw|wg|sv|antw|tr|rv|enc)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_ENDS_TODAY = re.compile(
    r"\b(?:ends?|expires?|closes?|only|until|offer)\s+(?:today|tonight|midnight)\b|\btoday only\b"
    r"|\b(?:final|last few|few) hours\b|\bhours left\b",
    re.IGNORECASE,
)
_LAST_CHANCE = re.compile(
    r"\blast (?:chance|call|day|days)\b|\bends? (?:soon|tomorrow)\b|\bexpir(?:es|ing) (?:soon|tomorrow)\b"
    r"|\b\w+ days? only\b|\bhurry\b|\bdon['’]t miss out\b|\bbefore it['’]?s (?:gone|too late)\b",
    re.IGNORECASE,
)
_DISCOUNT = re.compile(
    r"(\d+(?:[.,]\d+)?)\s?(?:%|per ?cent)\s*(?:off|discount|rabatt|less|cheaper)\b", re.IGNORECASE
)
_MONEY = re.compile(
    r"(?:[$€£]|\b(?:USD|EUR|GBP)\s?)(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s?(?:USD|EUR|GBP|[$€£])"
)
_UNTIL = re.compile(
    r"\b(?:until|till|by|before|ends? on|valid to|valid until|open until)\s+(?P<day>[^,.;!?]{3,24})", re.I
)
_HUMAN_HAND = re.compile(
    r"\b(?:personally|myself|by hand)\b.{0,20}\b(?:wrote|written|typed|typing|writing)\b"
    r"|\b(?:wrote|typed|writing|typing) (?:this|to you|you)?\s*(?:e-?mail |message |note )*"
    r"(?:myself|personally|by hand)\b"
    r"|\bhand-?(?:written|typed)\b|\bi['’]?\s?a?m (?:not an? (?:ai|bot|robot|machine)|a real)\b"
    r"|\b(?:this|e-?mail|message|note) (?:is|was)(?:n['’]t| not) (?:an? )?"
    r"(?:automated|automatic|bot|ai|mass mail|written by (?:an? )?(?:ai|bot|machine|software))\b"
    r"|\b(?:real|actual) (?:human|person)\b.{0,20}\b(?:here|wrote|writing)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{[A-Za-z_ .]+\}|<<.*?>>|<[A-Za-z_ ]{2,30}>|%[A-Z_]{3,}%"
    r"|\[(?!(?:PDF|Webinar|Video|Guide|Report|Checklist)\])[A-Z][A-Za-z_ ]{1,30}\]|\[[a-z_ ]*name[a-z_ ]*\]"
    r"|\b(?:TODO|TBD|FIXME|XXX+|LOREM IPSUM)\b|\blorem ipsum\b|\b(?:None|null|undefined|NaN)(?=[,!.]|$)"
)
_ADDRESS_IN_TEXT = re.compile(
    r"\b(?:https?|ftp|mailto|javascript|data):\S|\bwww\.\S|\b[\w.+-]+@[\w-]+\.\w+"
    r"|\b(?:[\w-]+\.)+(?:com|net|org|io|co|ai|app|dev|info|biz|xyz|ru|cn|de|uk|eu|fr|example|test|invalid|click|link|top"
    r"|site|online|shop|store|me|ly|gg|tv|us|zip|mov)\b(?:/\S*)?",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\b[^\W\d_a-zß-öø-ÿ]{4,}\b")


@dataclass(frozen=True)
class _Case:
    """Everything the word rules look at."""

    message: Message
    draft: Draft
    asset: ContentAsset
    rules: RuleBook
    today: date
    is_reply: bool
    canary: str | None
    evidence: Sequence[Evidence] = ()

    @cached_property
    def words(self) -> str:
        """Subject and body as drafted."""
        return f"{self.draft.subject}\n{self.draft.body}"

    @cached_property
    def approved(self) -> str:
        """What someone approved for this asset, in lower case."""
        asset = self.asset
        offer = f"{asset.offer.name} {asset.offer.terms}" if asset.offer else ""
        return " ".join((asset.title, asset.summary, offer, *(c.text for c in asset.claims))).lower()


def review_message(
    message: Message,
    draft: Draft,
    evidence: Sequence[Evidence],
    asset: ContentAsset,
    sender: SenderProfile,
    rules: RuleBook,
    today: date,
    is_reply: bool = False,
    canary: str | None = None,
) -> Verdict:
    """Hold one addressed message against every content rule; a rule that cannot be evaluated blocks.

    Args:
        message: exactly what would arrive.
        draft: what was written, each sentence with the evidence it names.
        evidence: every fact of this drafting context.
        asset: the approved content the message leads to; the only source of its link.
        sender: the team's own profile.
        rules: the rule book.
        today: the UTC day of the run, for deadlines and expiries.
        is_reply: whether an earlier thread with this contact exists, so that `Re:` is true.
        canary: this context's token; any contact's token blocks anyway.

    """
    case = _Case(message, draft, asset, rules, today, is_reply, canary, evidence)
    findings = list(review_envelope(Letter(message, sender, rules, asset_url=str(asset.url))))
    findings += evaluated("C-07", lambda: iter(ground(draft, evidence, asset, today, rules)))
    for rule_id, rule in _WORD_RULES:
        findings += evaluated(rule_id, lambda rule=rule: rule(case))  # type: ignore[misc]
    return Verdict(findings=tuple(findings))


def _carries_the_draft(case: _Case) -> Iterator[Finding]:
    """What is judged sentence by sentence must be what arrives."""
    if case.message.subject != case.draft.subject:
        yield block("A-02", "the message's subject is not the draft's")
    said = " ".join(case.message.text.split())
    for paragraph in case.draft.paragraphs:
        words = " ".join(" ".join(s.text for s in paragraph.sentences).split())
        if words not in said:
            yield block("A-02", "the message does not carry the draft's words", words[:120])


def _true_thread(case: _Case) -> Iterator[Finding]:
    found = _FAKE_THREAD.search(case.draft.subject)
    if found and not case.is_reply:
        yield block("C-05", "the subject pretends to an earlier exchange", found.group(), "take it out")


def _true_deadline(case: _Case) -> Iterator[Finding]:
    ends = case.asset.offer.valid_until if case.asset.offer else None
    near = timedelta(days=case.rules.content.last_chance_days)
    for pattern, latest in ((_ENDS_TODAY, case.today), (_LAST_CHANCE, case.today + near)):
        found = pattern.search(case.words)
        if not found:
            continue
        if ends is None:
            yield _hold(
                "C-05", "the message presses for time, and no offer record says until when", found.group()
            )
        elif ends > latest:
            yield block(
                "C-05",
                f"the message presses for time, but the offer stands until {ends.isoformat()}",
                found.group(),
                "name the offer's own last day",
            )


def _true_terms(case: _Case) -> Iterator[Finding]:
    offer = case.asset.offer
    terms = quantities(f"{offer.name} {offer.terms}") if offer else frozenset()
    for found in _DISCOUNT.finditer(case.words):
        share = found[1].replace(",", ".")
        if offer is None or offer.discount_percent is None:
            if f"{float(share):g}%" not in terms:
                yield block("C-05", "the message promises a discount no offer record has", found.group())
        elif abs(float(share) - offer.discount_percent) > 1e-9:
            yield block("C-05", f"the offer's discount is {offer.discount_percent:g} %", found.group())
    if offer is None:
        return
    for found in _MONEY.finditer(case.words):
        cents = round(float((found[1] or found[2]).replace(",", "")) * 100)
        known = quantities(f"{case.approved} {offer.terms}")
        if cents != offer.price_cents and f"{cents / 100:.10g}" not in known:
            yield block("C-05", f"the offer {offer.name!r} does not state this sum", found.group())
    yield from _true_last_day(case, offer)


def _true_last_day(case: _Case, offer: Offer) -> Iterator[Finding]:
    if offer.valid_until is None:
        return
    ends = offer.valid_until
    known = quantities(f"{ends.isoformat()} {offer.terms} {case.approved}")
    for found in _UNTIL.finditer(case.words):
        stated = quantities(found["day"])
        if any(part.startswith("month:") for part in stated) and not stated <= known:
            yield block("C-05", f"the offer stands until {ends.isoformat()}", found.group())


def _no_service_mail(case: _Case) -> Iterator[Finding]:
    for phrase in case.rules.content.transactional_words:
        found = _phrase(phrase).search(case.words)
        if found and phrase.lower() not in case.approved:
            yield _hold("C-06", "a promotion must not read like service mail", found.group())


def _no_special_category(case: _Case) -> Iterator[Finding]:
    for phrase in case.rules.content.special_words:
        found = _phrase(phrase).search(case.words)
        if found and phrase.lower() not in case.approved:
            yield _hold("C-12", "the message touches a protected matter", found.group())


def _no_human_hand(case: _Case) -> Iterator[Finding]:
    found = _HUMAN_HAND.search(case.words)
    if found:
        yield block("C-22", "the message says that a person wrote it", found.group(), "leave it out")


def _no_canary(case: _Case) -> Iterator[Finding]:
    message = case.message
    # The recipient's address and the opt-out link are code's, but a leak there is a leak as well.
    everything = "\n".join((message.subject, message.to_name, message.text, message.html, case.words))
    token = canaries.leaked(everything, case.canary)
    if token:
        yield block("A-03", "a token of a drafting context stands in the message", token)


def _no_own_links(case: _Case) -> Iterator[Finding]:
    for found in _ADDRESS_IN_TEXT.finditer(case.words):
        if "/" in found.group() or "@" in found.group() or found.group().lower() not in case.approved:
            yield block(
                "A-05", "a draft brings no address of its own; code adds the link", found.group()[:120]
            )
    marked = re.search(r"<\s*/?\s*[a-z!][^>]*>", case.words, re.IGNORECASE)
    if marked:
        yield block("A-05", "a draft brings no markup", marked.group()[:120])


def _finished(case: _Case) -> Iterator[Finding]:
    if not case.draft.subject.strip():
        yield block("H-04", "the subject is empty")
    if not case.draft.body.strip():
        yield block("H-04", "the message has no words of its own")
    readable = f"{case.message.subject}\n{markup.URL.sub(' ', case.message.text)}"
    found = _PLACEHOLDER.search(readable)
    if found and found.group().lower() not in case.approved:
        yield block("H-04", "a placeholder was left in the message", found.group(), "fill it or cut it")


def _house_style(case: _Case) -> Iterator[Finding]:
    if re.search(r"!\s*!", case.words):
        yield _warn("H-02", "rows of exclamation marks shout", "!!")
    run = 0
    for word in re.findall(r"\w+", case.words):
        run = run + 1 if _CAPITALS.fullmatch(word) else 0
        if run == case.rules.content.capitals_in_a_row:
            yield _warn("H-02", "words in capitals shout", word)
            return


def _no_foreign_places(case: _Case) -> Iterator[Finding]:
    yield from outside.foreign_hosts(case.words, case.approved)
    yield from outside.code_or_machine_named(case.words)


def _opt_out_not_denied(case: _Case) -> Iterator[Finding]:
    yield from outside.opt_out_talked_away(case.words)


def _no_human_voice(case: _Case) -> Iterator[Finding]:
    yield from outside.human_claimed(case.words)


def _not_outside_words(case: _Case) -> Iterator[Finding]:
    if case.draft.author is Author.REVIEWER:
        return
    for text in (case.draft.subject, *(sentence.text for sentence in case.draft.sentences)):
        fact_id = outside.made_of_outside_words(text, case.evidence, case.approved)
        if fact_id:
            yield _hold("H-05", f"the sentence is made of words from outside ({fact_id})", text)


_WORD_RULES = (
    ("A-02", _carries_the_draft),
    ("A-03", _no_canary),
    ("A-05", _no_own_links),
    ("A-05", _no_foreign_places),
    ("C-02", _opt_out_not_denied),
    ("C-05", _true_thread),
    ("C-05", _true_deadline),
    ("C-05", _true_terms),
    ("C-06", _no_service_mail),
    ("C-12", _no_special_category),
    ("C-22", _no_human_hand),
    ("C-22", _no_human_voice),
    ("H-05", _not_outside_words),
    ("H-04", _finished),
    ("H-02", _house_style),
)


@lru_cache(maxsize=256)
def _phrase(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(words)}\b", re.IGNORECASE)


def _hold(rule_id: str, reason: str, span: str) -> Finding:
    return Finding(rule_id=rule_id, severity=Severity.HOLD, reason=reason, span=span)


def _warn(rule_id: str, reason: str, span: str) -> Finding:
    return Finding(rule_id=rule_id, severity=Severity.WARN, reason=reason, span=span)
