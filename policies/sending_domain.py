"""The domain we send from: SPF and DKIM pass, DMARC aligned, looked at lately (C-23, C-04).

Pure: whoever can ask the DNS brings what was found. Never having looked is itself a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from domain.base import Noun, UtcDatetime
from domain.message import Finding, Severity, Verdict
from domain.sender import SenderProfile
from policies.rulebook import DomainRules


class DomainCheck(Noun):
    """What the DNS said of one From domain at one time. None means it could not be asked."""

    domain: str
    checked_at: UtcDatetime
    has_spf: bool | None = None
    has_dkim: bool | None = None
    dmarc_policy: Literal["none", "quarantine", "reject"] | None = None
    spf_aligned: bool | None = None
    dkim_aligned: bool | None = None


def judge_domain(
    check: DomainCheck | None, sender: SenderProfile, now: datetime, rules: DomainRules
) -> Verdict:
    """Return what stands against sending from the sender profile's domain.

    Args:
        check: the newest look at the DNS; None if nobody looked yet.
        sender: whose From address it is about.
        now: aware UTC time; a look older than `rules.check_days` counts as none.
        rules: the rule book's `domain` section.

    """
    return Verdict(findings=tuple(_judged(check, sender, now, rules)))


def _judged(
    check: DomainCheck | None, sender: SenderProfile, now: datetime, rules: DomainRules
) -> Iterator[Finding]:
    domain = str(sender.from_email).rpartition("@")[2].lower()
    mend = "`attune doctor` looks at the DNS and says which record to set"
    if check is None:
        yield _block(f"nobody has looked at the DNS of {domain} yet", mend)
        return
    if check.domain.lower() != domain:
        yield _block(f"the DNS was looked at for {check.domain}, and mail is sent from {domain}", mend)
        return
    if now - check.checked_at > timedelta(days=rules.check_days):
        yield _block(f"the DNS of {domain} was last looked at on {check.checked_at:%Y-%m-%d}", mend)
    for found, what in ((check.has_spf, "SPF"), (check.has_dkim, "DKIM")):
        if found is not True:
            yield _block(
                f"{domain} has no valid {what} record" if found is False else f"{what} is unknown", mend
            )
    if check.dmarc_policy is None:
        yield _block(f"{domain} has no DMARC record", mend)
    if not (check.spf_aligned or check.dkim_aligned):
        yield _block(f"neither SPF nor DKIM is aligned with {domain}, so DMARC fails", mend)
    elif check.dmarc_policy == "none":
        yield Finding(
            rule_id="C-23",
            severity=Severity.WARN,
            reason=f"the DMARC policy of {domain} is `none`: it reports and protects nobody",
            mend="move to quarantine once the reports are clean",
        )


def _block(reason: str, mend: str) -> Finding:
    return Finding(rule_id="C-23", severity=Severity.BLOCK, reason=reason, mend=mend)
