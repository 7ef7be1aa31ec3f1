"""The rule book: every business number and country line as typed, frozen data, with where it comes from.

Numbers live in `rules.yaml` and nowhere else. A number nobody reads, or one without unit, source or date,
does not load.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, field_validator, model_validator

from domain.base import Noun
from domain.errors import InvalidFile
from domain.people import ConsentBasis
from policies.pressure import PressureLimit
from policies.team import TeamRules

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader, in C where it was built: ten times as fast."""

OWN_RULES = Path(__file__).with_name("rules.yaml")


class RuleNumber(Noun):
    """One number (or list of words) with its unit, its source and the day it was set."""

    value: int | float | tuple[int, ...] | tuple[str, ...]
    unit: str = Field(min_length=1)
    source: str = Field(min_length=1)
    set_on: date


class PressureRules(Noun):
    """C-26."""

    messages: PositiveInt
    window_days: PositiveInt
    gap_hours: PositiveInt

    @property
    def limits(self) -> tuple[PressureLimit, ...]:
        """Both limits: so many in the window, and one in the gap."""
        return (
            PressureLimit.in_days(self.messages, self.window_days),
            PressureLimit.in_hours(1, self.gap_hours),
        )


class ConsentRules(Noun):
    """C-08, C-09, C-11."""

    implied_purchase_days: PositiveInt
    implied_inquiry_days: PositiveInt
    scopes: frozenset[str]
    eu_countries: frozenset[str]
    individual_words: frozenset[str]


class AddressRules(Noun):
    """C-20, and which hosts are private people's."""

    role_local_parts: frozenset[str]
    disposable_domains: frozenset[str]
    free_mail_domains: frozenset[str]


class QuietHourRules(Noun):
    """C-18. Hours are in the recipient's zone; Monday is 0."""

    opens_hour: int = Field(ge=0, le=22)
    closes_hour: int = Field(ge=1, le=23)
    workdays: frozenset[int]
    morning_hour: int
    midday_hour: int
    afternoon_hour: int
    unknown_zones: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _slots_are_open(self) -> QuietHourRules:
        hours = (self.morning_hour, self.midday_hour, self.afternoon_hour)
        if any(not self.opens_hour <= hour < self.closes_hour for hour in hours):
            raise ValueError("every send slot must lie between opens_hour and closes_hour")
        if not self.workdays or not self.workdays <= set(range(7)):
            raise ValueError("workdays must be some of 0 (Monday) to 6 (Sunday)")
        return self


class ContentRules(Noun):
    """What a message may look like and say."""

    subject_warn_chars: PositiveInt
    subject_most_chars: PositiveInt
    line_most_chars: PositiveInt
    text_most_chars: PositiveInt
    address_most_chars: PositiveInt
    last_chance_days: PositiveInt
    private_span_words: PositiveInt
    copied_span_words: PositiveInt
    capitals_in_a_row: PositiveInt
    special_words: tuple[str, ...]
    transactional_words: tuple[str, ...]
    legal_effect_words: tuple[str, ...]
    prompt_fields: tuple[str, ...]
    opt_out_days: PositiveInt


class EligibilityRules(Noun):
    """H-07."""

    same_asset_days: PositiveInt


class FeedbackRules(Noun):
    """H-10: whose opens and clicks do not count."""

    machine_click_seconds: PositiveInt
    burst_links: PositiveInt
    burst_seconds: PositiveInt
    machine_agents: tuple[str, ...]


class ReputationRules(Noun):
    """C-24. Shares are of messages sent in the rolling window."""

    window_days: PositiveInt
    complaint_warn_share: float = Field(gt=0, lt=1)
    complaint_pause_share: float = Field(gt=0, lt=1)
    complaint_pause_least: PositiveInt
    bounce_warn_share: float = Field(gt=0, lt=1)
    bounce_pause_share: float = Field(gt=0, lt=1)
    bounce_pause_least: PositiveInt


class BounceRules(Noun):
    """C-19: when an address rests."""

    soft_most: PositiveInt
    soft_window_days: PositiveInt


class DeadlineRules(Noun):
    """C-03 and C-14."""

    opt_out_seconds: PositiveInt
    opt_out_provider_days: PositiveInt
    opt_out_law_days: PositiveInt
    request_days: PositiveInt
    request_us_days: PositiveInt
    request_warn_days: PositiveInt


class DomainRules(Noun):
    """C-23."""

    check_days: PositiveInt


class DeliveryRules(Noun):
    """H-20, H-21."""

    warm_up_messages: PositiveInt
    warm_up_growth: float = Field(ge=1)
    warm_up_days: PositiveInt
    recipient_domain_hourly: PositiveInt
    overdue_hours: PositiveInt


class StakesRules(Noun):
    """When a person decides, and what no autonomy level waives."""

    renewal_days: PositiveInt
    large_deal_cents: PositiveInt
    small_units: dict[str, PositiveInt] = Field(default_factory=dict)
    cold_start_messages: int = Field(ge=0)
    doubt_ratio: PositiveFloat
    proposal_days: PositiveInt
    hand_off_probability: float = Field(gt=0, lt=1)
    churn_lift: PositiveFloat
    locked: frozenset[str]
    minor: frozenset[str]

    @model_validator(mode="after")
    def _not_both(self) -> StakesRules:
        if both := self.locked & self.minor:
            raise ValueError(f"stakes: {sorted(both)} cannot be locked and minor")
        return self

    @field_validator("small_units", mode="before")
    @classmethod
    def _by_currency(cls, value: Any) -> Any:
        """As the rule book lists them: `JPY 100`."""
        return dict(one.split() for one in value) if isinstance(value, list | tuple) else value

    def is_large(self, amount_cents: int | None, currency: str) -> bool:
        """Tell whether a deal of this sum is a large one in its currency."""
        return (amount_cents or 0) >= self.large_deal_cents * self.small_units.get(currency, 1)


class AutonomyRules(Noun):
    """When a class of messages has earned to go alone, and when it loses that again."""

    window_days: PositiveInt
    confidence: float = Field(gt=0.5, lt=1)
    widen_reviews: PositiveInt
    widen_share: float = Field(gt=0, lt=1)
    keep_share: float = Field(gt=0, lt=1)
    check_share: float = Field(gt=0, le=1)
    bad_reviews: PositiveInt
    bad_share: float = Field(gt=0, le=1)
    bad_complaints: PositiveInt
    bad_opt_outs: PositiveInt


class CountryRule(Noun):
    """What a business e-mail to this country rests on. Empty `accepts` with `needs_basis` accepts nothing."""

    needs_basis: bool
    accepts: tuple[ConsentBasis, ...]
    individuals: tuple[ConsentBasis, ...]
    source: str = Field(min_length=1)
    set_on: date


class StateRule(Noun):
    """Hours of one state of the United States, on top of the house's. Hours are the recipient's own.

    `names` are how a record may name the state; `zones` where a contact without a region may live in it.
    """

    opens_hour: int = Field(ge=0, le=22)
    closes_hour: int = Field(ge=1, le=23)
    sunday_opens_hour: int = Field(ge=0, le=22)
    names: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    source: str = Field(min_length=1)
    set_on: date


class RuleText(Noun):
    """One rule in plain words: what it says, what it does, when it is asked, what mends it, its numbers.

    `origin` is `law and house` for what ships, `team` for a team's own.
    """

    id: str
    title: str = Field(min_length=1)
    plain: str = Field(min_length=1)
    verdict: str = Field(min_length=1)
    when: str = Field(min_length=1)
    mend: str = Field(min_length=1)
    origin: Literal["law and house", "team"] = "law and house"
    numbers: dict[str, RuleNumber] = Field(default_factory=dict)


class RuleBook(Noun):
    """Every rule's numbers, typed, with the words that explain them."""

    pressure: PressureRules
    consent: ConsentRules
    addresses: AddressRules
    quiet_hours: QuietHourRules
    content: ContentRules
    eligibility: EligibilityRules
    feedback: FeedbackRules
    reputation: ReputationRules
    bounces: BounceRules
    deadlines: DeadlineRules
    domain: DomainRules
    delivery: DeliveryRules
    stakes: StakesRules
    autonomy: AutonomyRules
    countries: dict[str, CountryRule]
    states: dict[str, StateRule]
    texts: dict[str, RuleText]
    team: TeamRules = TeamRules()

    @model_validator(mode="after")
    def _has_a_strictest(self) -> RuleBook:
        for needed in ("unknown", "EU"):
            if needed not in self.countries:
                raise ValueError(f"countries needs a line {needed!r}")
        return self

    def country(self, code: str | None) -> CountryRule:
        """Return the line of a country, the EU's for a member without its own, else the strictest."""
        if code is None:
            return self.countries["unknown"]
        if code in self.countries:
            return self.countries[code]
        return self.countries["EU" if code in self.consent.eu_countries else "unknown"]


def load_rulebook(path: Path | None = None) -> RuleBook:
    """Read a rule book; without a path, the one that ships.

    Raises:
        InvalidFile: if the file is no YAML, a number lacks a part, or a name is unknown or missing.

    """
    source = path or OWN_RULES
    try:
        raw = yaml.load(source.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
        return _typed(raw)
    except OSError as problem:
        raise InvalidFile(source, f"cannot be read: {problem.strerror}.") from problem
    except yaml.YAMLError as problem:
        raise InvalidFile(source, f"is not YAML: {problem}") from problem
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise InvalidFile(source, f"is not a rule book: {problem}", "See policies/rules.yaml.") from problem


def _typed(raw: dict[str, Any]) -> RuleBook:
    unknown = raw.keys() - {"numbers", "countries", "states", "rules"}
    if unknown:
        raise ValueError(f"unknown part {sorted(unknown)}")
    numbers = {
        f"{section}.{name}": RuleNumber.model_validate(number)
        for section, named in raw["numbers"].items()
        for name, number in named.items()
    }
    sections: dict[str, dict[str, Any]] = {section: {} for section in raw["numbers"]}
    for path, number in numbers.items():
        section, name = path.split(".", 1)
        sections[section][name] = number.value
    texts = {}
    for rule_id, text in raw["rules"].items():
        used = {path: numbers[path] for path in text.get("numbers", ())}
        texts[rule_id] = RuleText.model_validate({**text, "id": rule_id, "numbers": used})
    whole = {**sections, "countries": raw["countries"], "states": raw["states"], "texts": texts}
    return RuleBook.model_validate(whole)
