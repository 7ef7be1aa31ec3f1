"""Tone and length: the composer's own limits, the brand's voice as far as code can hear it, and ease of reading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.outreach_composer import LONGEST_SUBJECT_CHARS, MOST_SENTENCES, MOST_WORDS
from domain.message import Draft
from evals.agents.scoring import Note, Scores
from evals.agents.scoring.words import words

FEWEST_WORDS = 25
SHORTEST_SUBJECT_CHARS = 12
MOST_WORDS_A_SENTENCE = 20.0
LONGEST_SENTENCE_WORDS = 35
LEAST_READING_EASE = 45.0

BANNED = (
    *(
        "i hope this",
        "hope you are well",
        "hope you're well",
        "just checking in",
        "touching base",
        "circle back",
    ),
    *(
        "game-changer",
        "game changer",
        "revolutionary",
        "cutting-edge",
        "cutting edge",
        "state of the art",
        "synergy",
    ),
    *(
        "unlock",
        "supercharge",
        "seamless",
        "leverage",
        "best-in-class",
        "world-class",
        "next level",
        "excited to",
    ),
    *(
        "thrilled",
        "don't miss",
        "do not miss",
        "act now",
        "hurry",
        "last chance",
        "limited time",
        "once in a lifetime",
    ),
    *(
        "i noticed",
        "we noticed",
        "i saw",
        "we saw that you",
        "quick question",
        "delve",
        "in today's fast-paced",
    ),
    *("no-brainer", "pain point", "low-hanging", "win-win", "amazing", "incredible", "unbelievable"),
)
"""Phrases of mass mail, hype, pressure and watching; lower case."""

_GREETING = re.compile(r"^(?:hi|hello|hey|dear)\b", re.IGNORECASE)
_SYLLABLE = re.compile(r"[aeiouy]+")


def tone(draft: Draft) -> Scores:
    """Score one message.

    Measures: `tone_checks` (share that hold), `words`, `words_a_sentence`, `reading_ease`, `subject_chars`.
    """
    checks = list(_checks(draft))
    scores = Scores(
        {
            "tone_checks": sum(holds for _, holds, _ in checks) / len(checks),
            "words": float(len(draft.body.split())),
            "words_a_sentence": len(draft.body.split()) / len(draft.sentences),
            "reading_ease": reading_ease(draft),
            "subject_chars": float(len(draft.subject)),
        }
    )
    scores.notes = [Note("tone_checks", said, f"fails: {name}") for name, holds, said in checks if not holds]
    return scores


def reading_ease(draft: Draft) -> float:
    """Flesch's reading ease of the body: 60 is plain English, 30 hard.

    Source: Flesch (1948), J. Appl. Psychol. 32(3); syllables counted by groups of vowels.
    """
    said = words(draft.body)
    if not said:
        return 0.0
    syllables = sum(_syllables(word) for word in said)
    return 206.835 - 1.015 * len(said) / len(draft.sentences) - 84.6 * syllables / len(said)


def _syllables(word: str) -> int:
    plain = word.lower()
    groups = len(_SYLLABLE.findall(plain))
    silent = plain.endswith("e") and not plain.endswith("le") and groups > 1
    return max(1, groups - silent)


def _checks(draft: Draft) -> Iterator[tuple[str, bool, str]]:
    body, count = draft.body, len(draft.body.split())
    text = f"{draft.subject} {body}".lower().replace("’", "'")
    yield f"{FEWEST_WORDS} to {MOST_WORDS} words", FEWEST_WORDS <= count <= MOST_WORDS, f"{count} words"
    yield f"at most {MOST_SENTENCES} sentences", len(draft.sentences) <= MOST_SENTENCES, ""
    yield (
        f"a sentence has at most {MOST_WORDS_A_SENTENCE:g} words on average",
        count / len(draft.sentences) <= MOST_WORDS_A_SENTENCE,
        "",
    )
    longest = max((sentence.text for sentence in draft.sentences), key=lambda one: len(one.split()))
    yield "no endless sentence", len(longest.split()) <= LONGEST_SENTENCE_WORDS, longest
    subject_fits = SHORTEST_SUBJECT_CHARS <= len(draft.subject) <= LONGEST_SUBJECT_CHARS
    yield "a subject of fitting length", subject_fits, draft.subject
    yield "no exclamation mark", "!" not in text, ""
    said = [phrase for phrase in BANNED if phrase in text]
    yield "no banned phrase", not said, ", ".join(said)
    yield "no greeting of its own", not _GREETING.match(body), body[:40]
    yield "plain enough to read", reading_ease(draft) >= LEAST_READING_EASE, f"{reading_ease(draft):.0f}"
