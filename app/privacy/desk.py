"""A member of the team acts for a person under their rights: export, objection, erasure, each with who did it.

The acts themselves are those of the command line; the audit's line of each names the member.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from app import loop
from app.privacy import export as exporting
from app.privacy.erasing import erase_person
from app.privacy.objection import object_to
from app.privacy.requests import answered, register
from domain.rights import Erasure, PrivacyRequest, RequestKind

if TYPE_CHECKING:
    from app.wiring import House


def export_for(house: House, contact_id: str, by: str) -> tuple[str, bytes]:
    """Return everything kept of a contact as a zip, with its file name; the request is noted and answered.

    Args:
        house: the workspace.
        contact_id: whose; raises `NotFound`.
        by: the member who asks, as the audit names them.
    """
    contact = house.crm.contact(contact_id)
    sections = exporting.gather(house, contact.id)
    with tempfile.TemporaryDirectory(prefix="attune-export-") as folder:
        path = exporting.write(house, contact.id, sections, Path(folder) / f"{contact.id}-export.zip")
        packed = path.read_bytes()
    answered(house, register(house, contact.id, RequestKind.ACCESS), "exported", by)
    return path.name, packed


def object_for(house: House, contact_id: str, wording: str, by: str) -> tuple[PrivacyRequest, int]:
    """Record an objection; return the request and how many messages were withdrawn. Raises `NotFound`."""
    return object_to(house, house.crm.contact(contact_id), wording, by)


def erase_for(house: House, contact_id: str, by: str) -> Erasure:
    """Erase a contact from every store. Call it from a thread without an event loop.

    Raises:
        NotFound: no such contact.
        WorkspaceBusy: a run, a send or another holder of the history is at work; nothing was erased.
    """
    house.crm.contact(contact_id)
    return loop.run(erase_person(house, contact_id, by))


def erasure_of(house: House, contact_id: str) -> PrivacyRequest | None:
    """Return the answered request that erased whoever had this id, or None."""
    found = house.privacy_requests.of_person(house.erased.person_hash(contact_id))
    return next((one for one in found if one.kind is RequestKind.ERASURE and one.done_at), None)
