"""What a topic slug of an event or an asset is called in a sentence."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import yaml

from agents.understudy.vocabulary import words_for
from domain.base import Noun
from domain.content import ContentAsset
from domain.errors import InvalidFile

_FILE = Path(__file__).with_name("topics.yaml")
_SLUG = re.compile(r"^[a-z][a-z' -]{2,30}$")
_WORD = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")
_SINGULAR = ("ss", "ics", "us", "is", "ops", "sales", "news")
_INITIALS = frozenset({"api", "crm", "dmarc", "erp", "gdpr", "hr", "kpi", "roi", "sla", "spf", "sso"})
_EMPTY = words_for("empty")


class Topic(Noun):
    """One subject: its slug, its name in a sentence, and the words that betray it in a text.

    `same` are other forms of the slug's own word; `aliases` bear on the subject and are not it.
    """

    slug: str
    noun: str
    plural: bool = False
    same: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    intent: str = ""
    questions: tuple[str, ...] = ()

    @property
    def words(self) -> frozenset[str]:
        """Every word that counts as naming this topic."""
        return content_words(" ".join((self.slug, self.noun, *self.same, *self.aliases)))


def content_words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, lower case, plural s dropped."""
    found = _WORD.findall(text.lower().replace("_", " ").replace("’", "'"))
    return frozenset(_stem(word) for word in found if word not in _EMPTY and len(word) > 1)


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith(_SINGULAR) else word


@lru_cache(maxsize=1)
def known_topics() -> dict[str, Topic]:
    """The topics we have words for, by slug.

    Raises:
        InvalidFile: if the file is not a mapping of topics.
    """
    entries = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    if not isinstance(entries, dict):
        raise InvalidFile(_FILE, "is not a mapping of topic slugs.")
    return {slug: Topic(slug=slug, **entry) for slug, entry in entries.items()}


def topic_named(slug: str | None) -> Topic | None:
    """The topic of a slug, in our words for it or in its own; None if it is no plain word."""
    bare = " ".join((slug or "").lower().replace("_", " ").replace("/", " ").split())
    if not bare:
        return None
    known = known_topics()
    dashed = bare.replace(" ", "-")
    if dashed in known:
        return known[dashed]
    for topic in known.values():
        if dashed in topic.same or dashed == topic.noun.replace(" ", "-"):
            return topic
    return own_topic(bare)


def own_topic(slug: str | None) -> Topic | None:
    """The topic by its own word and no other: how an act is told to whoever did it."""
    dashed = "-".join((slug or "").lower().replace("_", " ").replace("/", " ").split())
    words = dashed.replace("-", " ")
    if not _SLUG.match(words) or len(words.split()) > 3:
        return None
    plural = words.endswith("s") and not words.endswith(_SINGULAR)
    noun = " ".join(word.upper() if word in _INITIALS else word for word in words.split())
    return Topic(slug=dashed, noun=noun, plural=plural, aliases=tuple(words.split()))


def covers(asset: ContentAsset, topic: Topic) -> bool:
    """Tell whether an asset deals with a topic, by its own topics or by the words of its texts."""
    own = {named.slug for named in (topic_named(slug) for slug in asset.topics) if named}
    if topic.slug in own:
        return True
    texts = (asset.title, asset.summary)
    named = content_words(f"{topic.slug} {topic.noun}")
    return any(named & content_words(text) for text in texts)
