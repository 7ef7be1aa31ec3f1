"""What the understudy says: answers from what tools brought, help, what it is, and what to ask where it is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.told_plainly import to_the_person
from agents.understudy.talk_learning import asked_first
from agents.understudy.talk_limits import limits_said, silence_said
from agents.understudy.talk_reviewing import MOST_AT_ONCE
from domain.assistant import RecordKind, ToolAnswer, ToolCall

MOST_NAMED = 5
NEAREST = 3
THANKED = "Gladly."

EXAMPLES: dict[str, tuple[str, ...]] = {
    "People and companies": (
        "Which accounts went quiet after the pricing page?",
        "Find MQLs in Germany who clicked in the last 14 days",
        "Who replied this week?",
        "Who unsubscribed this month?",
        "Tell me about Dana Kim",
        "Story of Dana Kim",
        "What do we remember about Dana Kim on pricing?",
        "Signals of Dana Kim",
        "Who is ready for sales?",
        "Which customers may leave?",
    ),
    "Decisions": (
        "Why did Dana Kim get the case study?",
        "Why did Dana Kim get it and Ben Ode nothing?",
        "What if Dana Kim had replied twice?",
        "Which decisions were made for Dana Kim?",
    ),
    "Campaigns and results": (
        "List campaigns",
        "How is trial-to-meeting doing?",
        "What did last month bring against the holdout?",
        "What happened in the last run of trial-to-meeting?",
        "What does the learner of trial-to-meeting believe?",
        "Which content works best?",
        "Why so much silence?",
        "Did the market change?",
        "How sure are you?",
        "Is the learner better than usual practice?",
        "Show the funnel",
        "How many deals did we win this month?",
        "What content do we have?",
    ),
    "Work": (
        "What should I do today?",
        "Draft something for Dana Kim: shorter, mention pricing",
        "What is waiting for approval?",
        "Approve the safe ones",
        "Reject the second one because the claim is old",
        "Pause trial-to-meeting",
        "Resume trial-to-meeting",
        "Dry run trial-to-meeting",
        "Set up a campaign to move trial accounts to a sales call, nothing to Germany, worth 400 USD each",
        "First meetings with people who compare prices, worth 400 USD each",
    ),
    "Rules": (
        "Why may we not write to Germany?",
        "Explain C-17",
    ),
}
"""What can be asked, by subject; every line is understood (a test asks them all)."""

PLUG_IN = (
    "For free conversation plug in a language model: set ATTUNE_MODEL, and OPENAI_API_KEY or OPENAI_BASE_URL for any "
    "OpenAI-compatible server."
)
WHO_AM_I = (
    "I am an AI, not a person: Attune’s assistant. Right now no language model speaks, but "
    "the understudy, a small grammar "
    f"that knows a set of questions. Ask “help” for them. {PLUG_IN}"
)
HELP = "\n".join(
    [
        "I look things up, and propose changes that are made after your yes. Without a language "
        "model I understand questions like these:",
        *(
            f"{subject}: {' · '.join(f'“{one}”' for one in examples)}"
            for subject, examples in EXAMPLES.items()
        ),
        "After a list, “the second one”, “her”, “there” and “more” mean what was shown.",
        PLUG_IN,
    ]
)
_NEXT: dict[str, str] = {
    "contact_find": "Say “tell me about the first one”, “draft something for the first one”, or “more”.",
    "account_find": "Say “tell me about the first one” or “list people at the first one”.",
    "account_show": "Say “list people there” for who works there.",
    "contact_show": "Say “story of her”, “signals of her” or “draft something for her”.",
    "lead_list": "Say “why is the first one interesting” or “draft something for the first one”.",
    "message_draft": "Nothing is sent. Say “propose it” to put it before a reviewer, or “redraft it: shorter”.",
    "campaign_list": "Say “how is … doing?” with one of the names.",
    "run_list": "Say “show the first run”.",
    "proposal_list": "Say “show the first proposal”, “approve the safe ones”, or “reject the second one because …”.",
    "proposal_show": "Say “approve it”, or “reject it because …”.",
    "rule_list": "Say “explain C-09” for one of them.",
    "campaign_save": "It sends nothing before a dry run and your word to go live: “dry run …”, then “resume …”.",
}
_STOPS = ("email_unsubscribed", "email_complained", "email_bounced")
"""Who is found by these is not to be written to, so no draft is proposed."""
_KIND_OF = {
    "contact_find": RecordKind.CONTACT,
    "lead_list": RecordKind.CONTACT,
    "account_find": RecordKind.ACCOUNT,
    "churn_list": RecordKind.ACCOUNT,
    "proposal_list": RecordKind.PROPOSAL,
    "campaign_list": RecordKind.CAMPAIGN,
    "run_list": RecordKind.RUN,
}


def told(asked: str, found: Sequence[tuple[ToolCall, ToolAnswer | str]]) -> str:
    """The answer: what each tool said, the records it rests on, and what to say next."""
    if not found:
        return "Nothing was looked up, so I cannot tell."
    parts: list[str] = []
    for call, answer in found:
        part = (
            to_the_person(answer)
            if isinstance(answer, str)
            else _said(call, asked_first(asked, call, answer))
        )
        if part not in parts:
            parts.append(part)
    brought = [call for call, answer in found if not isinstance(answer, str)]
    if brought and (hint := _hint(asked, brought[-1], found[-1][1])) and _brought_something(found[-1][1]):
        parts.append(hint)
    if beyond := _beyond(asked, found):
        parts.append(beyond)
    return "\n".join(parts)


def _said(call: ToolCall, answer: ToolAnswer) -> str:
    if more := " ".join(filter(None, (limits_said(call, answer), silence_said(call, answer)))):
        answer = answer.model_copy(update={"words": f"{answer.words} {more}"})
    kind = _KIND_OF.get(call.name)
    chosen = [one for one in answer.records if kind is None or one.kind is kind]
    wanted = [one for one in chosen if one.mark not in answer.words][: MOST_NAMED if kind else 1]
    if not wanted:
        return answer.words
    if kind is None:
        (only,) = wanted
        if only.label and only.label in answer.words:
            return answer.words.replace(only.label, f"{only.label} {only.mark}", 1)
        return f"{answer.words} {only.label} {only.mark}"
    named = ", ".join(f"{one.label} {one.mark}".strip() for one in wanted)
    rest = len(chosen) - len(wanted)
    return f"{answer.words} {named}{f' and {rest} more in the table' if rest > 0 else ''}."


def _hint(asked: str, call: ToolCall, answer: ToolAnswer | str) -> str:
    name = call.name
    if name == "contact_find" and any(one in str(call.arguments.get("did")) for one in _STOPS):
        return "Say “tell me about the first one”, or “more”."
    if name == "learning_show" and isinstance(answer, ToolAnswer) and "campaigns" in answer.facts:
        return "Say “what does the learner of … believe?” with one of the names for more of it."
    if name in {"proposal_list", "proposal_show"} and re.match(
        r"\W*(?:please )?(?:approve|accept|reject|decline)\b", asked, re.IGNORECASE
    ):
        return "Nothing is decided yet: nobody says yes to what they have not seen. Look at them, then say it again."
    return _NEXT.get(name, "")


def _beyond(asked: str, found: Sequence[tuple[ToolCall, ToolAnswer | str]]) -> str:
    """How many of the safe ones are left, where there are more than are put before the asker at a time."""
    call, answer = found[-1]
    if call.name == "proposal_list" and isinstance(answer, ToolAnswer):
        counts = answer.facts.get("waiting_by_stakes")
        low = counts.get("low") if isinstance(counts, dict) else None
        if isinstance(low, int) and low > MOST_AT_ONCE:
            return (
                f"“Approve the safe ones” puts the {MOST_AT_ONCE} of them that wait longest before you; "
                f"{low - MOST_AT_ONCE:,} remain after those."
            )
    asked_for = sum(call.name == "proposal_approve" for call, _ in found)
    if asked_for == MOST_AT_ONCE and re.search(
        r"\b(?:safe|low[- ]stakes|harmless|routine)\b", asked, re.IGNORECASE
    ):
        return (
            f"Those were {MOST_AT_ONCE}, as many as I put before you at a time. Say “approve the safe ones” again for "
            "the next, or “which safe proposals wait?” for how many remain."
        )
    return ""


def _brought_something(answer: ToolAnswer | str) -> bool:
    return isinstance(answer, ToolAnswer) and bool(
        answer.records or answer.texts or answer.facts.get("total")
    )


_RESULTS = "What did last month bring against the holdout?"
_OF_SENDING = re.compile(
    r"\bhow (?:many|much|often)\b.*\b(?:send|sent|wrote|deliver(?:ed)?)\b|"
    r"\bhow many\b.*\b(?:went|go|goes) out\b",
    re.IGNORECASE,
)


def nearest(words: str) -> str:
    """That a question was not understood, three that are near, and how to plug in a model."""
    said = _content(words)

    def nearness(example: str) -> tuple[float, int]:
        own = _content(example)
        return -len(said & own) / (len(said | own) or 1), order.index(example)

    order = [one for examples in EXAMPLES.values() for one in examples]
    near = sorted(order, key=nearness)
    if _OF_SENDING.search(words):
        near = [_RESULTS, *(example for example in near if example != _RESULTS)]
    near = near[:NEAREST]
    shown = "\n".join(f"- {example}" for example in near)
    return (
        f"I did not understand that, and changed nothing. Nearest to it I know:\n{shown}\nAsk "
        f"“help” for all. {PLUG_IN}"
    )


_EMPTY = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "did",
        "do",
        "does",
        "for",
        "her",
        "him",
        "in",
        "is",
        "it",
        "kim",
        "dana",
        "me",
        "not",
        "of",
        "on",
        "one",
        "ones",
        "the",
        "them",
        "this",
        "to",
        "us",
        "was",
        "we",
        "what",
    ]
)


def _content(words: str) -> frozenset[str]:
    found = re.findall(r"[a-z0-9]+", words.lower())
    return frozenset(word[:5] for word in found if word not in _EMPTY)
