"""The conditions in a question for a list: each is understood, or the question is not.

A condition that was passed over would make a wrong list that looks right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from agents.understudy.talk_acts import act_in, filler, without
from agents.understudy.talk_question import Question, quoted_in
from agents.understudy.talk_words import (
    QUOTED,
    countries_in,
    days_in,
    names_a_date,
    stages_in,
    unquoted,
)

QUIET_DAYS = 14
"""Gone quiet means so long without an act, unless a question says otherwise."""

_NAME = r"((?:[A-Z][\w&.'-]*)(?: (?:[A-Z&][\w&.'-]*))*)"
_QUIET = re.compile(
    r"\b(?:(?:have |has |had )?(?:went|gone|go|going|fell|fallen|turned|been|became|got|grew|are|is|were)? ?"
    r"(?:quiet|silent|cold|dark|inactive|dormant|asleep)"
    r"|stopped (?:respond|reply|answer|com)ing(?: back)?(?: to us)?|(?:did|have done|has done|doing|done) nothing"
    r"|(?:no|without(?: any)?) (?:activity|sign of life)|(?:(?:are|is|were|have|has) )?not (?:been )?active"
    r"|(?:we )?(?:have|has) not heard (?:from|of))\b",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(?:leads?|heads?|managers?|directors?|chiefs?|officers?|buyers?|planners?|analysts?|engineers?|owners?|"
    r"executives?|vps?|presidents?|cfos?|ceos?|ctos?|cios?|coos?|cmos?|specialists?|coordinators?|"
    r"operations|finance|procurement|"
    r"logistics|warehouse|supply|chain|marketing|security|it)\b",
    re.IGNORECASE,
)


JOBS = re.compile(
    r"\b(?:managers|directors|heads|buyers|planners|analysts|engineers|executives|specialists|"
    r"officers|presidents|vps|c[efotim]os)\b",
    re.IGNORECASE,
)
"""Jobs in the plural, which are people wherever they stand."""

_NO_PLURALS = frozenset({"logistics", "operations"})


@dataclass
class Sought:
    """What was understood so far."""

    words: list[str] = field(default_factory=list)
    stages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    account: str | None = None
    did: list[dict[str, Any]] = field(default_factory=list)
    quiet_days: int | None = None
    is_lost: bool = False
    """Something that stands for a field could be none."""

    days: int | None = None
    """Said before anything they did."""

    @property
    def asks_something(self) -> bool:
        return bool(
            self.words
            or self.stages
            or self.countries
            or self.owners
            or self.industries
            or self.account
            or self.did
            or self.quiet_days
        )


def understood(asked: Question, said: str, is_accounts: bool) -> Sought | None:
    """The conditions in these words; None where a word of them is left over."""
    if names_a_date(said):
        return None
    sought = Sought()
    rest = _fields(asked, said, sought, is_accounts)
    if sought.is_lost:
        return None
    parts = re.split(
        r",|;|\band (?:then |who )?|\bbut\b|\bthen\b|\bwho\b|\bthat\b", rest, flags=re.IGNORECASE
    )
    if not all(_clause(part, sought, is_accounts) for part in parts):
        return None
    if sought.days is not None:
        if not sought.did:
            return None
        sought.did[0].setdefault("within_days", sought.days)
    return sought


def _fields(asked: Question, said: str, sought: Sought, is_accounts: bool) -> str:
    """Take what stands for fields out of the words: owner, company, name, industry, countries, stages."""
    if found := re.search(
        rf"\b(?:owned by|owner(?: is)?|looked after by|belonging to|assigned to) (?:\"([^\"]+)\"|{_NAME})",
        said,
    ):
        sought.owners = (found[1] or found[2],)
        said = without(said, found)
    elif found := re.search(rf"\b{_NAME}'s? (?=accounts|contacts|companies|people|leads|customers)", said):
        sought.owners = (found[1].removesuffix("'s"),)
        said = without(said, found)
    if found := re.search(
        r"\b(?:named|called(?! us\b)|matching|with(?: the)? name|by the name of) (\"[^\"]+\"|[\w' -]+?)(?= "
        r"(?:in|from|at|who|that|with)\b|$)",
        said,
        re.IGNORECASE,
    ):
        sought.words.append(unquoted(found[1]))
        said = without(said, found)
    found = re.search(
        r"\b(?:in|from|industry(?: is)?|sector(?: is)?) (?:the )?([a-z][a-z ]{2,30}?) (?:industry|sector|business)\b",
        said,
    )
    found = found or re.search(r"\b(?:industry|sector)(?: is| =)? \"?([a-z][a-z-]+)\"?", said, re.IGNORECASE)
    if found:
        sought.industries = (_as_crm_says(found[1]),)
        said = without(said, found)
    sought.countries, said = countries_in(said)
    if not is_accounts:
        pattern = (
            rf"\b(?:at|from|of|with|working (?:at|for)|in) (?:(there)\b|\"([^\"]+)\"|{_NAME}|(?:the "
            rf")?(first|second|third|fourth|last) (?:one|company|account))"
        )
        if found := re.search(pattern, said):
            meant = found[1] or found[2] or found[3] or f"the {found[4]} one"
            sought.account = asked.account(meant)
            sought.is_lost = sought.account is None
            said = without(said, found)
        elif found := re.search(r"\bthere$", said):
            if not re.search(r"\b(?:are|is) there$", said):
                sought.account = asked.account("there")
            said = without(said, found)
    if (name := quoted_in(said)) is not None:
        sought.words.append(name.strip())
        said = QUOTED.sub(" ", said, count=1)
    # A “lead” of something is a job, not a stage.
    jobs = re.search(
        r"\b(?:operations|finance|logistics|warehouse|marketing|security|it|procurement|supply chain|sales) leads?\b",
        said,
        re.IGNORECASE,
    )
    if jobs and not is_accounts:
        sought.words += jobs[0].split()[:-1]
        said = without(said, jobs)
    sought.stages, said = stages_in(said)
    return said


def _clause(clause: str, sought: Sought, is_accounts: bool) -> bool:
    """Understand one clause; tell whether nothing in it was left over."""
    days, rest = days_in(clause)
    is_quiet = _QUIET.search(rest)
    if is_quiet:
        before, after = rest[: is_quiet.start()], rest[is_quiet.end() :]
        sought.quiet_days = days or QUIET_DAYS
        days, rest = None, f"{before} {after}"
    did, rest = act_in(rest, days)
    if did is not None:
        sought.did.append(did)
    elif days is not None and not is_quiet:
        if sought.did:
            sought.did[-1].setdefault("within_days", days)
        else:
            sought.days = days
    left = [word for word in re.findall(r"[\w&'-]+", rest) if word.lower() not in filler()]
    if not left:
        return True
    if did is not None and all(_ROLE.fullmatch(word) for word in left) and JOBS.fullmatch(left[-1]):
        sought.words += [_one_of(word) for word in left]
        return True
    if did is None and all(_ROLE.fullmatch(word) or word[0].isupper() for word in left):
        if is_accounts and all(_ROLE.fullmatch(word) for word in left):
            sought.industries = (_as_crm_says(" ".join(left)),)
        else:
            sought.words += [_one_of(word) for word in left]
        return True
    industry = re.search(
        r"\b(?:in )?([a-z]+(?: [a-z]+)?)\s*(?:accounts|companies|firms)?\s*$|\b([a-z]+(?: "
        r"[a-z]+)?) (?:accounts|companies|firms)\b",
        rest.strip(),
    )
    if (
        is_accounts
        and did is None
        and not is_quiet
        and not sought.industries
        and industry
        and len(left) <= 2
        and _is_industry(rest, left)
    ):
        sought.industries = (_as_crm_says(" ".join(left)),)
        return True
    return False


def _one_of(word: str) -> str:
    """A job in the singular, as people have it: `CEOs` as `CEO`; any other word as it is."""
    is_job = _ROLE.fullmatch(word) and word.lower() not in _NO_PLURALS
    return re.sub(r"s$", "", word, flags=re.IGNORECASE) if is_job else word


def _is_industry(rest: str, left: list[str]) -> bool:
    """`in retail`, `retail companies`: right before the noun, or right after “in”."""
    name = re.escape(" ".join(left))
    return bool(
        re.search(rf"\bin (?:the )?{name}\b|\b{name} (?:accounts|companies|firms)\b", " ".join(rest.split()))
    )


def _as_crm_says(industry: str) -> str:
    """`building materials` as most CRMs write it: `Building materials`."""
    bare = " ".join(industry.split())
    return bare[:1].upper() + bare[1:]
