"""Records one consent a person typed in, with its line in the audit: both or neither."""

from __future__ import annotations

from sqlalchemy import Engine

from domain.people import Consent
from memory.crm import codec
from memory.crm.audit import AuditChain
from memory.crm.statements import CONSENTS, insert_new, writing


def record(engine: Engine, audit: AuditChain, consent: Consent) -> bool:
    """Add a consent; False where the same one stands already.

    The audit's line names no person and no words: a contact's id would outlive an erasure.
    """
    with writing(engine) as connection:
        if not insert_new(connection, CONSENTS, [codec.consent_row(consent)]):
            return False
        told = {"basis": consent.basis.value, "is_granted": consent.is_granted, "channel": consent.channel}
        audit.append_in(connection, "consent", consent.scope, told)
    return True
