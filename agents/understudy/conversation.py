"""The understudy talks: a small grammar of questions that answers without any language model.

`read` makes tool calls of a question, or answers it, or says it does not understand (None); `tell` words what the
tools brought. Every word of a question is understood or the question is not: a list with one condition less looks
right and is wrong. The set is documented in docs/assistant.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.understudy import (
    talk_answering,
    talk_campaigns,
    talk_changes,
    talk_direct,
    talk_finding,
    talk_learning,
    talk_library,
    talk_people,
    talk_reviewing,
    talk_setup,
)
from agents.understudy.talk_history import Shown, shown_in
from agents.understudy.talk_question import Question, Reader, Reading, Unclear, first_match
from agents.understudy.talk_telling import HELP, THANKED, WHO_AM_I, nearest, told
from agents.understudy.talk_words import MOST_CHARACTERS, plain
from domain.assistant import TalkTurn, ToolAnswer, ToolCall
from domain.base import utc_now
from domain.ports import Clock

PAGED = frozenset(
    {
        "contact_find",
        "account_find",
        "lead_list",
        "churn_list",
        "decision_list",
        "campaign_list",
        "run_list",
        "proposal_list",
        "content_list",
        "rule_list",
    }
)


class TalkingUnderstudy:
    """Understands the documented questions. Fills `agents.assistant_state.Grammar`."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock

    def read(self, words: str, history: Sequence[TalkTurn] = ()) -> Reading:
        """The calls that answer a question, or an answer in words, or None: not understood.

        Args:
            words: what was asked, as it was typed.
            history: the turns before it, tools' turns with what they brought, oldest first.

        """
        if len(words) > MOST_CHARACTERS:
            return None
        asked = _question(words, shown_in(history))
        try:
            answer = talk_answering.answered(asked, history, self._again)
            return self._first(asked) if answer is None else answer
        except Unclear as unclear:
            return str(unclear)

    def _again(self, words: str, shown: Shown) -> Reading:
        return self._first(_question(words, shown))

    def _first(self, asked: Question) -> Reading:
        return next((found for reader in self._readers() if (found := reader(asked)) is not None), None)

    def tell(self, asked: str, found: Sequence[tuple[ToolCall, ToolAnswer | str]]) -> str:
        """The answer in our words, from what tools brought; a text is why a call brought nothing."""
        return told(asked, found)

    def unknown(self, words: str) -> str:
        """What is said where a question is not understood: so, three that are near, and how to plug in a model."""
        return nearest(words)

    def _readers(self) -> tuple[Reader, ...]:
        """Who reads a question, in this order; the first that understands it counts."""
        return (
            small_talk,
            talk_changes.no_wish,
            talk_setup.set_up,
            talk_reviewing.reviews,
            talk_direct.direct,
            talk_learning.learning,
            self._counted,
            talk_changes.drafts,
            talk_changes.steering,
            more,
            talk_campaigns.lists,
            self._results,
            talk_library.of_rules,
            talk_people.decided,
            talk_campaigns.about_campaigns,
            talk_library.of_content,
            talk_people.about_one,
            talk_direct.left_alone,
            self._found,
        )

    def _results(self, asked: Question) -> Reading:
        return talk_campaigns.results(asked, self._clock().date())

    def _counted(self, asked: Question) -> Reading:
        return talk_learning.counted(asked, self._clock().date())

    def _found(self, asked: Question) -> Reading:
        return talk_finding.find(asked, self._clock().date())


def _question(words: str, shown: Shown) -> Question:
    made = plain(words)
    return Question(made.raw, made.said, made.asks, shown)


_THANKS = (
    r"(?:(?:ok|okay|great|perfect|nice|good|super|cool|wonderful|excellent|many|and|well),? ?)*"
    r"(?:thanks|thank you|thx|cheers)"
    r"(?:,? (?:a lot|so much|very much|a bunch|again|attune|everyone|you|for (?:that|this|it|everything|all|"
    r"(?:the|your|all the|all your) (?:help|answers?|work))))*"
)


def small_talk(asked: Question) -> Reading:
    """What I am, what I can do."""
    said = asked.said
    if first_match(asked.raw.strip(" .!,"), _THANKS):
        return THANKED
    if not said or first_match(
        said,
        r"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there| attune)?",
    ):
        return HELP if first_match(asked.raw.strip(" .!?"), r"(?:hi|hello|hey|good \w+)\b.*") else None
    if first_match(
        said,
        r"(?:\/?help|\?)(?: me)?",
        r"what (?:can|do|else can|could) (?:you|i|we) (?:do|ask|ask you|say|tell me|help with|"
        r"answer|know)(?: here| for me| with you)?",
        r"how (?:does|do) (?:this|you|it) work",
        r"what (?:questions|commands) (?:do you know|can i ask|are there|do you understand)",
        r"show (?:me )?(?:the )?(?:examples|commands|questions)",
        r"examples",
    ):
        return HELP
    if first_match(
        said,
        r"(?:are|r) (?:you|u) (?:really |actually )?(?:an? )?(?:real |actual )?(?:person|human(?: "
        r"being)?|bot|robot|machine|ai|a\.i\.|computer|program|real|someone|somebody)(?: or .+)?",
        r"(?:am i|is this|do i) (?:talking|speaking|chatting|talk|speak|chat)?(?: to| with)? "
        r"?(?:an? )?(?:real )?(?:person|human|bot|ai|machine|robot)(?: or .+)?",
        r"(?:who|what) (?:are|r) (?:you|u)(?: exactly)?",
        r"is (?:anyone|anybody|someone|somebody) there",
    ):
        return WHO_AM_I
    return None


def more(asked: Question) -> Reading:
    """The next page of the list that was shown last."""
    if not first_match(
        asked.said,
        r"(?:show(?: me)? |give(?: me)? |see |list )?(?:the )?(?:next|more|rest)(?: of (?:them|it|"
        r"these|those))?(?: (?:page|ones?|\d+|rows))?",
        r"(?:go on|continue|and (?:the )?(?:rest|more)|more of (?:them|these|those)|next)(?: please)?",
        r"page (?P<n>\d{1,4})",
    ):
        return None
    last = asked.shown.last_call
    older = asked.shown.last_facts.get("older")
    if last is not None and last.name == "contact_story" and isinstance(older, str):
        return (ToolCall(id="understudy_1", name=last.name, arguments={**last.arguments, "before": older}),)
    if last is None or last.name not in PAGED:
        return "There is no list here that goes on. Ask for one first, such as “which accounts went quiet?”."
    wanted = re.fullmatch(r"page (\d{1,4})", asked.said, re.IGNORECASE)
    held = last.arguments.get("page", 1)
    page = int(wanted[1]) if wanted else (held if isinstance(held, int) else 1) + 1
    return (ToolCall(id="understudy_1", name=last.name, arguments={**last.arguments, "page": max(page, 1)}),)
