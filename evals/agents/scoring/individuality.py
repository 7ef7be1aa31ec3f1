"""Individuality: two colleagues' messages differ because their facts differ, not by their names.

The swap test asks of a message: does it name something that is true of this contact and of no fact of the
colleague's? The content's own words do not count, so choosing another asset is not enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.message import Evidence, EvidenceKind
from evals.agents.scoring import Note, Scores
from evals.agents.scoring.words import stems
from evals.agents.writing import Written

_ABOUT_THEM = frozenset({EvidenceKind.EVENT, EvidenceKind.MEMORY})
OF_EVERYBODY = stems(
    "visited pages clicked links emails email replied filled form contact downloaded content attended webinar"
    " started trial booked meeting held met opened support ticket remembered reply note call about january february"
    " march april may june july august september october november december last times days day once topic"
)
_ACTS = {
    "webinar": ("Attended a webinar",),
    "trial": ("Started a trial",),
    "met ": ("Met with us",),
    "meeting": ("Met with us", "Booked a meeting"),
    "download": ("Downloaded",),
    "your reply": ("Replied",),
    "replied": ("Replied",),
    "wrote": ("Replied", "Filled in a form", "Remembered reply", "Remembered form"),
    "asked": ("Filled in a form", "Replied", "Remembered form", "Remembered reply"),
    "your question": ("Filled in a form", "Replied", "Remembered form", "Remembered reply"),
    "got in touch": ("Filled in a form", "Replied"),
}
"""Words of a message that name an act, and how the evidence of such an act begins."""


def individuality(written: Written, colleague: Written) -> Scores:
    """Score one message beside the colleague's by the same writer.

    Measures: `distance` (token Jaccard of the two bodies, names and roles apart), `names_own_fact` (1 where the
    swap test passes; left out where this contact has no fact of their own that may be said).
    """
    scores = Scores({"distance": distance(written, colleague)})
    own = own_words(written.sayable, colleague.sayable) - _asset_words(written)
    acts = own_acts(written.sayable, colleague.sayable)
    if not own and not acts:
        return scores
    assert written.draft is not None
    text = f"{written.draft.subject} {written.draft.body}"
    named = bool(stems(text) & own) or any(act in text.lower() for act in acts)
    scores.measures["names_own_fact"] = float(named)
    if not named:
        why = "names nothing that is true of this contact and not of the colleague"
        scores.notes.append(Note("names_own_fact", written.draft.sentences[0].text, why))
    return scores


def own_words(mine: Sequence[Evidence], theirs: Sequence[Evidence]) -> frozenset[str]:
    """Content words of what one contact did or said, and the other did not."""
    return _told(mine) - _told(theirs) - OF_EVERYBODY


def own_acts(mine: Sequence[Evidence], theirs: Sequence[Evidence]) -> list[str]:
    """Words for acts this contact has and the colleague has none of."""

    def has(facts: Sequence[Evidence], beginnings: tuple[str, ...]) -> bool:
        return any(fact.text.startswith(beginnings) for fact in facts)

    return [word for word, begins in _ACTS.items() if has(mine, begins) and not has(theirs, begins)]


def distance(one: Written, other: Written) -> float:
    """Token Jaccard distance of two bodies, without the names and roles of either."""
    left, right = _tokens(one), _tokens(other)
    return 1 - len(left & right) / len(left | right) if left | right else 0.0


def fact_distance(one: Written, other: Written) -> float:
    """Jaccard distance of what two contacts did and said, as far as it may be said."""
    left, right = _told(one.sayable), _told(other.sayable)
    return 1 - len(left & right) / len(left | right) if left | right else 0.0


def _told(facts: Sequence[Evidence]) -> frozenset[str]:
    about = [fact for fact in facts if fact.kind in _ABOUT_THEM and not fact.is_private]
    return frozenset[str]().union(*(stems(f"{fact.text} {fact.topic or ''}") for fact in about))


def _asset_words(written: Written) -> frozenset[str]:
    asset = written.asset
    return stems(
        " ".join((asset.title, asset.summary, *asset.topics, *(claim.text for claim in asset.claims)))
    )


def _tokens(written: Written) -> frozenset[str]:
    assert written.draft is not None
    contact, account = written.case.dossier.contact, written.case.dossier.account
    names = (
        f"{contact.job_title or ''} {account.name if account else ''} {(account and account.industry) or ''}"
    )
    return frozenset(word.lower() for word in written.draft.body.split()) - frozenset(names.lower().split())
