"""Erases one person from every store of a workspace, in an order that may be broken off and repeated.

First nothing more can come in or go out (keyed hashes, a stop, open messages withdrawn); then the stores beside the CRM
forget; the CRM's rows, by which all of it is found, go last. What remains is keyed hashes, and the request that
proves the erasure. Backups, copies of the database's own log (PostgreSQL's WAL archive) and mail that left the
house are out of reach, and the report says so.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.kept_lists import drop_lists
from app.privacy import chats, stores
from app.privacy.objection import withdraw_open
from app.privacy.requests import member, register
from app.teaching import teach
from domain.errors import AttuneError, NotFound, WorkspaceBusy
from domain.rights import Erasure, PrivacyRequest, RequestKind
from memory.crm.audit_records import erased_detail
from memory.crm.erasure import Traces, erase, of_address, stop_for_good, traces_of
from memory.crm.identities import normalised_email
from memory.crm.privacy_requests import close_in
from memory.crm.statements import CONTACTS, MEMORIES, writing
from memory.history.refill import refill

if TYPE_CHECKING:
    from app.wiring import House

OUT_OF_REACH = (
    "Backups and copies of this workspace still hold the person: erase there too, or let them expire.",
    "Mail that was sent, and what the provider logged, is outside this machine.",
)
ON_A_SERVER = (
    "PostgreSQL keeps its write-ahead log until it is recycled; archives of it are copies like any other."
)


def find(house: House, who: str) -> tuple[str, Traces]:
    """Return by what a person is known: a contact by id, address or a source's id; else a bare address.

    Raises:
        NotFound: nobody here is called so, and it is no e-mail address.
    """
    try:
        contact_id = house.crm.contact_by(who).id
    except NotFound:
        address = normalised_email(who)
        if address is None:
            raise
        return address, of_address(address)
    with house.engine.connect() as connection:
        return contact_id, traces_of(connection, contact_id)


async def erase_person(house: House, who: str, by: str = "") -> Erasure:
    """Erase a person by id or address; see the module. Repeating it, or going on after a crash, is safe.

    `by` is the member who did it.

    Raises:
        NotFound: nobody here is called so.
        WorkspaceBusy: a run, a send or another holder of the contact history is at work; nothing was erased.
    """
    person_id, traces = find(house, who)
    if not house.history.holds_vectors:
        raise WorkspaceBusy(
            "Another process holds the contact history. Nothing was erased. Try again when its run is over."
        )
    with house.locks.nobody_works(), house.locks.nobody_sends() as is_quiet:
        if not is_quiet:
            raise WorkspaceBusy("A message is being sent this moment. Nothing was erased. Try again.")
        request = register(house, person_id, RequestKind.ERASURE)
        with writing(house.engine) as connection:
            stop_for_good(connection, house.erased, traces, house.clock())
            withdraw_open(house, connection, traces.contact_ids, "the person asked to be erased")
        drop_lists(house)
        removed = await _forget_beside(house, traces)
        removed |= _forget_rows(house, traces, request, by)
        drop_lists(house)
        notes = [*OUT_OF_REACH, *([ON_A_SERVER] if house.database_url else []), *_teach_anew(house)]
        notes += _forget_vectors(house, removed)
        stores.scrub(house)
    found = stores.leftovers(house.workspace.folder, traces.words, traces.names)
    left = tuple(str(path) for path in found)
    return Erasure(request_id=request.id, removed=removed, notes=tuple(notes), leftovers=left)


async def _forget_beside(house: House, traces: Traces) -> dict[str, int]:
    workspace = house.workspace
    near = select(CONTACTS.c.id).where(CONTACTS.c.account_id.in_(traces.account_ids))
    with house.engine.connect() as connection:
        colleagues = frozenset(connection.execute(near).scalars())
    removed = {
        "conversations": await chats.forget_naming(house, traces),
        "checkpoints": await stores.forget_threads(house, traces.contact_ids),
        "checkpoints, blanked": await stores.blank_threads(house, traces.addresses, traces.names, colleagues),
        "jobs": stores.forget_jobs(house, traces.contact_ids),
        "mailbox files": stores.forget_mail(house, (one for _, one in traces.outbox), traces.addresses),
        "rejected rows": stores.forget_rejects(workspace.rejects, traces.words),
        "log files": stores.forget_logs(workspace.folder, (*traces.words, *traces.names)),
        "features": stores.forget_features(house),
    }
    for contact_id in traces.contact_ids:
        house.history.forget(contact_id)
    return {what: many for what, many in removed.items() if many}


def _forget_rows(house: House, traces: Traces, request: PrivacyRequest, by: str) -> dict[str, int]:
    with writing(house.engine) as connection:
        messages = (*(outbox_id for outbox_id, _ in traces.outbox), *traces.proposal_ids)
        kept = erased_detail(connection, traces.contact_ids, messages)
        removed = erase(connection, traces)
        close_in(connection, request.id, "erased", house.clock())
        house.audit.append_in(
            connection,
            "privacy",
            request.id,
            {"act": "erasure", "person": request.person_hash, "removed": removed, **kept, **member(by)},
        )
    return removed


def _teach_anew(house: House) -> list[str]:
    """Teach every learner from the log as it is now, and drop what it believed before: sums over everyone."""
    notes = []
    for campaign_id in sorted({version.campaign_id for version in house.learners.versions()}):
        campaign = house.crm.campaign(campaign_id)
        kept = house.learners.drop(campaign_id)
        try:
            teach(house, campaign, house.clock())
        except AttuneError as problem:
            notes.append(f"Learner of {campaign_id}: dropped; not taught anew yet ({problem}).")
            continue
        notes.append(f"Learner of {campaign_id}: taught anew without this person; earlier versions are gone.")
        if kept:
            notes.append(
                f"Learner of {campaign_id}: version {kept} is pinned and was kept: sums over all its outcomes, "
                f"of which this person's are a part. Let it go with `attune learn unpin {campaign_id}`."
            )
    return notes


def _forget_vectors(house: House, removed: dict[str, int]) -> list[str]:
    """Write the vectors that stay into a new place: Chroma only marks what it deletes."""
    with house.engine.connect() as connection:
        wanted = [dict(row) for row in connection.execute(select(MEMORIES.c.id, MEMORIES.c.text)).mappings()]
    if house.settings.chroma_url is not None:
        removed["vectors written anew"] = house.history.rebuild(wanted)
        return ["The Chroma server still has deleted vectors in its files: run `chroma vacuum` there."]
    packed = house.history.packed(wanted)
    house.release_history()
    try:
        removed["vectors written anew"] = refill(house.workspace.history, packed)
    except AttuneError as problem:
        # Rows are the truth: without their vectors memories are embedded again when they are asked for.
        shutil.rmtree(house.workspace.history, ignore_errors=True)
        return [f"{problem} All vectors were deleted instead; they are made anew when asked for."]
    return []
