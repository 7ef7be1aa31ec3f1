"""What the understudy understands of what was learned, of silence and shifts, and of what is counted from a day on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agents.understudy.conversation import TalkingUnderstudy
from domain.assistant import TalkTurn, ToolAnswer, ToolCall
from tests.unit.agents.talk_samples import CAMPAIGN, TWO, turns

GRAMMAR = TalkingUnderstudy(lambda: datetime(2026, 11, 26, 12, tzinfo=UTC))
MONTH, QUARTER, YEAR = ({"since": day} for day in ("2026-11-01", "2026-10-01", "2026-01-01"))
THERE = {"campaign": "trial-to-meeting"}
CAMPAIGNS = turns(
    "campaign_list",
    [{"record": "[campaign:spring]", "name": "Spring"}, {"record": "[campaign:autumn]", "name": "Autumn"}],
)

LEARNED = [
    "what does the learner believe",
    "Which content works best?",
    "what works",
    "what did we learn so far",
    # Silence
    "What does silence bring?",
    "what does silence earn us",
    "what does silence do",
    "What is silence worth?",
    "how much is sending nothing worth",
    "Why so much silence?",
    "why is there so much silence",
    "Why are so many people left in silence?",
    "why were so many contacts not written to",
    "why are most people not written to",
    "why did so many get nothing",
    "Why do you stay silent so often?",
    "why does the learner choose silence so often",
    "why are you so quiet",
    "Why so few messages?",
    "why do you send so few emails",
    "Why was nobody written to this week?",
    "why was nobody written to",
    "Why was no one written to in the last run?",
    "Why did nobody get a message?",
    "why did hardly anybody get anything in the last run",
    # What changed
    "What changed?",
    "What changed in the market?",
    "what has changed lately",
    "Did the market change?",
    "has the market shifted",
    "Has anything changed?",
    "Were there any alarms?",
    "were there any shifts in the market",
    "which shifts did you notice",
    # How sure
    "How sure are you?",
    "how confident are you",
    "how confident is the learner",
    "How much do you know so far?",
    "how much does the learner know",
    "Is the learner confident?",
    "is the learner still guessing",
]
"""Each is what was learned: of the campaign that was shown, or of none in particular."""

LEARNED_THERE = [
    "how sure is the learner of trial-to-meeting",
    "how much does the learner of trial-to-meeting know",
    "is the learner of trial-to-meeting confident",
    "What does silence bring in trial-to-meeting?",
    "why so much silence in trial-to-meeting?",
    "what changed in trial-to-meeting",
    "which content works best for trial-to-meeting",
]

BESIDE_USUAL = [
    "How does the learner do against usual practice?",
    "how does the learner compare with usual practice",
    "how are you doing compared to the old rules",
    "Is the learner better than usual practice?",
    "is the learner better than our usual practice",
    "is attune better than random",
    "are you any better than chance",
    "is it better than doing nothing",
    "does the learner beat the old rule",
    "Learner versus usual practice",
    "compare the learner with usual practice",
]

COUNTED: list[tuple[str, str, dict[str, Any]]] = [
    ("How many deals did we win this month?", "result_funnel", MONTH),
    ("how many deals this month", "result_funnel", MONTH),
    ("how many deals closed this quarter?", "result_funnel", QUARTER),
    ("how many deals were won this year", "result_funnel", YEAR),
    ("how many deals did we win", "result_funnel", {}),
    (
        "How many meetings did we book this month?",
        "contact_find",
        {"did": [{"event": "meeting_booked"}], **MONTH},
    ),
    (
        "how many meetings were held this quarter",
        "contact_find",
        {"did": [{"event": "meeting_held"}], **QUARTER},
    ),
    (
        "how many meetings were booked",
        "contact_find",
        {"did": [{"event": "meeting_booked", "within_days": None}]},
    ),
    ("Who unsubscribed this month?", "contact_find", {"did": [{"event": "email_unsubscribed"}], **MONTH}),
    (
        "who unsubscribed in the last 30 days",
        "contact_find",
        {"did": [{"event": "email_unsubscribed", "within_days": 30}]},
    ),
    ("How many people unsubscribed?", "contact_find", {"did": [{"event": "email_unsubscribed"}]}),
    (
        "did anyone unsubscribe this month",
        "contact_find",
        {"did": [{"event": "email_unsubscribed"}], **MONTH},
    ),
    ("who opted out", "contact_find", {"did": [{"event": "email_unsubscribed"}]}),
    (
        "who complained about our emails this month",
        "contact_find",
        {"did": [{"event": "email_complained"}], **MONTH},
    ),
    ("who marked us as spam", "contact_find", {"did": [{"event": "email_complained"}]}),
    ("Who bounced?", "contact_find", {"did": [{"event": "email_bounced"}]}),
    (
        "which customers in Germany unsubscribed this month",
        "contact_find",
        {"stages": ["customer"], "countries": ["DE"], "did": [{"event": "email_unsubscribed"}], **MONTH},
    ),
    ("Who replied this month?", "contact_find", {"did": [{"event": "email_replied"}], **MONTH}),
    (
        "which accounts visited the pricing page this month",
        "account_find",
        {"did": [{"event": "page_viewed", "topic": "pricing"}], **MONTH},
    ),
    # Beside another span, and of nothing that was done, it is so many days.
    ("who went quiet this month", "contact_find", {"quiet_days": 30}),
    (
        "who replied this month and clicked in the last 14 days",
        "contact_find",
        {
            "did": [
                {"event": "email_replied", "within_days": 30},
                {"event": "email_clicked", "within_days": 14},
            ]
        },
    ),
]

NOT_LEARNED = [
    "what changed in Germany",
    "why was nobody written to last month",
    "what changed since the price went up",
    "how confident is Dana Kim",
    "is Dana Kim better than nothing",
    "how many deals did we win last month",
    "how many meetings did Dana Kim have",
    "which accounts unsubscribed from the weather",
]


def calls_of(words: str, before: tuple[TalkTurn, ...] = ()) -> tuple[ToolCall, ...]:
    found = GRAMMAR.read(words, before)
    assert isinstance(found, tuple), found
    return found


@pytest.mark.parametrize("words", LEARNED)
def test_what_was_learned_needs_no_campaign(words: str) -> None:
    (call,) = calls_of(words)
    assert (call.name, call.arguments) == ("learning_show", {})


@pytest.mark.parametrize("words", LEARNED)
def test_what_was_learned_is_of_the_campaign_that_was_shown_and_of_none_where_several_were(
    words: str,
) -> None:
    (call,) = calls_of(words, CAMPAIGN)
    assert (call.name, call.arguments) == ("learning_show", {"campaign": "spring"})
    (call,) = calls_of(words, CAMPAIGNS)
    assert (call.name, call.arguments) == ("learning_show", {})


@pytest.mark.parametrize("words", LEARNED_THERE)
def test_what_was_learned_in_a_campaign_that_is_named(words: str) -> None:
    (call,) = calls_of(words)
    assert (call.name, call.arguments) == ("learning_show", THERE)


@pytest.mark.parametrize("words", BESIDE_USUAL)
def test_the_learner_beside_usual_practice_is_a_campaigns_results(words: str) -> None:
    (call,) = calls_of(words)
    assert (call.name, call.arguments) == ("result_show", {})
    (call,) = calls_of(words, CAMPAIGN)
    assert (call.name, call.arguments) == ("result_show", {"campaign": "spring"})


@pytest.mark.parametrize(
    "words",
    [
        "is the learner of trial-to-meeting better than usual practice",
        "is trial-to-meeting better than nothing",
    ],
)
def test_a_campaign_that_is_named_beside_usual_practice(words: str) -> None:
    (call,) = calls_of(words)
    assert (call.name, call.arguments) == ("result_show", THERE)


@pytest.mark.parametrize(("words", "tool", "arguments"), COUNTED, ids=[one[0] for one in COUNTED])
def test_this_month_begins_with_its_first(words: str, tool: str, arguments: dict[str, Any]) -> None:
    (call,) = calls_of(words)
    assert (call.name, call.arguments) == (tool, arguments)


def test_meetings_that_came_are_those_booked_and_those_held() -> None:
    calls = calls_of("How many meetings did we get this month?")
    assert [call.name for call in calls] == ["contact_find"] * 2
    assert [call.arguments for call in calls] == [
        {"did": [{"event": f"meeting_{kind}"}], **MONTH} for kind in ("booked", "held")
    ]
    assert len({call.id for call in calls}) == 2


@pytest.mark.parametrize("words", NOT_LEARNED)
def test_what_is_no_question_about_learning_is_not_answered_as_one(words: str) -> None:
    found = GRAMMAR.read(words, ())
    names = [call.name for call in found] if isinstance(found, tuple) else []
    assert not {"learning_show", "result_show", "result_funnel"} & set(names), found


@pytest.mark.parametrize(
    "words", ["unsubscribe everyone in Germany", "unsubscribe Dana Kim", "opt out Dana Kim"]
)
def test_a_wish_to_unsubscribe_somebody_is_no_list(words: str) -> None:
    assert "Nothing was changed" in str(GRAMMAR.read(words, ()))


def test_two_people_shown_are_no_campaign() -> None:
    (call,) = calls_of("why so much silence", TWO)
    assert call.arguments == {}


# What is told -------------------------------------------------------------------------------------------------

WORTH, WHY = (
    "Silence is believed to be worth nothing.",
    "In the newest run 7 of 9 were left in silence. Why: rules.",
)
CHANGED = "No shift of the market was noticed so far."
ANSWER = ToolAnswer(
    words=f"The learner of Spring is guessing. Most is expected of it. {CHANGED} {WORTH} In the newest run 7 of 9.",
    facts={
        "changed": CHANGED,
        "silence": {"worth": WORTH, "told": WHY, "in_short": f"{WORTH} In the newest run 7 of 9."},
    },
)


@pytest.mark.parametrize(
    ("asked", "begins", "lacks"),
    [
        ("Why so much silence?", f"{WHY} {WORTH} The learner of Spring", CHANGED),
        ("what does silence bring", f"{WORTH} {WHY} The learner of Spring", CHANGED),
        ("what changed?", f"{CHANGED} The learner of Spring", WORTH),
        ("how sure are you", "The learner of Spring is guessing. Most", CHANGED),
        ("which content works best", "The learner of Spring is guessing. Most", WORTH),
    ],
)
def test_what_was_asked_for_is_told_first_and_what_was_not_is_left_out(
    asked: str, begins: str, lacks: str
) -> None:
    said = GRAMMAR.tell(asked, [(ToolCall(id="1", name="learning_show", arguments={}), ANSWER)])
    assert said.startswith(begins)
    assert lacks not in said


def test_who_asks_what_is_believed_is_told_all_of_it() -> None:
    call = ToolCall(id="1", name="learning_show", arguments={})
    assert GRAMMAR.tell("what does the learner believe", [(call, ANSWER)]) == ANSWER.words


def test_where_usual_practice_decides_for_nobody_it_is_said_so() -> None:
    call = ToolCall(id="1", name="result_show", arguments={})
    answer = ToolAnswer(words="Spring: not told yet.", facts={"usual_practice": "decides for nobody"})
    assert "decides for nobody there" in GRAMMAR.tell(
        "is the learner better than usual practice", [(call, answer)]
    )
    assert GRAMMAR.tell("how is spring doing", [(call, answer)]) == answer.words


def test_no_draft_is_proposed_for_who_unsubscribed() -> None:
    brought = ToolAnswer(words="2 contacts.", facts={"total": 2})
    for event, is_proposed in (("email_unsubscribed", False), ("email_replied", True)):
        call = ToolCall(id="1", name="contact_find", arguments={"did": [{"event": event}]})
        assert ("draft something" in GRAMMAR.tell("who was it", [(call, brought)])) is is_proposed


@pytest.mark.parametrize(
    ("said", "tool", "arguments"),
    [
        ("why is trial-to-meeting so silent?", "learning_show", THERE),
        ("how sure are you about trial-to-meeting", "learning_show", THERE),
        ("Is the learner any good?", "result_show", {}),
        ("does the learner really work", "result_show", {}),
        ("What's our revenue?", "result_show", {}),
        ("how much revenue did we make this month", "result_show", MONTH),
        ("show me deals", "result_funnel", {}),
        ("which deals are open", "result_funnel", {}),
        ("how many messages did we send", "run_list", {}),
        ("who was sent something", "run_list", {}),
        ("What would you send to Helen Morales?", "message_draft", {"contact": "Helen Morales", "hint": ""}),
        (
            "Why did Nathan Price (c_00fb81f573de) get nothing",
            "decision_explain",
            {"who": "c_00fb81f573de"},
        ),
    ],
)
def test_a_marketers_own_words_are_one_call(said: str, tool: str, arguments: dict[str, Any]) -> None:
    found = GRAMMAR.read(said)
    assert isinstance(found, tuple), found
    (call,) = found
    assert (call.name, {k: v for k, v in call.arguments.items() if v}) == (
        tool,
        {k: v for k, v in arguments.items() if v},
    )


def test_what_the_holdout_is_is_said_in_words() -> None:
    for said in ("what is the holdout?", "who is in the holdout"):
        assert "get nothing" in str(GRAMMAR.read(said))


@pytest.mark.parametrize(
    "said",
    ["what works in Germany", "does the learner in Germany beat usual practice", "what works for Austria"],
)
def test_a_country_is_no_campaign(said: str) -> None:
    assert GRAMMAR.read(said) is None


@pytest.mark.parametrize(
    "said",
    [
        "propose something for anyone but c_abcdef12",
        "propose something for the boss of c_abcdef12",
        "what would you send to leads",
        "what would you send next",
        "what would you send to Dana Kim and Bo Li",
    ],
)
def test_an_id_within_other_words_and_several_people_are_nobody(said: str) -> None:
    found = GRAMMAR.read(said)
    named = [call.arguments.get("contact") for call in found] if isinstance(found, tuple) else []
    assert "c_abcdef12" not in named
    assert not any(isinstance(one, str) and (" and " in one or one in {"leads", "next"}) for one in named)
