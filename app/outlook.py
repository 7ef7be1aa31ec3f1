"""What hand-off and churn say about single contacts, for the stakes of writing to them and for the chat."""

from __future__ import annotations

from collections.abc import Mapping

from domain.leads import ChurnList, HandOffList, Outlook


def outlooks(
    hand_off: HandOffList, churn: ChurnList, account_of: Mapping[str, str | None]
) -> dict[str, Outlook]:
    """Return an outlook for every contact either list speaks of; without skill, nobody.

    Args:
        account_of: account id (or None) by contact id, for the contacts in question.
    """
    leads = {lead.contact_id: lead for lead in hand_off.leads}
    risks = {risk.account_id: risk for risk in churn.accounts}
    found = {}
    for contact_id, account_id in account_of.items():
        lead, risk = leads.get(contact_id), risks.get(account_id or "")
        if lead is None and risk is None:
            continue
        reasons = [r for r in (risk.likelihood.reasons if risk else ()) if r.log_odds > 0]
        found[contact_id] = Outlook(
            contact_id=contact_id,
            hand_off_probability=lead.likelihood.probability if lead else None,
            is_picked_for_hand_off=lead is not None,
            churn_probability=risk.likelihood.probability if risk else None,
            churn_lift=risk.lift if risk else None,
            churn_reason=reasons[0].text if reasons else "",
        )
    return found
