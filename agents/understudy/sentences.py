"""The understudy's own sentences for one contact: each filled from the book, backed, and unobjectionable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from agents.context import DraftingContext
from agents.understudy.acts import Act
from agents.understudy.analysis import had_trouble
from agents.understudy.angle import Angle
from agents.understudy.moment import in_words
from agents.understudy.objections import Objections
from agents.understudy.phrases import Voice, phrase_book, placeholders
from agents.understudy.relevance import can_stand
from agents.understudy.topics import Topic
from agents.understudy.wording import sentence_case, squeeze, title_of, with_article
from domain.content import AssetKind
from domain.message import DraftSentence, Evidence, EvidenceKind, SignalBrief
from domain.people import LifecycleStage

LONGEST_SUBJECT_CHARS = 60
EARLIER_FROM_DAYS = 56
MONEY_TOPICS = frozenset({"pricing", "roi", "renewal"})
PRIVATE_RUN_WORDS = 4
"""So many words in a row from a private fact would read as repeating it (rule H-03 counts the same)."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"\d+")


def _stutters(text: str, words: dict[str, str]) -> bool:
    """Tell whether a sentence around a title says again what the title says."""
    title = words.get("title", "").lower()
    if not title or title not in text.lower():
        return False
    around, parts = text.lower().replace(title, " "), title.split()
    pairs = (" ".join(pair) for pair in pairwise(parts))
    return any(pair in around for pair in pairs) or (words["kind"] in title and words["kind"] in around)


def _runs(texts: Sequence[str]) -> set[tuple[str, ...]]:
    """Every run of `PRIVATE_RUN_WORDS` words in the texts."""
    found = set()
    for text in texts:
        words = _WORD.findall(text.lower())
        found |= {
            tuple(words[start : start + PRIVATE_RUN_WORDS])
            for start in range(len(words) - PRIVATE_RUN_WORDS + 1)
        }
    return found


def asset_fact(ctx: DraftingContext) -> Evidence | None:
    """The evidence that tells what the asset is."""
    return next((fact for fact in ctx.evidence if fact.ref == f"asset:{ctx.asset.id}"), None)


class Sentences:
    """Says each part of one message. A part that cannot be said is None, never a filler."""

    def __init__(
        self, ctx: DraftingContext, brief: SignalBrief, angle: Angle, voice: Voice, objections: Objections
    ) -> None:
        self._ctx, self._brief, self._angle = ctx, brief, angle
        self._voice, self._objections = voice, objections
        self._book = phrase_book()
        self._asset = asset_fact(ctx)
        private = [fact.text for fact in ctx.evidence if fact.is_private]
        sayable = [fact.text for fact in ctx.evidence if not fact.is_private]
        self._secret = _runs(private) - _runs(sayable)
        self._named: str | None = None
        """Slug of the topic the opening named."""

    def opening(self) -> DraftSentence | None:
        """What they did, else who they are, else where they work, else the topic."""
        act, focus = self._angle.opening, self._angle.focus
        if act:
            words = {**self._words(act.said), **self._act_words("opening", act)}
            said = self._say("opening", self._book.openings[act.phrase_key], words, (act.fact,))
            if said:
                self._named = act.topic.slug if act.topic and "{noun}" in said[0] else None
                return said[1]
        for place, phrases in (
            ("roles", self._book.roles),
            ("settings", self._book.settings),
            ("topics", self._book.topics),
        ):
            if place == "roles" and not self._angle.person.role:
                continue
            said = self._say(place, phrases, self._words(focus))
            if said:
                self._named = focus.slug if focus and "noun" in said[0].lower() else None
                return said[1]
        return None

    def earlier(self) -> DraftSentence | None:
        """An earlier act of theirs, where there is one worth telling."""
        first, act = self._angle.opening, self._angle.earlier
        if first is None or act is None or first.at is None or act.at is None:
            return None
        if act.topic == first.topic and act.topic is not None and not act.title:
            return None
        did = self._voice.say(
            "did",
            self._book.did.get(act.kind.value, ()),
            {**self._words(act.said), **self._act_words("did", act)},
        )
        if did is None:
            return None
        came_back = (first.at - act.at).days >= EARLIER_FROM_DAYS
        words = {"did": did[1], **self._act_words("earlier", act)}
        said = self._say("earlier", self._book.returned if came_back else self._book.also, words, (act.fact,))
        return said[1] if said else None

    def bridge(self) -> DraftSentence | None:
        """From them to what we send."""
        act, focus = self._angle.opening, self._angle.focus
        backing = (self._asset,) if self._asset else ()
        if act and act.is_this_asset:
            said = self._say("again", self._book.again, self._words(focus), backing)
            return said[1] if said else None
        for lead in self._leads():
            words = self._words(focus)
            if focus and (self._named == focus.slug or "noun" in placeholders(lead)):
                words["matter"] = (
                    focus.noun if "that" in lead else self._voice.choose("matter", (focus.noun, "that"))
                )
            elif focus:
                words["matter"] = focus.noun
            if not all(words.get(name) for name in placeholders(lead)):
                continue
            phrases = [lead + clause + "." for clause in self._book.clauses[self._ctx.asset.kind]]
            said = self._say("bridge", phrases, words, backing, slack=0)
            if said:
                return said[1]
        return None

    def _leads(self) -> list[str]:
        focus, leads = self._angle.focus, self._book.leads
        if focus is None:
            fitting = leads.plain
        elif self._named == focus.slug:
            fitting = leads.same + leads.role if self._angle.opening else leads.first
        else:
            fitting = leads.turn if self._angle.is_theirs else leads.aside
        return [*self._voice.order("lead", fitting), ""]

    def closing(self) -> DraftSentence | None:
        """A question on their topic, or a way to answer that suits how far they have come."""
        stage, focus = self._ctx.dossier.contact.lifecycle_stage, self._angle.focus
        closings = self._book.closings
        phrases: Sequence[str] = closings[stage.value]
        if had_trouble(self._brief.caution):
            phrases = closings["careful"]
        elif self._angle.wishes.tone:
            phrases = closings[self._angle.wishes.tone]
        elif focus and focus.questions and self._angle.is_theirs and stage is not LifecycleStage.CUSTOMER:
            asks = self._voice.choose("asks", ("question", "question", "answer")) == "question"
            phrases = focus.questions if asks else phrases
        said = self._say("closing", phrases, self._words(None))
        return said[1] if said else None

    def offer_terms(self) -> DraftSentence | None:
        """The terms of the offer, word for word, where it is what we send or cost is the subject."""
        offer, focus = self._ctx.asset.offer, self._angle.focus
        fact = next((fact for fact in self._ctx.evidence if fact.kind is EvidenceKind.OFFER), None)
        name = title_of(offer.name) if offer else None
        if offer is None or fact is None or name is None:
            return None
        is_over = offer.valid_until is not None and offer.valid_until < self._ctx.now.date()
        is_fitting = self._ctx.asset.kind is AssetKind.OFFER or (focus and focus.slug in MONEY_TOPICS)
        terms = squeeze(offer.terms)
        terms = terms if terms.endswith((".", "?")) else f"{terms}."
        if is_over or not is_fitting or not can_stand(terms):
            return None
        said = self._say("offer", self._book.offers, {"offer": name, "terms": terms}, (fact,))
        return said[1] if said else None

    def safest(self) -> DraftSentence | None:
        """Why we write, in one plain sentence."""
        backing = (self._asset,) if self._asset else ()
        said = self._say("safest", self._book.safest, self._words(self._angle.focus), backing)
        return said[1] if said else None

    def subject(self) -> str | None:
        """A true subject line of at most 60 characters."""
        act, focus, lines = self._angle.opening, self._angle.focus, self._book.subjects
        phrases: list[str] = [*lines.kinds.get(self._ctx.asset.kind, ()), *lines.any]
        if act and focus and act.topic == focus:
            phrases = [*lines.acts[act.phrase_key], *lines.acts[act.phrase_key], *phrases]
        words = self._words(focus)
        for options in (phrases, lines.plain):
            said = self._voice.say("subject", list(dict.fromkeys(options)), words, self._is_subject)
            if said:
                return sentence_case(said[1])
        return None

    def _is_subject(self, line: str) -> bool:
        fits = len(line) <= LONGEST_SUBJECT_CHARS and not _NUMBER.search(line)
        return fits and not self._is_barred(line)

    def _is_barred(self, text: str) -> bool:
        """Tell whether a text was objected to, or happens to use the words of a private fact."""
        return self._objections.hit(text) or bool(self._secret & _runs([text]))

    def _say(
        self,
        place: str,
        phrases: Sequence[str],
        words: dict[str, str],
        backing: Sequence[Evidence] = (),
        slack: int = 1,
    ) -> tuple[str, DraftSentence] | None:
        """Say one phrase with every fact that backs it, if its figures stand in those facts."""

        def facts_of(text: str) -> list[Evidence]:
            facts = [
                fact for name, fact in self._angle.person.facts.items() if (words.get(name) or "\0") in text
            ]
            facts += [self._asset] if self._asset and (words.get("title") or "\0") in text else []
            return list({fact.id: fact for fact in (*backing, *facts)}.values())

        def is_backed(text: str) -> bool:
            known = {number for fact in facts_of(text) for number in _NUMBER.findall(fact.text)}
            backed = set(_NUMBER.findall(text)) <= known
            return backed and not self._is_barred(text) and not _stutters(text, words)

        said = self._voice.say(place, phrases, words, is_backed, slack)
        if said is None:
            return None
        evidence = tuple(fact.id for fact in facts_of(said[1]))
        return said[0], DraftSentence(text=sentence_case(said[1]), evidence=evidence)

    def _words(self, topic: Topic | None) -> dict[str, str]:
        person, kind = self._angle.person, self._ctx.asset.kind.value.replace("_", " ")
        words = {"kind": kind, "a_kind": with_article(kind), "A_kind": sentence_case(with_article(kind))}
        title = title_of(self._ctx.asset.title) if self._asset else None
        known = {"title": title, "role": person.role, "company": person.company, "industry": person.industry}
        words |= {name: value for name, value in known.items() if value}
        if topic:
            words |= {
                "noun": topic.noun,
                "Noun": sentence_case(topic.noun),
                "is": "are" if topic.plural else "is",
            }
        return words

    def _act_words(self, place: str, act: Act) -> dict[str, str]:
        when = in_words(act.at, self._ctx.now, lambda options: self._voice.choose(f"{place}.when", options))
        words = {"when": when, "When": sentence_case(when)}
        return words | ({"past_title": act.title} if act.title else {})
