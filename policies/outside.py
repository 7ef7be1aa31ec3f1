"""What a draft must not bring from outside whoever asked for it: places to go to, and words against the opt-out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from domain.message import Evidence, EvidenceKind, Finding
from policies.case import block
from policies.claims import OWN_WORDS
from policies.orders import gives_orders

_HOST = re.compile(r"(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+([a-z]{2,24})(?![\w-])", re.IGNORECASE)
_NO_PLACE = frozenset(
    {"js", "ts", "css", "pdf", "csv", "json", "xml", "yaml", "yml", "docx", "xlsx", "pptx", "txt"}
)
"""Endings of file and product names that are no top-level domain."""

_AGAINST_OPT_OUT = re.compile(
    r"\b(?:can ?not|can['’]t|could not|no need to|do not|don['’]t|never|impossible to|not possible to)\b.{0,20}"
    r"\b(?:unsubscribe|opt[ -]?out)\b|\bwithout (?:an? )?(?:unsubscribe|opt[ -]?out)\b",
    re.IGNORECASE,
)


_SPELLED = re.compile(r"\b[\w-]{3,}\s*[(\[]?\s*\bdot\b\s*[)\]]?\s*[a-z]{2,10}\b", re.IGNORECASE)
"""A host spelled so that no program sees it and every reader does."""

_CLAIMED_HUMAN = re.compile(
    r"\b(?:i am|i['’]?m)\b[^.?!]{0,20}\ban? (?:real |actual |living )?(?:human|person)\b"
    r"|\bthis is (?:\w+,? )?an? (?:real |actual |living )?(?:human|person)\b"
    r"|\bnot an? (?:\w+ )?(?:ai|bot|robot|machine|language model)\b|\ba human (?:called|named|being)\b",
    re.IGNORECASE,
)


def named_hosts(text: str) -> list[str]:
    """Return every name a mail program could turn into a link, in lower case, look-alike dots undone."""
    plain = unicodedata.normalize("NFKC", text).replace("。", ".")
    return [found.group().lower() for found in _HOST.finditer(plain) if found[1].lower() not in _NO_PLACE]


def foreign_hosts(words: str, approved: str) -> Iterator[Finding]:
    """Block each host a draft names that stands in nothing approved (`approved` in lower case)."""
    for host in named_hosts(words):
        if host not in approved:
            yield block("A-05", "a draft names no place of its own; code adds the link", host[:120])
    spelled = _SPELLED.search(words)
    if spelled and spelled.group().lower() not in approved:
        yield block("A-05", "a draft spells out an address", spelled.group()[:120])


_CODE = re.compile(
    r"\bSELECT\b.{1,60}\bFROM\b|(?i:\bselect \*|\bdrop table\b|\bunion select\b|\binsert into\b)"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"
)


def code_or_machine_named(words: str) -> Iterator[Finding]:
    """Block statements of a database, and machines by their number: nobody writes those to a customer."""
    found = _CODE.search(words)
    if found:
        yield block("A-05", "a draft carries code or the number of a machine", found.group()[:120])


def human_claimed(words: str) -> Iterator[Finding]:
    """Block words that say a person speaks."""
    found = _CLAIMED_HUMAN.search(words)
    if found:
        yield block("C-22", "the message says that a person speaks", found.group(), "leave it out")


_WORD = re.compile(r"[^\W\d_]{4,}")
_LEAST_SHARED, _LEAST_OF_TITLE, _SHARED_SHARE = 3, 6, 0.5
"""So many words shared, and such a share of the sentence. What somebody downloaded or attended has a title of a few
words, which may be named."""


def made_of_outside_words(sentence: str, evidence: Sequence[Evidence], approved: str) -> str | None:
    """Return the id of the tainted fact a sentence is mostly made of, fillers between or not, or None.

    The contact's own reply or form may be echoed to them; what somebody else wrote may not. Words that stand in
    anything approved, or in facts of our own, are nobody's; nor are those of the company's name where it is named.
    """
    ours = {*_words(approved), *(w for fact in evidence if not fact.is_tainted for w in _words(fact.text))}
    words = _words(sentence)
    theirs = words - ours
    for fact in evidence:
        if not fact.is_tainted or (not fact.is_private and fact.text.startswith(OWN_WORDS)):
            continue
        is_title = fact.kind is EvidenceKind.EVENT and not fact.is_private
        least = _LEAST_OF_TITLE if is_title else _LEAST_SHARED
        shared = (theirs & _words(fact.text)) - _words(company_named(sentence, fact))
        if len(shared) >= least and len(shared) >= _SHARED_SHARE * len(words):
            return fact.id
    return None


_NAME_FACT = "account:name"
_NAME = re.compile(r"“([^”]*)”")
_OF_A_NAME = re.compile(r"[A-Z0-9][\w.'’&+-]*,?|&|and|of|the|for|de|du|la|van|von|und|et|y|e")
_LONGEST_NAME_WORDS, _LONGEST_NAME_CHARS = 5, 40
_OF_A_FORM = re.compile(
    r"(?:&|ab|ag|aps|as|b\.?v|co|company|corp|corporation|gmbh|inc|kg|kk|limited|llc|llp|ltd|n\.?v|ohg|oy|plc|pty|"
    r"s\.?a|s\.?a\.?r\.?l|s\.?l|s\.?p\.?a|s\.?r\.?l|sas|se)\.?,?",
    re.IGNORECASE,
)
"""Words of a legal form, left out when a company is named: `Co. Ltd`, `GmbH & Co. KG`."""


def company_named(sentence: str, fact: Evidence) -> str:
    """Return the contact's company as a sentence names it, or `` where it does not or the name is more than a name.

    Whoever fills in a form writes the company's name, so it is a name only where it is short, is written as one and
    gives no orders; anything else stays a stranger's words.
    """
    found = _NAME.search(fact.text) if fact.ref == _NAME_FACT else None
    if found is None or gives_orders(found[1]):
        return ""
    words = found[1].split()
    while words:
        name = " ".join(words).rstrip(",")
        is_name = len(words) <= _LONGEST_NAME_WORDS and len(name) <= _LONGEST_NAME_CHARS
        if is_name and all(map(_OF_A_NAME.fullmatch, words)) and _stands_in(name, sentence):
            return name
        if not _OF_A_FORM.fullmatch(words.pop()):
            break
    return ""


def _stands_in(name: str, sentence: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sentence) is not None


@lru_cache(maxsize=2_048)
def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def opt_out_talked_away(words: str) -> Iterator[Finding]:
    """Block words that deny the opt-out which stands below them."""
    found = _AGAINST_OPT_OUT.search(words)
    if found:
        yield block("C-02", "the message talks the opt-out away", found.group(), "leave it out")
