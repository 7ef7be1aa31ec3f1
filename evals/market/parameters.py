"""Every number of the living market, in one place, each with its unit and where it comes from.

"Assumption" marks a number nobody published; docs/market.md says which results hang on it. The equations
that use these numbers stand in `evals/market/response.py` and `evals/market/world.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Temper:
    """What a latent type of buyer is like towards messages; relative to 1 or on the logit scale.

    reads: added to the click logit. moved: how much one response raises warmth, relative. wearies:
    how fast messages tire them, relative. replies: relative. visits: own sessions a day before seasons.
    formats: liked (+1) or disliked (-1) kinds of content; the rest is 0.
    All values are assumptions; they make those who click most not those who are moved most.
    """

    reads: float
    moved: float
    wearies: float
    replies: float
    visits: float
    formats: Mapping[str, float]


TEMPERS: Mapping[str, Temper] = {
    "researcher": Temper(
        0.35, 0.6, 0.8, 0.6, 0.060, {"report": 1, "webinar": 1, "guide": 0.6, "offer": -1, "meeting": -0.8}
    ),
    "price-checker": Temper(
        0.1,
        1.1,
        1.0,
        1.1,
        0.050,
        {"calculator": 1, "comparison": 1, "offer": 0.6, "webinar": -1, "guide": -0.6},
    ),
    "integrator": Temper(
        0.0, 1.0, 1.1, 1.0, 0.055, {"guide": 1, "demo": 1, "webinar": 0.5, "report": -0.8, "case_study": -0.6}
    ),
    "security-minded": Temper(
        -0.1,
        1.2,
        1.2,
        0.9,
        0.045,
        {"checklist": 1, "guide": 0.6, "case_study": 0.4, "offer": -1, "demo": -0.5},
    ),
    "champion": Temper(
        0.4, 1.5, 0.6, 1.6, 0.070, {"demo": 1, "meeting": 0.8, "case_study": 0.6, "report": -0.6}
    ),
    "renewing-customer": Temper(0.0, 0.8, 0.9, 0.9, 0.030, {"report": 0.6, "webinar": 0.6, "comparison": -1}),
    "quiet": Temper(-0.9, 0.7, 1.9, 0.5, 0.018, {"report": 0.5, "case_study": 0.5, "meeting": -1}),
}

DEPTH: Mapping[str, tuple[float, float, float, float]] = {
    "report": (0.9, 0.5, 0.4, 0.3),
    "guide": (1.1, 0.8, 0.5, 0.4),
    "webinar": (1.1, 0.9, 0.6, 0.5),
    "checklist": (0.9, 0.9, 0.8, 0.7),
    "case_study": (0.8, 1.2, 1.2, 1.0),
    "comparison": (0.7, 1.3, 1.1, 0.8),
    "calculator": (0.7, 1.2, 1.0, 0.7),
    "demo": (0.5, 1.3, 1.2, 0.9),
    "offer": (0.3, 1.2, 1.5, 1.3),
    "meeting": (0.2, 1.1, 1.6, 1.6),
}
"""How far one response to a kind of content moves a lead, an MQL, an SQL, a contact with an open deal;
relative. The usual top/middle/bottom-of-funnel assignment of formats, as numbers: assumption."""


@dataclass(frozen=True)
class MarketParameters:
    """The living market's numbers. A field's comment gives its unit and its source."""

    # Response to one message (logit scale unless said) --------------------------------------------------
    click_base: float = -5.5  # with the rest: 1-5 % of messages clicked; Delivra 2.7 %, B2B 2-5 %
    click_topic: float = 2.7  # from no to full cover of the contact's interest; assumption
    click_format: float = 1.1  # per unit of taste for the format; assumption
    click_stage: float = 0.5  # content declared for the contact's stage depth; assumption
    click_seniority: float = 0.4  # executives read short formats, specialists long ones; assumption
    click_slot: float = 0.35  # the contact's own habit, standard normal per slot; assumption
    click_quality_sd: float = 0.35  # some assets are simply better; assumption
    click_own_sd: float = 0.35  # person to person; assumption
    click_repeat: float = (
        -1.0
    )  # had this asset just now; fades by half in `repeat_half_life_days`; assumption
    repeat_half_life_days: float = (
        21.0  # the words of the next message are new, its content is not; assumption
    )
    click_pressure: float = -0.4  # per recent message (half-life 7 days), times `wearies`; assumption
    reply_share: float = 0.26  # replies per click, relative to `replies`; gives 0.5-2 % of messages
    booking_share: tuple[float, float, float, float] = (0.08, 0.22, 0.4, 0.4)  # meetings per reply by stage
    unsubscribe_base: float = 0.0008  # a message; gives 0.1-0.3 %: Delivra 0.17 %, B2B lists 0.27 %
    unsubscribe_pressure: float = 0.3  # log rate per recent message, times `wearies`; assumption
    unsubscribe_mismatch: float = 1.1  # log rate when nothing in it is of interest; assumption
    complaint_share: float = 0.05  # of those who unsubscribe; assumption (well under 0.1 % of messages)
    pressure_half_life_days: float = 7.0  # assumption
    relief: float = 0.7  # a message wholly of interest tires only 1 - relief as much; assumption
    # Warmth: what responses do to the way towards a purchase ---------------------------------------------
    warmth_half_life_days: float = 24.0  # assumption
    warmth_click: float = 3.2  # per click at `moved` = depth = 1; assumption, the key one: see docs/market.md
    warmth_reply: float = 4.0  # assumption
    warmth_meeting: float = 7.0  # assumption
    warmth_annoyance: float = -0.02  # per message without response, times recent messages; assumption
    warmth_floor: float = -0.5
    warmth_top: float = 12.0
    # Own activity ------------------------------------------------------------------------------------------
    topic_noise: float = 0.3  # share of own visits that are on any topic; assumption
    visit_warmth: float = 0.12  # relative growth of own visits per unit of warmth; assumption
    download_share: float = 0.16  # of visits; assumption
    form_share: float = 0.035  # of visits; assumption
    form_warmth: float = 0.5  # own forms warm too, with no message; assumption
    # Stages: hazards a working-week-averaged day, without any message ----------------------------------
    mql_hazard: float = 0.0011  # about 9 % of leads a quarter; assumption
    sql_hazard: float = 0.00125  # about 10-15 % of MQLs a quarter; cross-industry 13 %
    opportunity_hazard: float = 0.026  # an SQL contact's; with the next, about 45 %; assumption
    disqualified_hazard: float = 0.030
    won_hazard: float = 0.013  # with the next about 25-30 % won, in about 3 weeks; benchmarks 20-30 %
    lost_hazard: float = 0.033
    late_warmth: float = 0.15  # of warmth's effect remains once sales is in charge; assumption
    committee: float = 0.25  # relative hazard per unit of colleagues' mean warmth; assumption
    need_account_sd: float = 0.5  # log sd of an account's need, mean 1; assumption
    need_contact_sd: float = 0.3
    cool_down_days: int = 90  # after a lost deal nobody at the account opens one
    # Money -------------------------------------------------------------------------------------------------
    amount_cents: float = 1_500_000  # median first-year amount at 200 employees; assumption
    amount_size_power: float = 0.5
    amount_sd: float = 0.6  # log sd
    message_cost_cents: float = 20.0  # channel, drafting, review share; assumption
    unsubscribe_cost_cents: float = 1_500.0  # goodwill and a lost address, apart from lost sales
    complaint_cost_cents: float = 6_000.0  # deliverability
    # Seasons -------------------------------------------------------------------------------------------------
    weekday: tuple[float, ...] = (1.05, 1.2, 1.15, 1.1, 0.8, 0.2, 0.2)  # Monday to Sunday, own visits
    holiday: tuple[int, int] = (45, 59)  # days of the dip where the scenario is seasonal
    holiday_activity: float = 0.35
    # Who is there ----------------------------------------------------------------------------------------------
    stage_shares: Mapping[str, float] = field(
        default_factory=lambda: {"lead": 0.62, "mql": 0.32, "sql": 0.06}
    )
    contacts_per_account: tuple[float, ...] = (0.16, 0.24, 0.26, 0.18, 0.11, 0.05)  # for 2 to 7 people
    seniority_shares: Mapping[str, float] = field(
        default_factory=lambda: {"executive": 0.05, "director": 0.14, "manager": 0.4, "specialist": 0.41}
    )
    department_shares: Mapping[str, float] = field(
        default_factory=lambda: {
            "Logistics": 0.39,
            "Finance": 0.14,
            "Procurement": 0.12,
            "IT": 0.17,
            "Compliance": 0.07,
            "Customer service": 0.08,
            "Management": 0.03,
        }
    )
    scanned_share: float = 0.15  # accounts whose gateway opens every link
    # Caps everybody plays under ---------------------------------------------------------------------------------
    week_cap: int = 2  # messages in any seven days
    decision_weekdays: tuple[int, ...] = (0, 2, 4)  # Monday, Wednesday, Friday: always more than 16 h apart


PARAMETERS = MarketParameters()
