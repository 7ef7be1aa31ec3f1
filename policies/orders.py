"""Outside words that give orders to whoever reads them for us: told by how they are put, not by what they want.

One guard among several, and one that words can be put around: where it finds orders, a person decides about that
contact, whatever the autonomy. What it misses still meets schemas, rules and an envelope that code sets.
Disguises are undone first: look-alike letters, base64, markup that hides.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from functools import lru_cache

_ASSISTANT = r"(?:answer|response|reply|replies|output|message|draft)"

_ORDERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Speaks to a machine about what it was told.
        r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|prompts?|rules?|guidelines|window)\b",
        r"\b(?:instructions?|prompt|rules)\b.{0,30}\b(?:you were|you are|above|initial|original|given)\b",
        r"\b(?:initial|original|starting|previous|system) (?:instructions?|prompts?|messages?|configuration)\b",
        r"\bsystem_?(?:prompt|message)\b|<\s*/?\s*(?:system|instructions?|information|important)\b",
        r"###\s*\(?\s*(?:system|instruction|assistant|user)|\[(?:INST|SYSTEM)\]|<\|[a-z_]+\|>",
        r"\byou are (?:now|an? (?:ai|assistant|language model|chat))\b|\bmaintenance mode\b|\bdebugging this system\b",
        r"\badministrator override\b|\byou were (?:told|instructed|given)\b|\bi was instructed to\b",
        r"\bwhat were you told\b|\brepeat this (?:entire )?conversation\b|\bbeginning with \"you are\"",
        r"\b(?:an? )?important message from me\b.{0,80}\bto you\b|\bsolve the task\b|\binitialization string\b",
        r"\byou(?:'re| are)? not supposed to\b|\btext (?:above|you were given)\b|\babove text\b",
        r"\bstart your answer\b|\bcomplete this sentence\b|\bconsole\.log\b",
        r"^\W*“?\W*(?:TODO|IMPORTANT!+|URGENT INSTRUCTION|NOTE TO (?:AI|ASSISTANT|MODEL))\b\W*:?",
        # Tells how our text shall look.
        rf"\b(?:add|append|include|insert|integrate|modify|augment|enhance|replace|convert|remove|rearrange|scramble"
        rf"|jumble|misspell|anagram|substitute|introduce|group|combine|render|encode|translate|start|begin|end|write"
        rf"|print|mention|leave out|omit|use)\b.{{0,110}}\b(?:your|the) {_ASSISTANT}(?:'s|s)?\b",
        rf"\bin your {_ASSISTANT}\b\W+\w+|\b(?:provide|give|render) your {_ASSISTANT} (?:using|in|with|without)\b",
        r"\breplace (?:every|each|all|vowels|letters)\b",
        # Tells the machine to act.
        r"\bthis (?:campaign|contact'?s?|lead'?s?)\b.{0,60}\b(?:now|address|consent|opt-?in|score|stage|owner)\b",
        r"\b(?:send|forward|approve|schedule|launch|delete|export|list|reveal|show|dump|print)\b.{0,40}"
        r"\b(?:this campaign|every contact|all (?:the )?(?:contacts|customers|leads|users|emails|unread)|database"
        r"|tenants?|pending sends?|the sends?|api keys?|secrets?|passwords?|credentials|security codes?|suppressions?"
        r"|canary|file with id)\b",
        r"\b(?:set|change|update|mark|switch|raise|lower)\b.{0,40}\b(?:sender|from address|reply-to|consent|opt-?in"
        r"|lifecycle|lead score|autonomy|approval|recipient|suppress\w*|discount|price)\b",
        r"\bapprove (?:it|this|the)\b.{0,40}\byourself\b",
        r"\b(?:skip|bypass|without) (?:the )?(?:review|approval|reviewer)\b",
        r"\b(?:leave out|remove|drop|omit|hide)\b.{0,30}\b(?:unsubscribe|opt-?out|footer|postal address)\b",
        r"\b(?:insert|embed|add|place)\b.{0,30}\b(?:hidden|tracking|invisible)\b.{0,20}\b(?:image|pixel|link|text)\b",
        r"\bsend window\b|\bfor all future\b|\bremember\b.{0,30}\b(?:campaigns?|always|from now on|future)\b",
        r"\b(?:tell|say to|convince|assure|inform)\b.{0,30}\b(?:recipient|customer|contact|reader|them)s?\b.{0,50}"
        r"\b(?:you are|you're|that|we are|their)\b",
        r"\b(?:fetch|curl|wget|open|visit|call)\s+https?://|\b169\.254\.169\.254\b|\bmetadata\.google\b",
        # Code where words are meant.
        r"\bselect\b.{1,60}\bfrom\b\s+\w+|\b(?:drop|alter|truncate) table\b|\binsert into\b|\bunion select\b",
        r"<\s*(?:script|img|iframe|svg|style|object|form|link|meta)\b|\bjavascript:|\bon(?:error|load|click)\s*=",
        r"<!--|style\s*=\s*[\"'][^\"']*(?:color|display|font-size|opacity)|\{\{.+?\}\}|\]\(\s*(?:https?|javascript|data):",
        r"\bplease (?:email|send|forward) (?:the|individual|all|every)\b.{0,120}(?:https?://|\S@\S)",
    )
)

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/=])")
_LIKE = str.maketrans(
    "аеорсхуіјѕԁһӏոսցАВЕКМНОРСТХІЈЅαοερνικτυΑΒΕΖΗΙΚΜΝΟΡΤΥΧℓ",
    "aeopcxyijsdhlnugABEKMHOPCTXIJSaoepviktuABEZHIKMNOPTYXl",
)
"""Letters of other scripts that look like ours."""

_MIXED = re.compile(r"\b(?=\w*[a-z])(?=\w*[\u0370-\u03ff\u0400-\u04ff])\w+\b", re.IGNORECASE)
_LEAST_MIXED = 2


@lru_cache(maxsize=4_096)
def gives_orders(text: str) -> str | None:
    """Return the words by which a text from outside gives orders or hides some, or None.

    Args:
        text: as it came; a fact that quotes it will do.
    """
    for seen in _readings(text):
        for pattern in _ORDERS:
            found = pattern.search(seen)
            if found:
                return found.group()[:120]
    mixed = _MIXED.findall(unicodedata.normalize("NFKC", text))
    return f"{mixed[0]} (letters of two scripts)" if len(mixed) >= _LEAST_MIXED else None


def _readings(text: str) -> list[str]:
    """The text as a person or a model might read it: plain, with look-alikes undone, decoded."""
    plain = " ".join(
        "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").split()
    )
    readings = [plain]
    alike = plain.translate(_LIKE)
    if alike != plain:
        readings.append(alike)
    for found in _BASE64.finditer(plain):
        decoded = _decoded(found.group())
        if decoded:
            readings.append(f"TODO: {decoded}" if " " in decoded else decoded)
    return readings


def _decoded(words: str) -> str | None:
    try:
        raw = base64.b64decode(words + "=" * (-len(words) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return raw if raw.isprintable() else None
