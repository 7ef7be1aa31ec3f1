"""The one register: every rule, the functions that hold it, and where each of them is asked.

`rules.yaml` says what a rule means; here stands what carries it out. Tests hold the two against each other, so no
rule is promised without a function, none is asked without a line a person can read, and what nothing asks says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policies import (
    addresses,
    answering,
    autonomy,
    bounces,
    competition,
    consent,
    contactable,
    content,
    deadlines,
    eligibility,
    envelope,
    feedback,
    mail,
    opt_out,
    orders,
    pacing,
    quiet_hours,
    reading,
    reputation,
    send,
    sending_domain,
    sms,
    stakes,
    suppression,
    team,
)

Check = Callable[..., Any]

ELSEWHERE: dict[str, tuple[Check, ...]] = {
    "C-03": (suppression.refuses, suppression.unwanted_topic, deadlines.opt_out_alarm),
    "C-06": (reading.needs_a_reader,),
    "C-07": (content.review_message, reading.needs_a_reader, send.check_send),
    "C-08": (consent.refuses,),
    "C-09": (consent.refuses,),
    "C-10": (consent.soft_opt_in_gap, eligibility.fits),
    "C-11": (consent.expires_at,),
    "C-13": (suppression.refuses, suppression.may_profile),
    "C-14": (deadlines.alarm,),
    "C-15": (reading.needs_a_reader,),
    "C-16": (sms.review_sms,),
    "C-17": (opt_out.read_opt_out,),
    "C-18": (quiet_hours.shut,),
    "C-19": (suppression.refuses, bounces.refuses, bounces.stops_after),
    "C-20": (addresses.refuses,),
    "C-21": (mail.review_signature, mail.unsigned_because),
    "C-22": (answering.review_answer, reading.needs_a_reader),
    "C-23": (sending_domain.judge_domain,),
    "C-24": (reputation.judge_reputation,),
    "C-25": (mail.review_mail, mail.compare, answering.may_answer),
    "C-26": (contactable.may_contact, competition.compete),
    "A-01": (orders.gives_orders, stakes.assess),
    "A-02": (send.check_send,),
    "A-09": (stakes.assess,),
    "H-01": (contactable.may_contact,),
    "H-03": (content.review_message, reading.needs_a_reader),
    "H-05": (content.review_message,),
    "H-06": (send.check_send,),
    "H-07": (eligibility.fits, send.check_send),
    "H-10": (feedback.is_machine_agent, feedback.machine_clicks),
    "H-08": (stakes.assess,),
    "H-20": (pacing.warm_up, pacing.recipient_rate, pacing.channel_rate),
    "H-21": (pacing.is_overdue,),
    "H-22": (autonomy.may_go_alone, autonomy.with_autonomy),
    "T-00": (team.review_team, contactable.may_contact, quiet_hours.shut),
}
"""What is asked at doors other than the words and the envelope of one message."""


NOT_YET: dict[str, tuple[str, tuple[Check, ...]]] = {
    "C-16": ("no channel carries text messages", (sms.review_sms,)),
    "C-22": ("no machine answers anybody; drafts are asked", (answering.review_answer,)),
    "C-25": ("no machine answers anybody; mail that leaves is asked", (answering.may_answer,)),
}
"""Checks that nothing asks yet, with what is missing for it. Every other check of the register has its caller: a test
follows the calls from the rooms that act."""


def asked_by_nothing(rule_id: str) -> str | None:
    """Return what of a rule nothing asks yet, in plain words, or None where all of it is asked."""
    if rule_id not in NOT_YET:
        return None
    why, idle = NOT_YET[rule_id]
    asked = [check for check in checks_of(rule_id) if check not in idle]
    return (
        f"asked by nothing yet: {why}" if not asked else f"{idle[0].__name__} is asked by nothing yet: {why}"
    )


def checks_of(rule_id: str) -> tuple[Check, ...]:
    """Return every function that holds a rule."""
    words = [rule for one, rule in content.WORD_RULES if one == rule_id]
    parts = [rule for one, rule in envelope.RULES if one == rule_id]
    return (*parts, *words, *ELSEWHERE.get(rule_id, ()))


def every_id() -> tuple[str, ...]:
    """Return every rule that has a function, in order."""
    asked = {rule_id for rule_id, _ in (*content.WORD_RULES, *envelope.RULES)}
    return tuple(sorted(asked | ELSEWHERE.keys()))
