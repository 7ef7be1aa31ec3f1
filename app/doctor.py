"""What is configured, reachable, missing; each with what to do about it. Nothing here changes anything;
only what the DNS said of the sender's domain is kept, with its date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from app import loop
from app.settings import Settings
from domain.errors import AttuneError


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    state: Literal["ok", "note", "missing"]
    says: str
    mend: str = ""

    def as_record(self) -> dict[str, Any]:
        """The finding as JSON."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a run needs; a look that fails is itself a finding."""
    from app.wiring import House, open_house

    try:
        house = open_house(settings)
    except AttuneError as error:
        return [Finding("workspace", "missing", str(error))]
    try:
        looks: list[Callable[[House], Iterator[Finding]]] = [
            _workspace, _database, _rules, _sender, _content, _model, _history, _channel, _opt_out, _feedback, _dns,
            _alarms, _team,
        ]  # fmt: skip
        found: list[Finding] = []
        for look in looks:
            try:
                found.extend(look(house))
            except AttuneError as error:
                # A file that cannot be read stops more than one look; it is told once.
                if str(error) not in {one.says for one in found}:
                    found.append(Finding(look.__name__.strip("_"), "missing", str(error)))
        return found
    finally:
        house.close()


def _workspace(house: Any) -> Iterator[Finding]:
    yield Finding("workspace", "ok", str(house.workspace.folder.resolve()))
    if house.label:
        yield Finding("data", "note", house.label)


def _database(house: Any) -> Iterator[Finding]:
    from memory.crm.engine import is_sqlite
    from memory.crm.migrate import head, is_current, revision_of

    kind = "SQLite in the workspace" if is_sqlite(house.engine) else "PostgreSQL (ATTUNE_DATABASE_URL)"
    if not is_current(house.engine):
        yield Finding(
            "database",
            "missing",
            f"{kind} is at revision {revision_of(house.engine)}, this release needs {head()}.",
            "attune init",
        )
        return
    counts = house.crm.counts()
    yield Finding(
        "database",
        "ok",
        f"{kind}: {counts['contacts']:,} contacts, {counts['accounts']:,} accounts, {counts['events']:,} events",
        "" if counts["contacts"] else "attune import hubspot|salesforce|csv …",
    )
    broken = house.audit.verify()
    if broken is not None:
        yield Finding(
            "audit", "missing", f"the audit chain is broken at line {broken}", "attune audit verify"
        )


def _rules(house: Any) -> Iterator[Finding]:
    team = house.rules.team
    many = sum(len(getattr(team, name)) for name in type(team).model_fields)
    own = f"{many} of your own" if many else "none of your own"
    yield Finding("rules", "ok", f"law and house, {own} ({house.workspace.team_rules_file.name})")


def _sender(house: Any) -> Iterator[Finding]:
    from app.workspace import placeholders
    from policies.envelope import incomplete_address

    sender, file = house.sender, house.workspace.sender_file
    incomplete = incomplete_address(sender)
    if incomplete:
        yield Finding(
            "sender",
            "missing",
            f"{incomplete.reason}, so every message would be blocked ({incomplete.rule_id})",
            f"{incomplete.mend}: {file}",
        )
    untouched = placeholders(sender)
    if untouched:
        yield Finding(
            "sender",
            "missing",
            f"still as `attune init` wrote it: {', '.join(untouched)}; messages would name a company that is not yours",
            f"fill it in: {file}",
        )
    if not incomplete and not untouched:
        yield Finding("sender", "ok", f"{sender.from_name} <{sender.from_email}>")


def _content(house: Any) -> Iterator[Finding]:
    assets = house.crm.assets(only_active=True)
    if not assets:
        yield Finding(
            "content", "missing", "no content assets: there is nothing to say", "attune content import FILE"
        )
        return
    bare = [asset.id for asset in assets if not asset.claims]
    claims = sum(len(asset.claims) for asset in assets)
    yield Finding("content", "ok", f"{len(assets)} active assets with {claims} approved claims")
    if bare:
        yield Finding(
            "content",
            "note",
            f"without approved claims: {', '.join(bare[:5])}",
            "a draft can say little about them",
        )


def _model(house: Any) -> Iterator[Finding]:
    settings: Settings = house.settings
    if not settings.model_is_on:
        yield Finding(
            "model",
            "note",
            "none: the understudy (deterministic, no model) plays every agent's part",
            "set OPENAI_API_KEY (or OPENAI_BASE_URL) and ATTUNE_MODEL",
        )
        return
    where = settings.openai_base_url or "the provider's own address"
    from tools.models.reach import reach

    key = settings.openai_api_key
    problem = reach(settings.openai_base_url, key.get_secret_value() if key else None)
    if problem:
        yield Finding(
            "model", "missing", f"{settings.model} at {where}: {problem}", "check the address and the key"
        )
    else:
        yield Finding("model", "ok", f"{settings.model} at {where}")


def _history(house: Any) -> Iterator[Finding]:
    many = sum(house.history.counts().values())
    yield Finding("history", "ok", f"Chroma, embedder {house.embedder.name}, {many:,} memories")
    if not house.history.holds_vectors:
        yield Finding("history", "note", "another process holds the vectors; recall embeds anew meanwhile")


def _channel(house: Any) -> Iterator[Finding]:
    name = house.settings.channel
    if name == "mailbox":
        yield Finding(
            "channel",
            "note",
            f"mailbox: messages become .eml files in {house.workspace.mailbox}; nothing leaves this machine",
            "set ATTUNE_CHANNEL (smtp, sendgrid, mailgun, postmark, ses, resend) to send; see docs/delivery.md",
        )
        return
    channel = house.channel
    if name != "smtp":
        yield Finding("channel", "ok", f"{name}: key set (not tried: that would need a message)")
        return
    problem = loop.run(channel.reach())
    where = f"SMTP {house.settings.smtp_host}:{house.settings.smtp_port} ({house.settings.smtp_tls})"
    yield Finding("channel", "missing" if problem else "ok", f"{where}{f': {problem}' if problem else ''}")
    if house.settings.dkim_selector is None:
        yield Finding(
            "DKIM",
            "note",
            "SMTP mail is not signed by us",
            "set ATTUNE_DKIM_SELECTOR and a key, or let the server sign",
        )


def _opt_out(house: Any) -> Iterator[Finding]:
    """The door that opt-out links lead to."""
    from app.link_key import fingerprint_of

    url = str(house.sender.unsubscribe_url)
    if not url.startswith("https://"):
        yield Finding(
            "opt-out",
            "missing",
            f"{url} is not https, so every message would be blocked (C-21)",
            "set unsubscribe_url",
        )
        return
    source = "ATTUNE_LINK_KEY" if house.settings.link_key else house.workspace.key_file.name
    yield Finding(
        "opt-out",
        "note",
        f"links are signed with {source} ({fingerprint_of(house.link_key)}, as the database knows it), lead to {url}",
        "that address must reach this workspace's door (`attune serve`)",
    )


def _feedback(house: Any) -> Iterator[Finding]:
    """What can come back."""
    names = sorted(house.webhooks)
    channel = house.settings.channel
    if names:
        yield Finding("webhooks", "ok", ", ".join(f"/webhooks/{name}" for name in names))
    if channel not in {"mailbox", "smtp", *names}:
        yield Finding(
            "webhooks",
            "missing",
            f"no secret for {channel}'s webhooks: bounces and complaints would not be heard of",
            "see docs/delivery.md",
        )
    inbox = house.settings.imap_host
    if inbox or house.inbound_hooks:
        posted = [f"/inbound/{name}" for name in sorted(house.inbound_hooks)]
        yield Finding("inbox", "ok", ", ".join([*([f"IMAP {inbox}"] if inbox else []), *posted]))
    elif channel != "mailbox":
        yield Finding(
            "inbox",
            "note",
            "nobody reads replies: opt-outs in plain words are not seen",
            "set ATTUNE_IMAP_HOST",
        )


def _dns(house: Any) -> Iterator[Finding]:
    """SPF, DKIM and DMARC of the sender's domain; asked only where something is really sent."""
    if house.settings.channel == "mailbox":
        return
    from app.sending_domain import judged, look

    looks, check = look(house)
    for one in looks:
        yield Finding(one.what, one.state, one.says, one.mend)
    if any(one.is_there is not None for one in looks):
        for finding in judged(house, check).findings:
            state: Literal["note", "missing"] = "missing" if finding.severity.value == "block" else "note"
            yield Finding(finding.rule_id, state, finding.reason, finding.mend or "")


def _team(house: Any) -> Iterator[Finding]:
    from domain.staff import Role
    from memory.crm.staff import StaffStore

    members = StaffStore(house.engine, house.audit, house.clock).members(only_active=True)
    if not members:
        yield Finding("team", "note", "nobody is a member of the web app yet", "attune serve")
        return
    admins = sum(member.role is Role.ADMIN for member in members)
    single_sign_on = f", single sign-on by {house.settings.oidc_issuer}" if house.identity_provider else ""
    yield Finding("team", "ok", f"{len(members)} in the web app, {admins} of them admin{single_sign_on}")


def _alarms(house: Any) -> Iterator[Finding]:
    """Deadlines of the law that are near or missed: opt-outs not obeyed, requests not answered."""
    from app.alarms import alarms

    for alarm in alarms(house):
        found = alarm.finding
        state: Literal["note", "missing"] = "missing" if found.severity.value == "block" else "note"
        yield Finding(alarm.about, state, f"{found.reason} ({found.rule_id})", alarm.mend)
