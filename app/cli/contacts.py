"""`attune contact`: find people, and see one person's story."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, cell, heading, line, listing, money, print_json
from app.finding import contact_meant
from domain.search import ContactSearch

app = typer.Typer(no_args_is_help=True, help="Contacts: find one, see the whole story.")


@app.command("list")
def list_contacts(
    words: Annotated[str, typer.Argument(help="Part of a name, an address or a company.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    skip: Annotated[int, typer.Option(help="Skip so many first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Find contacts."""
    found, total = doors.house().finder.contacts(ContactSearch(words=words[:200]), limit=limit, offset=skip)
    listing(
        [
            {
                "id": contact.contact_id,
                "name": contact.name,
                "job_title": contact.job_title,
                "account": contact.account,
                "email": contact.email,
                "country": contact.country,
                "stage": contact.stage.value,
            }
            for contact in found
        ],
        {
            "id": "Contact",
            "name": "Name",
            "job_title": "Title",
            "email": "E-mail",
            "country": "Country",
            "stage": "Stage",
        },
        as_json=as_json,
        empty="No contact fits." if words else "No contacts yet. Bring them in with `attune import`.",
        more=f"{total:,} in all. More: --skip {skip + limit}" if skip + limit < total else "",
    )


@app.command("show")
def show_contact(
    who: Annotated[
        str, typer.Argument(help="Contact id, e-mail address, CRM id, or a name that fits one only.")
    ],
    limit: Annotated[int, typer.Option(min=1, help="How many events.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show everything known about one contact: fields, consents, stops, deals, story, decisions."""
    house = doors.house()
    dossier = house.crm.dossier(contact_meant(house, who).id)
    decisions = house.crm.decisions(dossier.contact.id, limit=5)
    if as_json:
        print_json({"dossier": dossier, "decisions": list(decisions)})
        return
    contact, account = dossier.contact, dossier.account
    heading(f"{contact.name}  ({contact.id})")
    facts = {
        "Title": contact.job_title,
        "Company": account.name if account else None,
        "Industry": account.industry if account else None,
        "E-mail": f"{contact.email or '–'} ({contact.email_status.value})",
        "Country, zone": f"{contact.country or '–'}, {contact.time_zone or '–'}",
        "Stage": f"{contact.lifecycle_stage.value}, since {cell(contact.stage_since)}",
        "Known as": ", ".join(f"{source} {key}" for source, key in contact.external_ids.items()),
    }
    for name, value in facts.items():
        line(f"  {name:<14} {cell(value)}")
    for stop in dossier.standing.suppressions:
        line(f"  Stopped        {stop.reason.value} ({stop.source}, {cell(stop.since)})", style="red")
    for consent in dossier.standing.consents:
        word = "yes" if consent.is_granted else "no"
        line(
            f"  Consent        {word}, {consent.basis.value} ({consent.source}, {cell(consent.recorded_at)})"
        )
    for deal in dossier.deals:
        line(f"  Deal           {deal.name}: {deal.stage}, {money(deal.amount_cents, deal.currency)}")
    heading("Story, newest first")
    for event in dossier.events[:limit]:
        machine = " (machine)" if event.is_machine else ""
        about = " — ".join(part for part in (event.subject or event.topic, event.text) if part)
        line(f"  {event.at:%Y-%m-%d}  {event.kind.value}{machine}  {about[:100]}")
    if not dossier.events:
        line("  nothing recorded yet", style="dim")
    heading("Decisions")
    for decision in decisions:
        line(
            f"  {decision.id}  {decision.decided_at:%Y-%m-%d}  {decision.campaign_id}: {decision.action.key}"
        )
    if not decisions:
        line("  none yet", style="dim")
