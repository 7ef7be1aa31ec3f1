"""What people alike look at and answer: latent classes of contacts, found in what they did and who they are.

Most contacts have shown little, and three page views tell an interest poorly. But people come in kinds: who looks at
pricing looks at migration too, works in finance, and takes calculators. A mixture finds such classes in the whole
audience, without rewards or deals; a contact is then as its classes are, the more itself the more it has shown.

In a class, topics are drawn from its shares, departments and seniorities from its own, and content of each kind is
answered so many times as often as by the whole audience (Poisson). Fitted by expectation maximisation; how many
classes there are is decided by what they explain. Which class is which means nothing, and changes from week to week.

Source: Lazarsfeld & Henry (1968), Latent Structure Analysis; Dempster, Laird & Rubin (1977), JRSS B 39(1); the number
of classes by Schwarz (1978), Ann. Statist. 6(2); starts by Biernacki, Celeux & Govaert (2003), CSDA 41(3-4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OWN_ACTS = 8.0
"""So many acts of one's own weigh as much as what one's classes show: within a class, people differ."""

_NUMBERS = (1, 2, 4, 8, 12)
"""Numbers of classes tried, the next one only while it explains more than it costs."""
_STARTS, _FIRST_STEPS, _STEPS = 3, 6, 40
"""So many climbs are begun, and the one that is ahead after a few steps goes on (Biernacki et al. 2003)."""
_ENOUGH = 1e-5
"""By so much a contact must a step raise the log-likelihood for another to be made."""
_BEGINNER = 8.0
"""The contact a class begins with counts for so many."""
_SHARED_ACTS = 4.0
"""Acts with the audience's shares, added to every class."""
_SHARED_ANSWERS = 10.0
"""Answers of each kind as expected of the audience, added to every class."""
_NOTHING = 1e-9
_LEAST_ACTS = 30.0
"""With less seen of everybody together there are no classes."""


@dataclass(frozen=True)
class Shown:
    """What n contacts showed, and who they are.

    topics: shape (n, T), acts about each topic. answered: shape (n, F), how often content of each kind was taken by
    oneself or answered in a message. sent: shape (n, F), messages with each. acts: shape (n,), visits of one's own, in
    which content can be taken. words: shape (n, W), 1 where a word is said of them, at most one of each group. groups:
    lengths of the groups, which sum to W. by_message: share of all answers that were given to messages, in [0, 1].
    """

    topics: Floats
    answered: Floats
    sent: Floats
    acts: Floats
    words: Floats
    groups: tuple[int, ...]
    by_message: float

    def __len__(self) -> int:
        """N."""
        return len(self.topics)

    def taken(self, rows: NDArray[np.int64]) -> Shown:
        """Return some of them."""
        return replace(
            self,
            topics=self.topics[rows],
            answered=self.answered[rows],
            sent=self.sent[rows],
            acts=self.acts[rows],
            words=self.words[rows],
        )


@dataclass(frozen=True)
class Classes:
    """C latent classes.

    weights: shape (C,), sum to 1. topics: shape (C, T), rows sum to 1. rates: shape (C, F), answers beside what the
    whole audience would have given. words: shape (C, W), each group of each row sums to 1. per_message, per_act: shape
    (F,), answers of the audience to one message with each kind of content, and of its own accord for one visit.
    """

    weights: Floats
    topics: Floats
    rates: Floats
    words: Floats
    per_message: Floats
    per_act: Floats

    @classmethod
    def fitted(cls, shown: Shown) -> Classes | None:
        """Find classes; None where next to nothing was seen.

        The same evidence in the same order gives the same classes on the same machine: starts are drawn with a fixed
        seed.
        """
        if shown.topics.sum() + shown.answered.sum() < _LEAST_ACTS:
            return None
        shared = _shared(shown)
        best, least = shared, _cost(shared, shown)
        for number in _NUMBERS[1:]:
            if number > len(shown):
                break
            begun = [
                _climbed(_started(shared, shown, number, one), shared, shown, _FIRST_STEPS)
                for one in range(_STARTS)
            ]
            ahead = max(begun, key=lambda one: one.likelihood)
            found = _climbed(ahead.likely, shared, shown, _STEPS).classes
            cost = _cost(found, shown)
            if cost >= least:
                break
            best, least = found, cost
        return best

    def of(self, shown: Shown) -> tuple[Floats, Floats]:
        """Return (interest, readiness) of n contacts.

        interest: shape (n, T), rows sum to 1: expected share of their next acts that are about each topic.
        readiness: shape (n, F), in (0, 1): r / (r + 1) where they are expected to answer each kind of content r times
        as often as the whole audience; one half is as ready as everybody.
        """
        likely = self.likely_of(shown)[0]
        acts = shown.topics.sum(axis=1, keepdims=True)
        interest = (OWN_ACTS * (likely @ self.topics) + shown.topics) / (OWN_ACTS + acts)
        rates = likely @ self.rates
        return interest, rates / (rates + 1)

    def expected(self, shown: Shown) -> Floats:
        """Shape (n, F): answers the whole audience would have given in their place."""
        return np.asarray(shown.sent * self.per_message + shown.acts[:, None] * self.per_act)

    def likely_of(self, shown: Shown) -> tuple[Floats, float]:
        """Return (shape (n, C): how likely each class is for each contact, log-likelihood)."""
        logs = np.log(self.weights) + _tempered(shown.topics) @ np.log(self.topics).T
        logs += shown.words @ np.log(self.words).T
        logs += shown.answered @ np.log(self.rates).T - self.expected(shown) @ self.rates.T
        most = logs.max(axis=1, keepdims=True)
        likely = np.exp(logs - most)
        total = likely.sum(axis=1, keepdims=True)
        return likely / total, float((np.log(total) + most).sum())


def _tempered(topics: Floats) -> Floats:
    """Acts of one person tell less of their class than acts of as many people (quasi-likelihood).

    With shares that differ within a class like a Dirichlet of concentration a, n acts vary (n + a) / (1 + a) times as
    much as the class alone would have it, and count for that much less. Source: Wedderburn (1974), Biometrika 61(3).
    """
    acts = topics.sum(axis=1, keepdims=True)
    return np.asarray(topics * np.minimum((1 + OWN_ACTS) / (acts + OWN_ACTS), 1.0))


def _shared(shown: Shown) -> Classes:
    """One class: the audience."""
    topics = _tempered(shown.topics).sum(axis=0) + 0.5
    words = _spread(shown.words.sum(axis=0)[None, :], np.full(shown.words.shape[1], 0.5), shown.groups)
    per_message, per_act = _usual_answers(shown)
    return Classes(
        weights=np.ones(1),
        topics=(topics / topics.sum())[None, :],
        rates=np.ones((1, len(per_act))),
        words=words,
        per_message=per_message,
        per_act=per_act,
    )


def _usual_answers(shown: Shown) -> tuple[Floats, Floats]:
    """Return (answers to a message with each kind, answers of one's own accord in a visit), each of shape (F,).

    Of each kind, messages and visits together explain just as many answers as there were. How they share them follows
    from how often messages are answered at all, and how often something is taken in a visit.
    """
    answers, sent, acts = shown.answered.sum(axis=0), shown.sent.sum(axis=0), shown.acts.sum()
    total = answers.sum()
    # A message is answered once: where more answers than messages are known, messages are missing.
    by_message = min(shown.by_message * total / max(sent.sum(), _NOTHING), 1.0)
    by_act = (1 - shown.by_message) * total / len(answers) / max(acts, _NOTHING)
    offered = np.maximum(sent * by_message + acts * by_act, _NOTHING)
    return answers * by_message / offered, answers * by_act / offered


def _spread(counts: Floats, added: Floats, groups: tuple[int, ...]) -> Floats:
    """Shares within each group of counts, shape (C, W), after adding `added`, shape (W,)."""
    shares, start = counts + added, 0
    for length in groups:
        part = slice(start, start + length)
        shares[:, part] /= shares[:, part].sum(axis=1, keepdims=True)
        start += length
    return np.asarray(shares)


def _started(shared: Classes, shown: Shown, number: int, start: int) -> Floats:
    """Return shape (n, number): first guesses, each class begun by one contact of whom much is known."""
    rng = np.random.default_rng([number, start])
    odds = shown.topics.sum(axis=1) + shown.answered.sum(axis=1) + shared.expected(shown).sum(axis=1) + 0.05
    picked = rng.choice(len(shown), number, replace=False, p=odds / odds.sum())
    return _maximised(_BEGINNER * np.eye(number), shared, shown.taken(picked)).likely_of(shown)[0]


class _Climb(NamedTuple):
    """Where a climb stands. likely: shape (n, C), see `Classes.likely_of`."""

    classes: Classes
    likely: Floats
    likelihood: float


def _climbed(likely: Floats, shared: Classes, shown: Shown, steps: int) -> _Climb:
    """Maximise and expect by turns."""
    before = -np.inf
    for _ in range(steps):
        classes = _maximised(likely, shared, shown)
        likely, now = classes.likely_of(shown)
        if now - before < _ENOUGH * len(shown):
            break
        before = now
    return _Climb(classes, likely, now)


def _maximised(likely: Floats, shared: Classes, shown: Shown) -> Classes:
    """Return the classes that explain best what those likely to be in them showed."""
    members = likely.sum(axis=0) + 1.0
    topics = likely.T @ _tempered(shown.topics) + _SHARED_ACTS * shared.topics
    words = _spread(likely.T @ shown.words, _SHARED_ACTS * shared.words[0], shown.groups)
    rates = (likely.T @ shown.answered + _SHARED_ANSWERS) / (
        likely.T @ shared.expected(shown) + _SHARED_ANSWERS
    )
    return replace(
        shared,
        weights=members / members.sum(),
        topics=topics / topics.sum(axis=1, keepdims=True),
        rates=rates,
        words=words,
    )


def _cost(classes: Classes, shown: Shown) -> float:
    """Schwarz's criterion: twice the log-likelihood lost, and the logarithm of n for each number fitted.

    What nobody showed and no word says is fitted to nothing, and costs nothing.
    """
    words = np.split(shown.words.any(axis=0), np.cumsum(shown.groups)[:-1])
    numbers = max(int(shown.topics.any(axis=0).sum()) - 1, 0) + int(shown.answered.any(axis=0).sum())
    numbers += sum(max(int(group.sum()) - 1, 0) for group in words)
    return float(
        -2 * classes.likely_of(shown)[1] + (len(classes.weights) * (numbers + 1) - 1) * np.log(len(shown))
    )
