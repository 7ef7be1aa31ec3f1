"""Looks at the DNS of the domain we send from and remembers what was found, for the rule that asks daily (C-23)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.providers import signer_of
from app.steering import hold_every
from domain.message import Verdict
from policies.sending_domain import DomainCheck, judge_domain
from tools.sender_domain import DnsLook, look_at

if TYPE_CHECKING:
    from app.wiring import House

FACT = "sending-domain"
DOMAIN_CHECK = "the domain check"


def look(house: House) -> tuple[list[DnsLook], DomainCheck]:
    """Ask the DNS now, keep what was found, and return it. A DNS that cannot be asked replaces nothing.

    SPF is aligned where the envelope sender is the From address, which is so by SMTP; what a provider uses there
    is its own. DKIM is aligned where the domain holds the selector's key: signatures are of the From domain.
    """
    settings = house.settings
    domain = str(house.sender.from_email).rpartition("@")[2].lower()
    is_smtp = settings.channel == "smtp"
    signer = signer_of(settings) if is_smtp else None
    looks = look_at(domain, settings.dkim_selector, signer.public_key if signer else None, house.resolver)
    found = {one.what: one for one in looks}
    spf, dkim, dmarc = (_is_there(found, what) for what in ("SPF", "DKIM", "DMARC"))
    check = DomainCheck(
        domain=domain,
        checked_at=house.clock(),
        has_spf=spf,
        has_dkim=dkim,
        dmarc_policy=_policy(found) if dmarc else None,
        spf_aligned=spf if is_smtp else None,
        dkim_aligned=dkim,
    )
    if any(one.is_there is not None for one in looks):
        house.content.set_fact(FACT, check.model_dump(mode="json"))
    return looks, check


def last_look(house: House) -> DomainCheck | None:
    """What was found the last time the DNS could be asked, or None."""
    kept = house.content.get_fact(FACT)
    return DomainCheck.model_validate(kept) if kept else None


def judged(house: House, check: DomainCheck | None) -> Verdict:
    """What stands against sending from this domain, by the rule book."""
    return judge_domain(check, house.sender, house.clock(), house.rules.domain)


def hold_if_broken(house: House, looks: list[DnsLook], check: DomainCheck) -> list[str]:
    """Trip every campaign where the rule blocks and the DNS itself says what is missing; return those it tripped.

    A DNS that could not be asked trips nothing. SPF counts by SMTP only: a provider's envelope has its own domain.
    """
    is_smtp = house.settings.channel == "smtp"
    missing = [one for one in looks if one.is_there is False and (one.what != "SPF" or is_smtp)]
    if not missing or not judged(house, check).blocks:
        return []
    words = "; ".join(f"{one.what} of {check.domain}: {one.says}" for one in missing)
    return hold_every(house, DOMAIN_CHECK, f"C-23: {words}")


def _is_there(found: dict[str, DnsLook], what: str) -> bool | None:
    return found[what].is_there if what in found else None


def _policy(found: dict[str, DnsLook]) -> Any:
    policy = found["DMARC"].policy
    return policy if policy in {"none", "quarantine", "reject"} else "none"
