"""`attune team`: who works with Attune in the browser, and links that let them in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from app import loop
from app.cli.doors import doors
from app.cli.screen import AsJson, address, line, listing, print_json
from app.ways_in import link_to, mail_invitation
from domain.errors import NotFound, TeamRefused
from domain.staff import Member, Role

if TYPE_CHECKING:
    from memory.crm.staff import StaffStore

MOST_NAME = 60

app = typer.Typer(
    no_args_is_help=True,
    help="The team: members of the web app, their roles, invitations and one-time links. What each role may do: "
    "docs/web.md.",
)

Email = Annotated[str, typer.Argument(help="The member's e-mail address.")]
At = Annotated[
    str | None,
    typer.Option(
        help="Where the web app answers, if not http://127.0.0.1:8750; ATTUNE_PUBLIC_URL counts first."
    ),
]


@app.command("list")
def list_members(as_json: AsJson = False) -> None:
    """List the members and the invitations that can still be used."""
    store = _store()
    members, invitations = store.members(), store.invitations()
    if as_json:
        print_json({"members": members, "invitations": invitations})
        return
    rows = [
        {
            "email": one.email,
            "name": one.name,
            "role": one.role.value,
            "standing": "member" if one.is_active else "left",
            "since": one.joined_at if one.is_active else one.left_at,
            "seen_at": one.seen_at,
        }
        for one in members
    ] + [
        {
            "email": one.email,
            "name": "",
            "role": one.role.value,
            "standing": f"invited, until {one.expires_at:%Y-%m-%d}",
            "since": one.made_at,
            "seen_at": None,
        }
        for one in invitations
    ]
    columns = {
        "email": "E-mail",
        "name": "Name",
        "role": "Role",
        "standing": "Standing",
        "since": "Since",
        "seen_at": "Last seen",
    }
    listing(
        rows,
        columns,
        as_json=False,
        empty="Nobody yet. `attune serve` prints the one-time link by which the first admin comes in.",
    )


@app.command("invite")
def invite(
    email: Email,
    role: Annotated[Role, typer.Option(help="What they are here for.")],
    mail: Annotated[bool, typer.Option("--mail", help="Mail the link to them as well.")] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Invite somebody: prints a link that works once, within seven days. It is shown now and never again."""
    house = doors.house()
    ticket, token = _store().invite(email, role, doors.person())
    link = link_to(house.settings, token, at)
    if mail:
        loop.run(mail_invitation(house, ticket, link))
    if as_json:
        print_json({"email": ticket.email, "role": role.value, "link": link, "expires_at": ticket.expires_at})
        return
    line(f"{ticket.email} can join as {role.value} until {ticket.expires_at:%Y-%m-%d %H:%M} UTC, once, by")
    address(link)
    line("Mailed to them as well." if mail else "Nothing was mailed: hand it over yourself.", style="dim")


@app.command("link")
def link(email: Email, at: At = None, as_json: AsJson = False) -> None:
    """Print a link that signs a member in once, within half an hour: for whoever has no password or forgot it."""
    store = _store()
    member = _member(store, email)
    shown = link_to(doors.house().settings, store.sign_in_link(member, doors.person()), at)
    if as_json:
        print_json({"email": member.email, "link": shown})
        return
    line(f"Signs {member.name} in once, within 30 minutes:")
    address(shown)


@app.command("token")
def token(
    email: Email,
    name: Annotated[str, typer.Option(help="What it is for, to know it again.")] = "command line",
    days: Annotated[
        int, typer.Option(help="How long it works; 0 is until it is revoked.", min=0, max=3650)
    ] = 90,
    as_json: AsJson = False,
) -> None:
    """Make an API token for a program that acts as this member. It is shown now and never again.

    It can do what the member's role allows, but for what a person has to decide (docs/api.md). They see and revoke it
    under /me.
    """
    from memory.crm.sessions import SessionStore

    house = doors.house()
    member = _member(_store(), email)
    if not member.is_active:
        raise NotFound("active member", email, "See `attune team list`.")
    if not name.strip() or len(name) > MOST_NAME:
        raise TeamRefused(f"A token's name has 1 to {MOST_NAME} characters.")
    sessions = SessionStore(house.engine, house.audit, house.clock)
    made, secret = sessions.make_token(
        member, name, timedelta(days=days) if days else None, by=doors.person()
    )
    if as_json:
        print_json(
            {"email": member.email, "token_id": made.token_id, "token": secret, "expires_at": made.expires_at}
        )
        return
    until = f"until {made.expires_at:%Y-%m-%d}" if made.expires_at else "until it is revoked"
    line(f"A program that has this acts as {member.name} ({member.role.value}), {until}:")
    address(secret)


@app.command("role")
def set_role(
    email: Email, role: Annotated[Role, typer.Argument(help="The new role.")], as_json: AsJson = False
) -> None:
    """Give a member another role; it holds from their next click on."""
    store = _store()
    member = store.set_role(_member(store, email).member_id, role, doors.person())
    if as_json:
        print_json(member)
        return
    line(f"{member.name} is now {role.value}.")


@app.command("remove")
def remove(email: Email, as_json: AsJson = False) -> None:
    """Let a member go: signed out everywhere, tokens and links stop working. What they did stays on record."""
    store = _store()
    member = store.leave(_member(store, email).member_id, doors.person())
    if as_json:
        print_json(member)
        return
    line(f"{member.name} has left the team and is signed out everywhere.")


def _store() -> StaffStore:
    from memory.crm.staff import StaffStore

    house = doors.house()
    return StaffStore(house.engine, house.audit, house.clock)


def _member(store: StaffStore, email: str) -> Member:
    member = store.by_email(email)
    if member is None:
        raise NotFound("member", email, "See `attune team list`.")
    return member
