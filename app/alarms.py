"""Alarms about deadlines of the law: opt-outs not obeyed at once (C-03), requests not answered in time (C-14).

`alarms` only looks; `attune doctor` and `/health` tell what it finds. `watch` is what a serving process does each
minute: it tells the audit of every alarm once, then obeys what it can.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.privacy.requests import pressing
from domain.base import Noun
from domain.message import Finding
from memory.crm.unobeyed import OptOutWatch
from policies.deadlines import opt_out_alarm

if TYPE_CHECKING:
    from app.wiring import House

TOLD_FACT = "alarms-told"
log = logging.getLogger("attune.alarms")


class Alarm(Noun):
    """One alarm: what it is about (`opt-out`, `privacy`), which one, what the rule says, what to do."""

    about: str
    subject: str
    finding: Finding
    mend: str

    @property
    def key(self) -> str:
        """What it is known by, from look to look: a warning that becomes overdue is told again."""
        return f"{self.finding.rule_id} {self.subject} {self.finding.severity.value}"


def alarms(house: House) -> list[Alarm]:
    """Return what is near or missed now, opt-outs first. Changes nothing."""
    now, rules = house.clock(), house.rules.deadlines
    found = []
    for one in OptOutWatch(house.engine, house.audit).unobeyed(now):
        if said := opt_out_alarm(one.asked_at, None, now, rules):
            mend = "`attune serve` obeys it within a minute"
            said = said.model_copy(update={"reason": f"{said.reason} ({one.subject})"})
            found.append(Alarm(about="opt-out", subject=one.subject, finding=said, mend=mend))
    for request, said in pressing(house):
        mend = "attune privacy list --open"
        found.append(Alarm(about="privacy", subject=request.id, finding=said, mend=mend))
    return found


def watch(house: House) -> list[Alarm]:
    """Tell the audit and the log of alarms not told yet, obey the opt-outs, and return every alarm that stands."""
    standing = alarms(house)
    keys = sorted(alarm.key for alarm in standing)
    told = (house.content.get_fact(TOLD_FACT) or {}).get("keys", [])
    for alarm in standing:
        if alarm.key not in told:
            log.warning("%s: %s", alarm.finding.rule_id, alarm.finding.reason)
            detail = {"rule": alarm.finding.rule_id, "severity": alarm.finding.severity.value}
            house.audit.append("alarm", alarm.subject, detail)
    if keys != told:
        house.content.set_fact(TOLD_FACT, {"keys": keys})
    OptOutWatch(house.engine, house.audit).obey(house.clock())
    return standing
