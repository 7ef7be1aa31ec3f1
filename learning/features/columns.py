"""The columns of a contact's vector: their names, what a person calls them, and the group they explain."""

from __future__ import annotations

from typing import NamedTuple

from domain.people import LifecycleStage, Seniority
from learning.features.acts import ACTS, HALF_LIFE_DAYS, HALF_LIFE_NAMES, LABELS, Act
from learning.features.deals import PARTS_PLAYED
from learning.features.library import KINDS
from learning.features.profiles import COUNTRY_BUCKETS, INDUSTRY_BUCKETS
from learning.features.topics import WIDTH, TopicBook

VERSION = "features-3"
"""Changes with every change of a column's meaning or place."""

BEHAVIOUR, TALKS, PRESSURE = "behaviour", "conversation", "pressure"
INTEREST, CONTENT = "interest", "content"
COLLEAGUES, FIRM, ROLE, STAGE, DEALS = "account", "firm", "role", "stage", "deals"
GROUPS = (BEHAVIOUR, TALKS, PRESSURE, INTEREST, CONTENT, COLLEAGUES, FIRM, ROLE, STAGE, DEALS)


class FeatureColumn(NamedTuple):
    """One column: its stable name, how a sentence says it, and its group."""

    name: str
    label: str
    group: str


ACT_COLUMNS = tuple(
    (act, half_life)
    for act in ACTS
    for half_life in range(len(HALF_LIFE_DAYS))
    # An open is too weak to be told three times; of meetings and talks the recency says what was lately.
    if half_life == 1 or (act is not Act.OPEN and (half_life > 1 or act not in {Act.MEETING, Act.TALK}))
)
"""(act, place in HALF_LIFE_DAYS) of each column of decayed counts, in order."""

RECENT_ACTS = tuple(act for act in ACTS if act is not Act.OPEN)

_GROUP_OF_ACT = {Act.REPLY: TALKS, Act.MEETING: TALKS, Act.TALK: TALKS, Act.SENT: PRESSURE}


def columns(book: TopicBook | None = None) -> tuple[FeatureColumn, ...]:
    """Return the columns of `matrix`, in order; with a book, topic columns are called by their topics."""
    topics = (book or TopicBook()).labels
    return (
        *(
            FeatureColumn(
                f"count:{act.value}:{HALF_LIFE_DAYS[half]}d",
                f"{LABELS[act]} {HALF_LIFE_NAMES[half]}",
                _GROUP_OF_ACT.get(act, BEHAVIOUR),
            )
            for act, half in ACT_COLUMNS
        ),
        *(
            FeatureColumn(
                f"recency:{act.value}",
                f"how lately they {LABELS[act]}" if act is not Act.SENT else "how lately we wrote",
                _GROUP_OF_ACT.get(act, BEHAVIOUR),
            )
            for act in RECENT_ACTS
        ),
        FeatureColumn("answer_rate", "share of our messages they answered", PRESSURE),
        *(FeatureColumn(f"topic:{i}", f"interest in {topics[i]}", INTEREST) for i in range(WIDTH)),
        *(
            FeatureColumn(
                f"answered:{kind.value}", f"answered content: {kind.value.replace('_', ' ')}", CONTENT
            )
            for kind in KINDS
        ),
        FeatureColumn("colleagues:16d", "colleagues active in recent weeks", COLLEAGUES),
        FeatureColumn("colleagues:64d", "colleagues active in recent months", COLLEAGUES),
        FeatureColumn("colleagues:active", "how many colleagues acted within 30 days", COLLEAGUES),
        FeatureColumn("colleagues:senior", "how many directors or executives acted", COLLEAGUES),
        FeatureColumn("colleagues:levels", "how many levels of seniority acted", COLLEAGUES),
        FeatureColumn("colleagues:known", "how many colleagues we know", COLLEAGUES),
        FeatureColumn("firm:unknown", "no company known", FIRM),
        FeatureColumn("firm:employees", "size of the company", FIRM),
        FeatureColumn("firm:employees:unknown", "size of the company unknown", FIRM),
        FeatureColumn("firm:revenue", "revenue of the company", FIRM),
        FeatureColumn("firm:revenue:unknown", "revenue of the company unknown", FIRM),
        *(FeatureColumn(f"industry:{i}", f"industry, group {i + 1}", FIRM) for i in range(INDUSTRY_BUCKETS)),
        FeatureColumn("industry:unknown", "industry unknown", FIRM),
        *(FeatureColumn(f"country:{i}", f"country, group {i + 1}", FIRM) for i in range(COUNTRY_BUCKETS)),
        FeatureColumn("country:unknown", "country unknown", FIRM),
        *(FeatureColumn(f"seniority:{one.value}", f"seniority: {one.value}", ROLE) for one in Seniority),
        *(
            FeatureColumn(
                f"part:{kinds[0].value}", f"{kinds[0].value.replace('_', ' ')} in an open deal", ROLE
            )
            for kinds in PARTS_PLAYED
        ),
        *(FeatureColumn(f"stage:{one.value}", f"stage: {one.value}", STAGE) for one in LifecycleStage),
        FeatureColumn("stage:unknown", "stage unknown", STAGE),
        FeatureColumn("stage:time", "time in this stage", STAGE),
        FeatureColumn("stage:time:unknown", "time in this stage unknown", STAGE),
        FeatureColumn("deals:open", "open deals", DEALS),
        FeatureColumn("deals:amount", "amount of the open deals", DEALS),
        FeatureColumn("deals:amount:unknown", "amount of an open deal unknown", DEALS),
        FeatureColumn("deals:renewal", "how near a renewal is", DEALS),
        FeatureColumn("deals:stage_age", "time the deal has stood in its stage", DEALS),
        FeatureColumn("deals:stage_age:unknown", "time of the deal in its stage unknown", DEALS),
        FeatureColumn("deals:won", "deals won before", DEALS),
        FeatureColumn("deals:lost", "deals lost before", DEALS),
    )


NAMES = tuple(column.name for column in columns())
"""Stable names of the columns of `matrix`."""

WIDTH_OF_MATRIX = len(NAMES)
