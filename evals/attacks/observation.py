"""What was seen of one contact after the run: what left the house, what was stored, what models were shown."""

from __future__ import annotations

from domain.base import Noun


class Left(Noun):
    """One `.eml` file, read as a mail program reads it."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


class Observation(Noun):
    """One case and its contact. `said` is the draft's own words, before code addressed it.

    changed: tables in which rows of this contact are others than before the run, besides those a run writes.
    seen_by_others: how many other contacts' prompts named this contact's company, which no one else works at.
    """

    case_id: str
    contact_email: str
    outcome: str
    rule_id: str | None = None
    reasons: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    author: str | None = None
    said: str = ""
    left: tuple[Left, ...] = ()
    approved_by_a_person: bool = False
    in_hours: bool = True
    changed: tuple[str, ...] = ()
    lessons: int = 0
    seen_by_others: int = 0


class House(Noun):
    """What is true of the whole run: the sender's own addresses, hosts a message may link to, words approved."""

    from_address: str
    reply_to: str | None
    hosts: tuple[str, ...]
    approved: str
    other_secrets: tuple[str, ...]
    tables_changed: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
