"""A job title as it stands after `as`: `VP Sales` is `VP of sales`, `Analyst` is `an analyst`.

Titles are typed by hand and by forms, so only those that read like an English title are used; for all
others the sentence is built on something else.
"""

from __future__ import annotations

import re

from agents.understudy.vocabulary import words_for
from agents.understudy.wording import is_acronym, lowered, squeeze, with_article

_POSTS = words_for("posts")
_RANKS = words_for("ranks")
_FUNCTIONS = words_for("functions")
_JOINTS = words_for("joints")
_UNIQUE = re.compile(
    r"^(?:(?:global|regional|group|deputy|interim|acting|senior) )?"
    r"(?:head of|director of|vp of|svp of|evp of|avp of|vice president|president|chief|managing director"
    r"|general counsel"
    r"|ceo|cfo|coo|cto|cio|ciso|cmo|chro|cpo|cro|founder and|owner and|co-founder and)\b"
)
_OF_POSTS = re.compile(r"^(vp|svp|evp|avp|vice president|head|director)[ ,-]+(?!of\b|for\b)(.+)$")


def role_phrase(job_title: str | None) -> str | None:
    """Return the title with its article where it needs one, or None if it cannot be trusted to read well."""
    title = _bare(job_title)
    if title is None:
        return None
    words = title.split()
    last = words[-1]
    posts_known = any(word in _POSTS for word in words)
    strangers = [w for w in words if w not in _POSTS | _RANKS | _FUNCTIONS | _JOINTS and not is_acronym(w)]
    if not posts_known or len(strangers) > 1 or len(words) > 6 or last in _JOINTS or words[0] in _JOINTS:
        return None
    phrase = lowered(_with_of(title).replace("&", "and"))
    return phrase if _UNIQUE.match(phrase.lower()) else with_article(phrase)


def function_words(job_title: str | None) -> frozenset[str]:
    """The words of a title that name a line of work, for choosing claims."""
    return frozenset(squeeze(job_title).lower().replace("/", " ").split()) & _FUNCTIONS


def _bare(job_title: str | None) -> str | None:
    title = squeeze(job_title).lower().replace("–", "-")
    title = re.split(r"\s*[/|(;@]\s*|,? at | - ", title)[0].strip(" ,-.")
    if re.match(r"^[^,]+,[^,]+$", title):
        post, function = (part.strip() for part in title.split(","))
        title = f"{post} of {function}" if set(function.split()) <= _FUNCTIONS | _JOINTS else post
    return title if re.fullmatch(r"[a-z][a-z &'-]*[a-z]", title) and len(title) <= 50 else None


def _with_of(title: str) -> str:
    """Set the missing `of` between a post and its function: `head marketing` is `head of marketing`."""
    match = _OF_POSTS.match(title)
    if match and match[2].split()[0] in _FUNCTIONS and set(match[2].split()) <= _FUNCTIONS | _JOINTS:
        return f"{match[1]} of {match[2]}"
    return title
