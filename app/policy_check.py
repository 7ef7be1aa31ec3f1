"""Holds one mail on disk against every rule, as the sending transaction would. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.wiring import House
from domain.content import ContentAsset
from domain.dossier import Standing
from domain.errors import InvalidFile, NotFound
from domain.message import Finding, Message, OutboxEntry, Severity
from domain.people import Contact
from domain.review import DraftRecord
from memory.crm.standing import standing_for_send, standing_of
from policies.book import every_id
from policies.contactable import may_contact
from policies.content import review_message
from policies.mail import Mail, message_of, read_mail, review_signature
from policies.quiet_hours import shut
from policies.rulebook import RuleText

MOST_BYTES = 10_000_000

NEVER_ASKED = frozenset({"C-14", "C-16", "C-17", "C-23", "C-24", "A-09", "H-01", "H-06", "H-08"})
"""Rules about something else than one mail: requests, texts, replies, the DNS, rates, the outbox, stakes."""


@dataclass(frozen=True)
class Report:
    """What every rule says of one mail."""

    subject: str
    contact: str
    known_as: str
    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    not_asked: tuple[str, ...]

    @property
    def stops(self) -> bool:
        """Tell whether the mail could not go out as it is."""
        return any(finding.severity is not Severity.WARN for finding in self.findings)

    def as_record(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "subject": self.subject,
            "contact": self.contact,
            "on_record": self.known_as,
            "stops": self.stops,
            "findings": [finding.model_dump(mode="json") for finding in self.findings],
            "passed": list(self.passed),
            "not_asked": list(self.not_asked),
        }


def check(house: House, file: Path, to: str, asset_id: str | None) -> Report:
    """Return what the rules say of this mail to this contact now.

    Raises:
        InvalidFile: the file is no mail of one sender, one recipient, a text and an HTML part.
        NotFound: there is no such contact, or no such content.

    """
    raw = _bytes(file)
    mail = read_mail(raw)
    contact = _contact(house, to)
    try:
        message = message_of(mail, contact.id)
    except ValueError as problem:
        raise InvalidFile(file, f"is not a mail the rules can judge: {problem}.") from None
    entry = _entry(house, mail)
    made = house.archive.made_for(entry.decision_id) if entry else None
    asset = _asset(house, asset_id, entry)
    findings = _findings(house, _standing(house, contact, entry), message, mail, raw, made, asset, entry)
    found = {finding.rule_id for finding in findings}
    asked = [rule_id for rule_id in every_id() if rule_id not in NEVER_ASKED]
    return Report(
        subject=message.subject,
        contact=f"{contact.name} ({contact.id})",
        known_as=f", on record as {entry.id}" if entry else ", a mail nobody here knows",
        findings=tuple(_with_mend(finding, house.rules.texts) for finding in findings),
        passed=tuple(rule_id for rule_id in asked if rule_id not in found),
        not_asked=tuple(sorted(NEVER_ASKED)),
    )


def _findings(
    house: House,
    standing: Standing,
    message: Message,
    mail: Mail,
    raw: bytes,
    made: DraftRecord | None,
    asset: ContentAsset | None,
    entry: OutboxEntry | None,
) -> tuple[Finding, ...]:
    now, rules, contact = house.clock(), house.rules, standing.contact
    found: list[Finding] = []
    if refusal := may_contact(standing, None, now, rules, asset):
        found.append(_block(refusal.rule_id, refusal.reason))
    if message.to_address.lower() != (contact.email or "").lower():
        found.append(_block("A-02", f"the mail is made out to {message.to_address}, not to {contact.email}"))
    if why := shut(contact, now, rules):
        found.append(why)
    if mail.all("DKIM-Signature"):
        found += review_signature(mail)
    is_ours = made is not None and made.message is not None and made.message.sha256 == message.sha256
    draft, evidence = (made.draft, made.evidence) if made and is_ours else (None, ())
    found += review_message(
        message, draft, evidence, asset, house.sender, rules, now.date(), raw=raw
    ).findings
    if entry is not None and not is_ours:
        found.append(_block("A-02", f"the mail says it is {entry.id}, and its words are not that message's"))
    return tuple(found)


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidFile(file, f"is larger than {MOST_BYTES:,} bytes.")
        raw = file.read_bytes()
    except OSError as problem:
        raise InvalidFile(file, f"cannot be read: {problem.strerror}.") from None
    # Editors write line ends of their own; on the wire they are CRLF.
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _contact(house: House, to: str) -> Contact:
    if "@" not in to:
        return house.crm.contact(to)
    wanted = to.strip().lower()
    found = [c for c, _ in house.audience.contacts_with_accounts() if (c.email or "").lower() == wanted]
    if not found:
        raise NotFound("contact", to, "See `attune contact list`.")
    return found[0]


def _entry(house: House, mail: Mail) -> OutboxEntry | None:
    entry_id = mail.one("X-Attune-Id").rpartition("/")[2]
    try:
        return house.outbox.get(entry_id) if entry_id else None
    except NotFound:
        return None


def _standing(house: House, contact: Contact, entry: OutboxEntry | None) -> Standing:
    """As the sending transaction would read it: a mail of ours does not count against itself."""
    with house.engine.connect() as connection:
        if entry is not None and entry.contact_id == contact.id:
            return standing_for_send(connection, entry, house.clock())
        return standing_of(connection, contact.id, house.clock())


def _asset(house: House, asset_id: str | None, entry: OutboxEntry | None) -> ContentAsset | None:
    if asset_id is None and entry is not None:
        asset_id = house.crm.decision(entry.decision_id).action.asset_id
    return house.crm.asset(asset_id) if asset_id else None


def _with_mend(finding: Finding, texts: Mapping[str, RuleText]) -> Finding:
    """What mends it: the finding's own word, or the rule's."""
    if finding.mend or finding.rule_id not in texts:
        return finding
    return finding.model_copy(update={"mend": texts[finding.rule_id].mend})


def _block(rule_id: str, reason: str) -> Finding:
    return Finding(rule_id=rule_id, severity=Severity.BLOCK, reason=reason)
