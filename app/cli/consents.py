"""`attune consent`: what people allowed us, with proof; and recording what they said elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.days import day_or_time
from app.cli.doors import doors
from app.cli.screen import AsJson, line, listing, print_json
from domain.errors import AttuneError, WrongUsage
from domain.people import Consent, ConsentBasis, ConsentChannel

app = typer.Typer(
    no_args_is_help=True,
    help="Consents: who allowed what, when, in which words, from where, with what proof, for what (C-08).",
)

Who = Annotated[str, typer.Argument(help="Contact id, e-mail address or CRM id.")]
Day = Annotated[datetime | None, typer.Option(parser=day_or_time, metavar="<day or time>")]


@app.command("list")
def list_consents(who: Who, as_json: AsJson = False) -> None:
    """List every recorded yes and no of a contact, the newest first: the newest counts."""
    house = doors.house()
    contact = house.crm.contact_by(who)
    found = house.crm.consents(contact.id)
    listing(
        [
            {
                **consent.model_dump(),
                "basis": consent.basis.value,
                "answer": "yes" if consent.is_granted else "no",
                "missing": missing(consent),
            }
            for consent in found
        ],
        {
            "recorded_at": "When",
            "answer": "Answer",
            "basis": "Basis",
            "channel": "Channel",
            "scope": "For",
            "wording": "Wording",
            "source": "From",
            "proof": "Proof",
            "expires_at": "Until",
            "missing": "Missing",
        },
        as_json=as_json,
        empty=f"{contact.name} has no consent on record. Record one: attune consent add {contact.id} --help",
    )


def missing(consent: Consent) -> list[str]:
    """Name what a complete record of a yes would have and this one has not."""
    if not consent.is_granted:
        return []
    told = {
        "wording": consent.wording,
        "source": consent.source,
        "proof": consent.proof,
        "scope": consent.scope,
    }
    return [name for name, value in told.items() if not (value or "").strip()]


@app.command("add")
def add(
    who: Who,
    basis: Annotated[ConsentBasis, typer.Option(help="On what ground.")],
    source: Annotated[str, typer.Option(help="From where: a form's name, a trade fair, a call.")],
    proof: Annotated[str, typer.Option(help="Where it can be seen: a file, a ticket, a form's record.")],
    wording: Annotated[str, typer.Option(help="What the person agreed to, word for word.")] = "",
    no: Annotated[bool, typer.Option("--no", help="A withdrawal: it voids every yes before it.")] = False,
    at: Day = None,
    scope: Annotated[str, typer.Option(help="For what.")] = "marketing",
    channel: Annotated[ConsentChannel, typer.Option(help="For which channel.")] = ConsentChannel.EMAIL,
    expires: Day = None,
    as_json: AsJson = False,
) -> None:
    """Record a yes or no somebody gave outside Attune. Records are added, never changed."""
    from memory.crm.consents import record

    house = doors.house()
    contact, now = house.crm.contact_by(who), house.clock()
    recorded_at = at.replace(tzinfo=UTC) if at else now
    for name, value in {"source": source, "proof": proof, **({} if no else {"wording": wording})}.items():
        if not value.strip():
            raise WrongUsage(
                f"--{name} is empty; a consent nobody can prove is none (C-08). Nothing was recorded."
            )
    if recorded_at > now:
        raise WrongUsage(f"--at {recorded_at:%Y-%m-%d} lies in the future. Nothing was recorded.")
    consent = Consent(
        contact_id=contact.id,
        channel=channel.value,
        basis=basis,
        is_granted=not no,
        recorded_at=recorded_at,
        source=source.strip(),
        wording=wording.strip() or None,
        proof=proof.strip(),
        scope=scope,
        expires_at=expires.replace(tzinfo=UTC) if expires else None,
    )
    if not record(house.engine, house.audit, consent):
        raise AttuneError(
            "The same record stands already (same time, channel and source). Nothing was changed."
        )
    if as_json:
        print_json(consent)
        return
    line(
        f"Recorded: {contact.name} said {'no' if no else 'yes'} to {scope} by {channel.value} ({basis.value})."
    )
    stops = house.crm.standing(contact.id).suppressions
    if stops and not no:
        line(
            f"Still stopped: {stops[0].reason.value} since {stops[0].since:%Y-%m-%d}; a consent lifts no stop."
        )
