"""What hand-off and churn say of one contact or one company, in words; where they cannot tell, that is what is said."""

from __future__ import annotations

from app.kept_lists import KeptLists
from domain.base import Noun, UtcDatetime
from domain.leads import ChurnList, HandOffList, Likelihood
from domain.people import Contact, LifecycleStage, Suppression
from policies.addresses import is_shared
from policies.rulebook import AddressRules
from policies.suppression import may_profile

NOT_YET = (
    "Cannot be told yet: it was not reckoned. `attune serve` does it once a day; the page of leads does it when you "
    "ask for it there."
)


class Prospect(Noun):
    """One thing that may come about. `likelihood` is there only where something can be told of this very one."""

    words: str
    likelihood: Likelihood | None = None
    reckoned_at: UtcDatetime | None = None
    is_striking: bool = False


def hand_off_of(
    contact: Contact, suppressions: tuple[Suppression, ...], kept: KeptLists | None, rules: AddressRules
) -> Prospect:
    """Say whether a contact is one to pass to sales now, and why, or why that cannot be said."""
    objected = may_profile(contact, suppressions)
    if objected is not None:
        return Prospect(words=f"{objected.reason} ({objected.rule_id}).")
    if kept is None:
        return Prospect(words=NOT_YET)
    found, asked = kept.lead_of(contact.id), kept.hand_off
    if found is not None:
        place, lead = found
        return Prospect(
            words=f"{lead.likelihood.probability:.0%} likely to become an SQL within {asked.window_days} days: "
            f"number {place} of the {asked.considered:,} MQLs by what they are worth to sales.",
            likelihood=lead.likelihood,
            reckoned_at=kept.made_at,
            is_striking=place <= asked.capacity // 10,
        )
    if contact.lifecycle_stage is not LifecycleStage.MQL:
        stage = contact.lifecycle_stage.value
        stage = stage.upper() if stage == "sql" else stage
        return Prospect(words=f"Hand-off looks at MQLs, and this contact is in the stage {stage}.")
    if is_shared(contact.email, rules):
        return Prospect(
            words="A shared mailbox, where no one person reads: it is not passed to sales (C-20)."
        )
    return Prospect(words=_not_picked(asked), reckoned_at=kept.made_at)


def churn_of(account_id: str, customers: int, kept: KeptLists | None, objected: bool = False) -> Prospect:
    """Say whether a company is likely to leave, and why, or why that cannot be said."""
    if objected:
        return Prospect(
            words="Everybody we know there objected to being profiled, so nothing is reckoned (C-13)."
        )
    if kept is None:
        return Prospect(words=NOT_YET)
    risk, asked = kept.risk_of(account_id), kept.churn
    if risk is not None:
        return Prospect(
            words=f"{risk.likelihood.probability:.0%} likely to leave within {asked.window_days} days, "
            f"{risk.lift:.1f} times the average customer.",
            likelihood=risk.likelihood,
            reckoned_at=kept.made_at,
            is_striking=True,
        )
    if not customers:
        return Prospect(words="Churn looks at customers, and nobody here is one.")
    return Prospect(words=_not_elevated(asked), reckoned_at=kept.made_at)


def _not_picked(asked: HandOffList) -> str:
    if not asked.skill.has_skill:
        return asked.text
    cut = f"; the last of those has {asked.cut_probability:.0%}" if asked.cut_probability is not None else ""
    return f"An MQL, but not among the {len(asked.leads):,} worth most to sales now{cut}."


def _not_elevated(asked: ChurnList) -> str:
    if not asked.skill.has_skill:
        return asked.text
    average = f"; the average customer has {asked.average:.0%}" if asked.average is not None else ""
    return f"No elevated risk within {asked.window_days} days{average}."
