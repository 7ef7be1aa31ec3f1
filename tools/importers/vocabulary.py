"""What sources call stages, roles, deal kinds and stops, in our words. Unknown words are None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from domain.events import EventKind
from domain.people import BuyingRoleKind, DealKind, LifecycleStage, SuppressionReason

WordT = TypeVar("WordT", bound=StrEnum)

_STAGES = {
    "subscriber": LifecycleStage.SUBSCRIBER,
    "lead": LifecycleStage.LEAD,
    "prospect": LifecycleStage.LEAD,
    "opennotcontacted": LifecycleStage.LEAD,
    "open": LifecycleStage.LEAD,
    "new": LifecycleStage.LEAD,
    "workingcontacted": LifecycleStage.LEAD,
    "working": LifecycleStage.LEAD,
    "contacted": LifecycleStage.LEAD,
    "nurturing": LifecycleStage.LEAD,
    "unqualified": LifecycleStage.LEAD,
    "closednotconverted": LifecycleStage.LEAD,
    "mql": LifecycleStage.MQL,
    "marketingqualified": LifecycleStage.MQL,
    "marketingqualifiedlead": LifecycleStage.MQL,
    "sql": LifecycleStage.SQL,
    "salesqualified": LifecycleStage.SQL,
    "salesqualifiedlead": LifecycleStage.SQL,
    "salesacceptedlead": LifecycleStage.SQL,
    "qualified": LifecycleStage.SQL,
    "closedconverted": LifecycleStage.SQL,
    "converted": LifecycleStage.SQL,
    "opportunity": LifecycleStage.OPPORTUNITY,
    "customer": LifecycleStage.CUSTOMER,
    "client": LifecycleStage.CUSTOMER,
    "evangelist": LifecycleStage.CUSTOMER,
    "won": LifecycleStage.CUSTOMER,
}
_ROLES = {
    "champion": BuyingRoleKind.CHAMPION,
    "businessuser": BuyingRoleKind.USER,
    "enduser": BuyingRoleKind.USER,
    "user": BuyingRoleKind.USER,
    "decisionmaker": BuyingRoleKind.DECISION_MAKER,
    "executivesponsor": BuyingRoleKind.DECISION_MAKER,
    "economicbuyer": BuyingRoleKind.ECONOMIC_BUYER,
    "economicdecisionmaker": BuyingRoleKind.ECONOMIC_BUYER,
    "budgetholder": BuyingRoleKind.ECONOMIC_BUYER,
    "influencer": BuyingRoleKind.INFLUENCER,
    "evaluator": BuyingRoleKind.INFLUENCER,
    "technicalbuyer": BuyingRoleKind.INFLUENCER,
    "blocker": BuyingRoleKind.BLOCKER,
}
_DEAL_KINDS = {
    "newbusiness": DealKind.NEW,
    "newcustomer": DealKind.NEW,
    "new": DealKind.NEW,
    "renewal": DealKind.RENEWAL,
    "existingcustomerreplacement": DealKind.RENEWAL,
    "existingbusiness": DealKind.EXPANSION,
    "existingcustomerupgrade": DealKind.EXPANSION,
    "existingcustomerdowngrade": DealKind.RENEWAL,
    "addonbusiness": DealKind.EXPANSION,
    "expansion": DealKind.EXPANSION,
    "upsell": DealKind.EXPANSION,
    "crosssell": DealKind.EXPANSION,
}
_STOPS = {
    "unsubscribed": SuppressionReason.UNSUBSCRIBED,
    "unsubscribe": SuppressionReason.UNSUBSCRIBED,
    "optedout": SuppressionReason.UNSUBSCRIBED,
    "optout": SuppressionReason.UNSUBSCRIBED,
    "hardbounce": SuppressionReason.HARD_BOUNCE,
    "bounced": SuppressionReason.HARD_BOUNCE,
    "bounce": SuppressionReason.HARD_BOUNCE,
    "unreachable": SuppressionReason.HARD_BOUNCE,
    "complaint": SuppressionReason.COMPLAINT,
    "complained": SuppressionReason.COMPLAINT,
    "spam": SuppressionReason.COMPLAINT,
    "spamreport": SuppressionReason.COMPLAINT,
    "objection": SuppressionReason.OBJECTION,
    "objected": SuppressionReason.OBJECTION,
    "erased": SuppressionReason.ERASED,
    "manual": SuppressionReason.MANUAL,
    "donotcontact": SuppressionReason.MANUAL,
}
_ACTS = {
    "sent": EventKind.EMAIL_SENT,
    "email": EventKind.EMAIL_SENT,
    "delivered": EventKind.EMAIL_DELIVERED,
    "open": EventKind.EMAIL_OPENED,
    "opened": EventKind.EMAIL_OPENED,
    "click": EventKind.EMAIL_CLICKED,
    "clicked": EventKind.EMAIL_CLICKED,
    "reply": EventKind.EMAIL_REPLIED,
    "replied": EventKind.EMAIL_REPLIED,
    "bounce": EventKind.EMAIL_BOUNCED,
    "bounced": EventKind.EMAIL_BOUNCED,
    "softbounce": EventKind.EMAIL_SOFT_BOUNCED,
    "softbounced": EventKind.EMAIL_SOFT_BOUNCED,
    "complaint": EventKind.EMAIL_COMPLAINED,
    "spamreport": EventKind.EMAIL_COMPLAINED,
    "unsubscribe": EventKind.EMAIL_UNSUBSCRIBED,
    "unsubscribed": EventKind.EMAIL_UNSUBSCRIBED,
    "optout": EventKind.EMAIL_UNSUBSCRIBED,
    "pageview": EventKind.PAGE_VIEWED,
    "visit": EventKind.PAGE_VIEWED,
    "websitevisit": EventKind.PAGE_VIEWED,
    "form": EventKind.FORM_SUBMITTED,
    "formsubmission": EventKind.FORM_SUBMITTED,
    "formsubmit": EventKind.FORM_SUBMITTED,
    "download": EventKind.CONTENT_DOWNLOADED,
    "downloaded": EventKind.CONTENT_DOWNLOADED,
    "contentdownload": EventKind.CONTENT_DOWNLOADED,
    "webinar": EventKind.WEBINAR_ATTENDED,
    "attendedwebinar": EventKind.WEBINAR_ATTENDED,
    "trial": EventKind.TRIAL_STARTED,
    "startedtrial": EventKind.TRIAL_STARTED,
    "login": EventKind.PRODUCT_USED,
    "meeting": EventKind.MEETING_HELD,
    "demo": EventKind.MEETING_HELD,
    "bookedmeeting": EventKind.MEETING_BOOKED,
    "demorequest": EventKind.MEETING_BOOKED,
    "call": EventKind.CALL_HELD,
    "note": EventKind.NOTE_ADDED,
    "task": EventKind.TASK_ADDED,
    "ticket": EventKind.TICKET_OPENED,
}
_SOFT_BOUNCES = frozenset(
    {
        "mailboxfull",
        "throttled",
        "greylisting",
        "temporaryproblem",
        "timeout",
        "ipreputation",
        "domainreputation",
        "spam",
        "content",
        "policy",
        "attachment",
        "dmarc",
        "spf",
        "dnsfailure",
        "soft",
        "transient",
        "tempfail",
    }
)


def stage(cell: str) -> LifecycleStage | None:
    """A lifecycle stage or a lead status."""
    return _STAGES.get(_key(cell))


def role(cell: str) -> BuyingRoleKind:
    """A part in a purchase; an unknown word is the part `other`."""
    return _ROLES.get(_key(cell), BuyingRoleKind.OTHER)


def deal_kind(cell: str) -> DealKind | None:
    """New business, renewal or expansion; any word with "renew" in it is a renewal."""
    return DealKind.RENEWAL if "renew" in cell.lower() else _DEAL_KINDS.get(_key(cell))


def stop(cell: str) -> SuppressionReason | None:
    """Why somebody must not be written to."""
    return _STOPS.get(_key(cell))


def act(cell: str) -> EventKind | None:
    """What somebody did, from the words activity tables use; the verb may stand before or after its noun."""
    try:
        return word(EventKind, cell, _ACTS)
    except ValueError:
        pass
    parts = re.findall(r"[a-z0-9]+", cell.lower())
    swapped = (
        "".join(reversed(parts)),
        "".join(part for part in parts if part not in {"email", "mail", "e"}),
    )
    for turned in swapped:
        known = next((kind for kind in EventKind if _key(kind.value) == turned), None) or _ACTS.get(turned)
        if known is not None:
            return known
    return None


def is_soft_bounce(category: str) -> bool:
    """Tell whether a bounce may pass by itself. What is not known to be soft is hard."""
    return _key(category) in _SOFT_BOUNCES


def word(kind: type[WordT], cell: str, known: Mapping[str, WordT] | None = None) -> WordT | None:
    """One of our own words, however its letters are cased or joined. Raises ValueError for any other."""
    key = _key(cell)
    if not key:
        return None
    for member in kind:
        if _key(member.value) == key:
            return member
    if known and key in known:
        return known[key]
    allowed = ", ".join(member.value for member in kind)
    raise ValueError(f"{cell.strip()[:60]!r} is none of {allowed}")


def _key(cell: str) -> str:
    return re.sub(r"[^a-z0-9]", "", cell.lower())
