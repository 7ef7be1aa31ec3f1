"""A team's own rules, beside the law and the house's: words, claims, competitors, voice, days off, caps.

Pure data and pure functions; a team writes them in `policies.yaml` of its workspace, with no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from domain.base import CountryCode, Noun
from domain.content import ContentAsset
from domain.message import Finding, Severity
from domain.people import Contact, LifecycleStage, Seniority
from policies.folding import folded
from policies.pressure import PressureLimit

_LONGEST_BLACKOUT = timedelta(days=366)


_MEANT = {"UK": "GB", "EL": "GR"}
"""Codes people write for countries whose ISO code is another; taken at their word they would match nobody."""

_Country = Annotated[CountryCode, AfterValidator(lambda code: _MEANT.get(code, code))]


class TeamRule(Noun):
    """What every rule of a team has: an id (given, or by its place in the file), and why it is there."""

    id: str = Field("", pattern=r"^(T-\d{2,3})?$")
    why: str = ""


class TeamWords(TeamRule):
    """A rule about words: a bare word in the file stands for the whole rule."""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, given: Any) -> Any:
        name = "name" if "name" in cls.model_fields else "phrase"
        return {name: given} if isinstance(given, str) else given


class BannedPhrase(TeamWords):
    """Words no message may hold."""

    phrase: str = Field(min_length=2)
    verdict: Severity = Severity.BLOCK


class SignOffClaim(TeamRule):
    """Words that need someone's sign-off: an approved claim of theirs that holds them, or a person each time."""

    phrase: str = Field(min_length=2)
    sign_off: str = Field(min_length=1)


class Competitor(TeamWords):
    """A name that is not mentioned without a person's look."""

    name: str = Field(min_length=2)
    verdict: Severity = Severity.HOLD


class VoiceWord(TeamWords):
    """A word the brand does not use, and what it says instead."""

    phrase: str = Field(min_length=2)
    instead: str = ""


class Blackout(TeamRule):
    """Days on which nothing goes out, in the recipient's own calendar, both ends included."""

    first_day: date = Field(alias="from")
    last_day: date = Field(alias="to")
    countries: tuple[_Country, ...] = ()

    model_config = Noun.model_config | {"populate_by_name": True}

    @model_validator(mode="after")
    def _runs_forward(self) -> Blackout:
        if self.last_day < self.first_day:
            raise ValueError("`to` lies before `from`")
        if self.last_day - self.first_day > _LONGEST_BLACKOUT:
            raise ValueError(
                f"a blackout lasts at most {_LONGEST_BLACKOUT.days} days; stop the campaigns instead"
            )
        return self

    def covers(self, contact: Contact, day: date) -> bool:
        """Tell whether this contact gets nothing on this day of theirs; an unknown country is every country."""
        is_meant = not self.countries or contact.country is None or contact.country in self.countries
        return is_meant and self.first_day <= day <= self.last_day


class SegmentCap(TeamRule):
    """At most so many messages in so many days, for some people. It only tightens C-26, never loosens it."""

    messages: PositiveInt
    days: PositiveInt = Field(le=60)
    stages: tuple[LifecycleStage, ...] = ()
    seniorities: tuple[Seniority, ...] = ()
    countries: tuple[_Country, ...] = ()

    @property
    def limit(self) -> PressureLimit:
        """The cap as a limit."""
        return PressureLimit.in_days(self.messages, self.days)

    def is_for(self, contact: Contact) -> bool:
        """Tell whether the contact is in the segment; an unknown seniority or country is in every one."""
        return (
            (not self.stages or contact.lifecycle_stage in self.stages)
            and (not self.seniorities or contact.seniority in {*self.seniorities, Seniority.UNKNOWN})
            and (not self.countries or contact.country is None or contact.country in self.countries)
        )


class TeamRules(Noun):
    """Everything of one team. Empty where it has written nothing."""

    banned_phrases: tuple[BannedPhrase, ...] = ()
    claims_needing_sign_off: tuple[SignOffClaim, ...] = ()
    competitors: tuple[Competitor, ...] = ()
    brand_voice: tuple[VoiceWord, ...] = ()
    blackouts: tuple[Blackout, ...] = ()
    caps: tuple[SegmentCap, ...] = ()

    def blackout(self, contact: Contact, day: date) -> Blackout | None:
        """The first blackout that covers this contact's day, or None."""
        return next((one for one in self.blackouts if one.covers(contact, day)), None)

    def caps_for(self, contact: Contact) -> tuple[SegmentCap, ...]:
        """The caps of every segment the contact is in."""
        return tuple(cap for cap in self.caps if cap.is_for(contact))


def review_team(said: str, asset: ContentAsset | None, team: TeamRules) -> Iterator[Finding]:
    """Hold a message's words against the team's own rules.

    Args:
        said: subject and body as they arrive.
        asset: the content offered; a claim of it approved by the one whose sign-off is needed may be said.
        team: the team's rules.

    """
    plain = folded(said)
    for banned in team.banned_phrases:
        if found := _phrase(banned.phrase).search(plain):
            yield _finding(
                banned, banned.verdict, "the team does not use these words", found, "leave them out"
            )
    for claim in team.claims_needing_sign_off:
        found = _phrase(claim.phrase).search(plain)
        if found and not _is_signed_off(claim, asset):
            reason = f"these words need the sign-off of {claim.sign_off}, and no approved claim has it"
            yield _finding(claim, Severity.HOLD, reason, found, f"have {claim.sign_off} approve a claim")
    for rival in team.competitors:
        if found := _phrase(rival.name).search(plain):
            yield _finding(
                rival, rival.verdict, f"the message names {rival.name}", found, "leave the name out"
            )
    for word in team.brand_voice:
        if found := _phrase(word.phrase).search(plain):
            mend = f"say {word.instead!r}" if word.instead else "say it in other words"
            yield _finding(word, Severity.WARN, "the brand does not speak like this", found, mend)


def _is_signed_off(rule: SignOffClaim, asset: ContentAsset | None) -> bool:
    claims = asset.claims if asset else ()
    return any(
        claim.approved_by.casefold() == rule.sign_off.casefold()
        and _phrase(rule.phrase).search(folded(claim.text))
        for claim in claims
    )


def _finding(rule: TeamRule, severity: Severity, reason: str, found: re.Match[str], mend: str) -> Finding:
    why = f": {rule.why}" if rule.why else ""
    return Finding(
        rule_id=rule.id or "T-00", severity=severity, reason=f"{reason}{why}", span=found.group(), mend=mend
    )


@lru_cache(maxsize=512)
def _phrase(words: str) -> re.Pattern[str]:
    """The phrase as whole words, in any case, with any space or hyphen between them."""
    parts = re.split(r"[\s-]+", folded(words).strip())
    return re.compile(r"(?<!\w)" + r"[\s-]+".join(map(re.escape, parts)) + r"(?!\w)", re.IGNORECASE)
