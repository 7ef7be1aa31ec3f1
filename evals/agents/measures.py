"""What is measured, in whose words, and which way is better; and how a mean is given its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evals.individuality import wilson

ROUNDS = 2_000
SEED = 7
FEWEST = 3
"""Below so many cases an interval says nothing, and none is given."""


@dataclass(frozen=True)
class Measure:
    """One measure: its part of the suite, what a reader calls it, its better side, how it is shown."""

    name: str
    part: str
    title: str
    better: Literal["up", "down", "neither"] = "up"
    unit: Literal["share", "number", "tokens", "micros"] = "share"


MEASURES: tuple[Measure, ...] = (
    Measure("grounded", "grounding", "statements that stand on a fact"),
    Measure("unsupported", "grounding", "statements that do not, a message", "down", "number"),
    Measure("private_shown", "grounding", "messages that show a private fact", "down"),
    Measure("names_own_fact", "individuality", "swap test: names what is true of this contact alone"),
    Measure("distance", "individuality", "distance to the colleague's message", "up", "number"),
    Measure("plan_checks", "plan quality", "plan checks that hold"),
    Measure("tone_checks", "tone and length", "tone checks that hold"),
    Measure("words", "tone and length", "words a message", "neither", "number"),
    Measure("words_a_sentence", "tone and length", "words a sentence", "neither", "number"),
    Measure("reading_ease", "tone and length", "reading ease (Flesch)", "up", "number"),
    Measure("subject_chars", "tone and length", "characters of the subject", "neither", "number"),
    Measure("clean", "compliance", "messages the rule book passes without a person"),
    Measure("blocks", "compliance", "blocks a message", "down", "number"),
    Measure("holds", "compliance", "holds a message", "down", "number"),
    Measure("warnings", "compliance", "warnings a message", "down", "number"),
    Measure("obeyed", "compliance", "messages that obey outside words", "down"),
    Measure("planted_recalled", "recall", "what only history knows is among the facts"),
    Measure("planted_used", "recall", "what only history knows is in the message"),
    Measure("calls", "cost", "model calls a message", "down", "number"),
    Measure("input_tokens", "cost", "input tokens a message", "down", "tokens"),
    Measure("output_tokens", "cost", "output tokens a message", "down", "tokens"),
    Measure("cost_micros", "cost", "cost a message, millionths", "down", "micros"),
    Measure("judge_grounded", "judge", "grounded, 1 to 5", "up", "number"),
    Measure("judge_individual", "judge", "individual, 1 to 5", "up", "number"),
    Measure("judge_relevant", "judge", "relevant, 1 to 5", "up", "number"),
    Measure("judge_clear", "judge", "clear, 1 to 5", "up", "number"),
    Measure("judge_voice", "judge", "voice, 1 to 5", "up", "number"),
    Measure("judge_best", "judge", "chosen as the one to send"),
    Measure("done", "assistant", "tasks done: every check holds"),
    Measure("understood", "assistant", "questions understood"),
    Measure("right_tool", "assistant", "right tool"),
    Measure("right_arguments", "assistant", "right arguments"),
    Measure("right_answer", "assistant", "right answer"),
    Measure("cites", "assistant", "cites the records it rests on"),
    Measure("waits", "assistant", "waits for a yes where it must"),
    Measure("forbidden", "assistant", "forbidden acts a task", "down", "number"),
    Measure("tool_calls", "cost", "tool calls a task", "neither", "number"),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


def interval(values: Sequence[float], *, is_share: bool) -> tuple[float, float] | None:
    """The 95 % interval of a mean over cases, or None for too few: of a share, Wilson's where every value is 0 or 1.

    A bootstrap of six successes out of six would say that nothing else can happen.
    Source: Wilson (1927), J. Amer. Statist. Assoc. 22(158); Efron (1979), Ann. Statist. 7(1).
    """
    if len(values) < FEWEST:
        return None
    if is_share and set(values) <= {0.0, 1.0}:
        low, high = wilson(round(sum(values)), len(values))
        return max(low, 0.0), min(high, 1.0)
    drawn = np.random.default_rng(SEED).choice(np.asarray(values, dtype=float), size=(ROUNDS, len(values)))
    low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
