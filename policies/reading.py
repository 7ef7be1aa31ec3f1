"""What needs a reader: sentences of a kind that code can name and not judge, held for a person.

No list of phrases holds every way to dress up a promotion or to pass a verdict. These rules look for kinds:
a sentence about the reader's own account or contract, about how they are rated, about who wrote the mail, about
what was watched, that names no evidence one may speak of. The compliance reviewer's model reads for the same
faults and may add to them; it never takes one away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.message import DraftSentence, EvidenceKind, Finding
from policies.case import Case, hold
from policies.folding import folded

_THEIR_BUSINESS = re.compile(
    r"\byour (?:\w+ ){0,2}?(?:accounts?(?! (?:team|manager|executive|department|director))"
    r"|subscription|contract|payments?|billing|statement|invoices?|balance|membership|licen[cs]es?|policy|documents"
    r"|access (?:expires|ends|was|is|has|will))\b"
    r"|\b(?:outstanding|overdue|unpaid) (?:amount|sum|balance|invoice|payment)\b"
    r"|\b(?:automated|automatic|official) (?:notification|notice|message)\b",
    re.IGNORECASE,
)
_VERDICT = re.compile(
    r"\b(?:scored|rated|ranked|classified|graded|assessed) (?:you|your (?:company|site|business))\b"
    r"|\byour (?:rating|score|rank|risk|creditworthiness)\b|\b(?:rate|price|fee) you pay\b"
    r"|\byou (?:were|are|have been|will be) (?:now )?(?:moved|placed|put|assigned|upgraded|downgraded"
    r"|rejected|refused|denied|approved|declined|excluded) ?(?:to|in|into|from|for|with)?\b"
    r"|\byou (?:no longer |do not |don't )(?:meet|qualify|fulfil|fulfill)\b"
    r"|\byour (?:request|application|order)\b[^.!?]{0,30}"
    r"\b(?:was|were|has been|is) (?:refused|rejected|denied|declined|granted)\b"
    r"|\b(?:moved|placed|put) (?:you|your (?:company|site|business|team))\b",
    re.IGNORECASE,
)
_WRITER = re.compile(
    r"\b(?:this|these|the|my) (?:e-?mail|mail|message|note|letter|lines?|words?)\b[^.!?]{0,60}"
    r"\b(?:persons?|humans?|colleague|hand|robots?|machines?|bots?|ai|software|algorithm|my own)\b"
    r"|\b(?:persons?|humans?|colleague|robots?|machines?|bots?|ai|software|algorithm)\b[^.!?]{0,60}"
    r"\b(?:this|these|my) (?:e-?mail|mail|message|note|letter|lines?|words?)\b"
    r"|\b(?:every|each) word\b[^.!?]{0,20}\b(?:my own|mine|by me)\b"
    r"|\bi (?:have )?(?:read|spent|went through|studied|looked through)\b[^.!?]{0,40}"
    r"\b(?:your (?:site|website|yard|company|page))\b",
    re.IGNORECASE,
)
_WATCHING = re.compile(
    r"\b(?:logs?|records|statistics|analytics|figures|data) (?:show|say|tell)\b[^.!?]{0,40}"
    r"\b(?:you|your|visits?|views?)\b"
    r"|\b(?:last|latest|previous|our|my) (?:e-?mails?|mails?|messages?|newsletters?) (?:was|were|has been|have been)"
    r" (?:opened|read|clicked|forwarded)\b"
    r"|\byou (?:have |had )?(?:read|opened|viewed|studied|checked|returned to) (?:the|our|my) (?:\w+ ){0,3}?"
    r"(?:page|pages|site|website|mail|e-?mail|prices|newsletter)\b"
    r"|\b(?:someone|somebody|colleagues?|people) (?:at|from|in) your (?:\w+ ){0,2}?"
    r"(?:looked|clicked|visited|opened|read)\b",
    re.IGNORECASE,
)
_SWEEPING = re.compile(
    r"\b(?:every|all|no|no other|most|nine out of ten) (?:of our )?(?:other )?(?:large |big )?"
    r"(?:customers?|clients?|vendors?|providers?|suppliers?|competitors?|users|buyers)\b"
    r"|\b(?:stud(?:y|ies)|research|experts|tests|science|analysts) (?:prove|show|say|confirm|agree)s?\b"
    r"|\b(?:won|received|holds?) (?:\w+ ){0,3}?(?:awards?|prizes?|certificates?)\b|\b(?:it|that) never fails\b"
    r"|\bnobody who (?:tried|uses?|used|bought)\b|\b(?:a thing of the past|results? at once|comes? close)\b",
    re.IGNORECASE,
)

KINDS = (
    (
        "C-06",
        _THEIR_BUSINESS,
        "the sentence speaks of the reader's own account, contract or payments",
        "say what it is",
    ),
    (
        "C-15",
        _VERDICT,
        "the sentence tells how the reader was rated or decided about",
        "a person decides that, and says so",
    ),
    ("C-22", _WRITER, "the sentence says who or what wrote this mail", "leave it out"),
    ("H-03", _WATCHING, "the sentence tells what was watched", "let it choose the topic, and do not say it"),
    (
        "C-07",
        _SWEEPING,
        "the sentence claims something for everybody, or on others' authority",
        "cite an approved claim",
    ),
)


def needs_a_reader(case: Case) -> Iterator[Finding]:
    """Hold each sentence of a kind code cannot judge, unless approved evidence it cites says as much."""
    for sentence in _sentences(case):
        text = folded(sentence.text)
        for rule_id, kind, reason, mend in KINDS:
            found = kind.search(text)
            if found and not _may_say(sentence, found.group(), case):
                yield hold(rule_id, f"{reason}; somebody should read it", found.group(), mend)


def _sentences(case: Case) -> tuple[DraftSentence, ...]:
    if case.draft is not None:
        return (DraftSentence(text=case.draft.subject), *case.draft.sentences)
    return tuple(
        DraftSentence(text=part) for part in re.split(r"(?<=[.!?])\s+|\n+", case.words) if part.strip()
    )


def _may_say(sentence: DraftSentence, words: str, case: Case) -> bool:
    """A question may be asked; approved words may be said; what the reader told us may be told back."""
    if sentence.text.rstrip().endswith("?") or words.lower() in case.approved:
        return True
    cited = [fact for fact in case.evidence if fact.id in sentence.evidence and not fact.is_private]
    return any(
        fact.kind in {EvidenceKind.CLAIM, EvidenceKind.OFFER}
        or (fact.kind is EvidenceKind.EVENT and words.lower() in fact.text.lower())
        for fact in cited
    )
