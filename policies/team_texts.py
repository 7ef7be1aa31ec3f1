"""A team's rules in plain words, to stand beside the law in every listing."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rulebook import RuleText
from policies.team import Blackout, SegmentCap, TeamRules

_WORDS = "draft, send"


def team_texts(team: TeamRules) -> tuple[RuleText, ...]:
    """Return one text a rule, in the order of the file."""
    return tuple(_texts(team))


def _texts(team: TeamRules) -> Iterator[RuleText]:
    for banned in team.banned_phrases:
        plain = f"No message says {banned.phrase!r}."
        yield _text(
            banned.id, "Banned phrase", plain, banned.verdict.value, _WORDS, "Leave it out.", banned.why
        )
    for claim in team.claims_needing_sign_off:
        plain = f"{claim.phrase!r} is said only in a claim {claim.sign_off} approved; else a person looks."
        mend = f"Have {claim.sign_off} approve a claim of the content."
        yield _text(claim.id, "Claim needing sign-off", plain, "hold", _WORDS, mend, claim.why)
    for rival in team.competitors:
        plain = f"{rival.name} is not named."
        yield _text(
            rival.id, "Competitor", plain, rival.verdict.value, _WORDS, "Leave the name out.", rival.why
        )
    for word in team.brand_voice:
        plain = f"The brand does not say {word.phrase!r}."
        mend = f"Say {word.instead!r}." if word.instead else "Say it in other words."
        yield _text(word.id, "Brand voice", plain, "warn", _WORDS, mend, word.why)
    for blackout in team.blackouts:
        when = f"{blackout.first_day} to {blackout.last_day}{_where(blackout)}"
        plain = f"Nothing goes out from {when}; it waits."
        yield _text(blackout.id, "Blackout", plain, "block until it ends", "send", "Wait.", blackout.why)
    for cap in team.caps:
        plain = f"{_who(cap)} hear from us {cap.limit.in_words}."
        yield _text(cap.id, "Cap by segment", plain, "block", "audience, send", "Wait.", cap.why)


def _text(rule_id: str, title: str, plain: str, verdict: str, when: str, mend: str, why: str) -> RuleText:
    said = f"{plain} {why}".strip()
    return RuleText(id=rule_id, title=title, plain=said, verdict=verdict, when=when, mend=mend, origin="team")


def _where(blackout: Blackout) -> str:
    return f" in {', '.join(blackout.countries)}" if blackout.countries else ""


def _who(cap: SegmentCap) -> str:
    parts = [*(s.value for s in cap.stages), *(s.value for s in cap.seniorities), *cap.countries]
    return "Contacts" if not parts else f"Contacts who are {', '.join(parts)}"
