"""Content rules: one drafted, addressed, rendered message against law, house style and the team's own rules.

The one door to all of them, asked when a draft is made and again inside the transaction that sends it. The
envelope, the rendered mail, grounding, terms and the team's rules have files of their own; the other words are here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from domain.content import ContentAsset
from domain.message import Author, Draft, Evidence, EvidenceKind, Finding, Message, Verdict
from domain.sender import SenderProfile
from policies import canary as canaries
from policies import markup, terms
from policies.case import Case, block, hold, phrases_in, warn
from policies.claims import ground
from policies.envelope import Letter, evaluated, review_envelope
from policies.folding import masked_word
from policies.mail import compare, read_mail, review_mail
from policies.reading import needs_a_reader
from policies.rulebook import RuleBook
from policies.team import review_team

_HUMAN_HAND = re.compile(
    r"\bi (?:have |am )?(?:personally |myself )?(?:wrote|written|typed|typing|writing|write) "
    r"(?:this|to you|you|these)\b[^.!?]{0,40}\b(?:myself|personally|by hand|by me)\b"
    r"|\bi (?:have |am )?personally (?:wrote|written|typed|typing|writing|write)\b"
    r"|\b(?:this|e-?mail|message|note|letter|line)s? (?:is|was|were|are|comes?)? ?(?:personally |hand-?)?"
    r"(?:written|typed|crafted)\b[^.!?]{0,20}\b(?:myself|personally|by hand|by me|by a (?:human|person))\b"
    r"|\bhand-?(?:written|typed|crafted) (?:e-?mail|message|note|letter|line)s?\b(?= (?:to|for) you|[.!])"
    r"|\bi['’]?\s?a?m (?:not an? (?:ai|bot|robot|machine)|a real)\b"
    r"|\b(?:this|e-?mail|message|note) (?:is|was)(?:n['’]t| not) (?:an? )?"
    r"(?:automated|automatic|bot|ai|mass mail|written by (?:an? )?(?:ai|bot|machine|software))\b"
    r"|\b(?:real|actual) (?:human|person)\b.{0,20}\b(?:here|wrote|writing)\b"
    r"|\bno (?:bots?|ai|robots?|automation|templates?|machines?) (?:was |were |is )?"
    r"(?:here|involved|wrote|used|at work)\b"
    r"|\b(?:human|person) to (?:human|person|another)\b|\bi (?:sat down|took (?:the|some) time) to write\b"
    r"|\bi (?:have )?personally (?:looked|reviewed|researched|picked|checked|went)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{[A-Za-z_ .]+\}|<<.*?>>|<[A-Za-z_ ]{2,30}>|%[A-Z_]{3,}%"
    r"|\[(?!(?:PDF|Webinar|Video|Guide|Report|Checklist)\])[A-Z][A-Za-z_ ]{1,30}\]|\[[a-z_ ]*name[a-z_ ]*\]"
    r"|\b(?:TODO|TBD|FIXME|XXX+|LOREM IPSUM)\b|(?i:\blorem ipsum\b)|\b(?:None|null|undefined|NaN)(?=[,!.]|$)"
)
_ADDRESS_IN_TEXT = re.compile(
    r"\b(?:https?|hxxps?|ftp|mailto|javascript|data):\S|\bwww\.\S|\b[\w.+-]+@[\w-]+\.\w+"
    r"|\b(?:[\w-]+\.)+(?:com|net|org|io|co|ai|app|dev|info|biz|xyz|ru|cn|de|uk|eu|fr|example|test|invalid|click|link|top"
    r"|site|online|shop|store|me|ly|gg|tv|us|zip|mov)\b(?:/\S*)?"
    r"|\b[\w-]+\s?(?:\[\.\]|\(\.\)|\[dot\]|\(dot\)|\bdot\b)\s?(?:com|net|org|io|co|example)\b",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\b[^\W\d_a-zß-öø-ÿ]{4,}\b")


def review_message(
    message: Message,
    draft: Draft | None,
    evidence: Sequence[Evidence],
    asset: ContentAsset | None,
    sender: SenderProfile,
    rules: RuleBook,
    today: date,
    *,
    raw: bytes | None,
    is_reply: bool = False,
    canary: str | None = None,
) -> Verdict:
    """Hold one rendered message against every content rule; a rule that cannot be evaluated blocks.

    Args:
        message: what should arrive.
        draft: what was written, each sentence with the evidence it names; None for a mail of unknown origin,
            whose claims then rest on nothing.
        evidence: every fact of this drafting context.
        asset: the approved content the message leads to; the only source of its link.
        sender: the team's own profile.
        rules: the rule book, the team's own rules included.
        today: the UTC day of the run, for deadlines and expiries.
        raw: the mail as it will leave, in bytes. None where it could not be rendered: that blocks.
        is_reply: whether an earlier thread with this contact exists, so that `Re:` is true.
        canary: this context's token; any contact's token blocks anyway.

    """
    case = Case(message, draft, asset, sender, rules, today, tuple(evidence), is_reply, canary)
    url = str(asset.url) if asset else None
    findings = list(review_envelope(Letter(message, sender, rules, asset_url=url)))
    findings += evaluated("C-25", lambda: _rendered(message, raw, rules))
    findings += evaluated("C-07", lambda: _grounded(case))
    for rule_id, rule in WORD_RULES:
        findings += evaluated(rule_id, lambda rule=rule: rule(case))  # type: ignore[misc]
    findings += evaluated("C-06", lambda: needs_a_reader(case))
    findings += evaluated("T-00", lambda: review_team(case.words, asset, rules.team))
    return Verdict(findings=tuple(findings))


def _rendered(message: Message, raw: bytes | None, rules: RuleBook) -> Iterator[Finding]:
    if raw is None:
        yield block("C-25", "the mail could not be rendered, so nobody can tell what would arrive")
        return
    mail = read_mail(raw)
    yield from review_mail(mail, rules.content.line_most_chars)
    yield from compare(mail, message)


def _grounded(case: Case) -> Iterator[Finding]:
    if case.draft is None or case.asset is None:
        yield hold("C-07", "nothing is on record of what this message rests on; a person reads its claims")
        return
    yield from ground(case.draft, case.evidence, case.asset, case.today, case.rules)


def _carries_the_draft(case: Case) -> Iterator[Finding]:
    """What is judged sentence by sentence must be what arrives."""
    if case.draft is None:
        return
    if case.message.subject != case.draft.subject:
        yield block("A-02", "the message's subject is not the draft's")
    said = " ".join(case.message.text.split())
    for paragraph in case.draft.paragraphs:
        words = " ".join(" ".join(s.text for s in paragraph.sentences).split())
        if words not in said:
            yield block("A-02", "the message does not carry the draft's words", words[:120])


def _no_service_mail(case: Case) -> Iterator[Finding]:
    for said in phrases_in(case, case.rules.content.transactional_words):
        yield hold("C-06", "a promotion must not read like service mail", said, "say what it is")


def _no_special_category(case: Case) -> Iterator[Finding]:
    for said in phrases_in(case, case.rules.content.special_words):
        yield hold("C-12", "the message touches a protected matter", said, "leave it out")


def _allowed_fields(case: Case) -> Iterator[Finding]:
    """Only fields somebody allowed reach a prompt, and so a message."""
    allowed = case.rules.content.prompt_fields
    for fact in case.evidence:
        if fact.kind is EvidenceKind.FIELD and not fact.ref.startswith(tuple(allowed)):
            yield block("C-12", f"the field {fact.ref!r} is not one a message may rest on", fact.id)


def _no_automatic_verdict(case: Case) -> Iterator[Finding]:
    for said in phrases_in(case, case.rules.content.legal_effect_words):
        yield hold(
            "C-15",
            "the message tells of a decision about this person (price, credit, eligibility)",
            said,
            "a person decides that, and says so",
        )


def _no_human_hand(case: Case) -> Iterator[Finding]:
    found = _HUMAN_HAND.search(case.plain)
    if found:
        yield block("C-22", "the message says that a person wrote it", found.group(), "leave it out")


def _known_origin(case: Case) -> Iterator[Finding]:
    draft = case.draft
    if draft is None or draft.author is not Author.MODEL:
        return
    if not (draft.prompt_id and draft.prompt_sha256 and draft.model):
        yield block("C-22", "the draft does not say which prompt and which model wrote it")


def _no_canary(case: Case) -> Iterator[Finding]:
    message = case.message
    # The recipient's address and the opt-out link are code's, but a leak there is a leak as well.
    everything = "\n".join((message.subject, message.to_name, message.text, message.html, case.words))
    token = canaries.leaked(everything, case.canary)
    if token:
        yield block("A-03", "a token of a drafting context stands in the message", token)


def _no_own_links(case: Case) -> Iterator[Finding]:
    if case.draft is None:
        return
    for found in _ADDRESS_IN_TEXT.finditer(case.words):
        if "/" in found.group() or "@" in found.group() or found.group().lower() not in case.approved:
            yield block(
                "A-05", "a draft brings no address of its own; code adds the link", found.group()[:120]
            )
    marked = re.search(r"<\s*/?\s*[a-z!][^>]*>", case.words, re.IGNORECASE)
    if marked:
        yield block("A-05", "a draft brings no markup", marked.group()[:120])


def _finished(case: Case) -> Iterator[Finding]:
    if not case.message.subject.strip():
        yield block("H-04", "the subject is empty")
    if case.draft is not None and not case.draft.body.strip():
        yield block("H-04", "the message has no words of its own")
    readable = f"{case.message.subject}\n{markup.URL.sub(' ', case.message.text)}"
    found = _PLACEHOLDER.search(readable)
    if found and found.group().lower() not in case.approved:
        yield block("H-04", "a placeholder was left in the message", found.group(), "fill it or cut it")


def _honest_letters(case: Case) -> Iterator[Finding]:
    word = masked_word(f"{case.message.subject}\n{case.message.text}")
    if word:
        yield block("H-09", "a word mixes alphabets or wears costumed letters", word[:80], "write it plainly")


def _house_style(case: Case) -> Iterator[Finding]:
    if re.search(r"!\s*!", case.words):
        yield warn("H-02", "rows of exclamation marks shout", "!!")
    run = 0
    for word in re.findall(r"\w+", case.words):
        run = run + 1 if _CAPITALS.fullmatch(word) else 0
        if run == case.rules.content.capitals_in_a_row:
            yield warn("H-02", "words in capitals shout", word)
            return


WordRule = Callable[[Case], Iterator[Finding]]

WORD_RULES: tuple[tuple[str, WordRule], ...] = (
    ("A-02", _carries_the_draft),
    ("A-03", _no_canary),
    ("A-05", _no_own_links),
    *(("C-05", rule) for rule in terms.RULES),
    ("C-06", _no_service_mail),
    ("C-12", _no_special_category),
    ("C-12", _allowed_fields),
    ("C-15", _no_automatic_verdict),
    ("C-22", _no_human_hand),
    ("C-22", _known_origin),
    ("H-04", _finished),
    ("H-09", _honest_letters),
    ("H-02", _house_style),
)
"""Every rule of the words, with its id."""
