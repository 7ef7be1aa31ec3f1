"""Whose law applies: every country a contact may be in, and the strictest of their rules.

Three things speak: the country on record, the country of the time zone, and the country at the end of the
e-mail address. Where they disagree all of them apply: what is accepted is only what every one accepts. Nothing on
record is the strictest there is.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from domain.base import Noun
from domain.people import ConsentBasis, Contact
from policies.rulebook import CountryRule, RuleBook

_INDIVIDUAL_MARKS = ("contact_type", "person_type", "customer_type")


class Jurisdiction(Noun):
    """The law of one contact on one channel, of all countries that may have a say.

    `accepts` holds what every country accepts; empty with `needs_basis` accepts nothing.
    """

    countries: tuple[str, ...]
    needs_basis: bool
    accepts: frozenset[ConsentBasis]
    is_individual: bool

    @property
    def in_words(self) -> str:
        """Where the contact is, as a reason says it."""
        known = [code for code in self.countries if code != UNKNOWN]
        if not known:
            return "an unknown country"
        return " or ".join(known) + (" or an unknown country" if UNKNOWN in self.countries else "")


UNKNOWN = "unknown"


def jurisdiction_of(contact: Contact, rules: RuleBook, channel: str = "email") -> Jurisdiction:
    """Return the strictest that applies to this contact on this channel.

    Args:
        contact: country, time zone, address and attributes are read.
        rules: the rule book; a country without a line of its own is the EU's if it is a member, else the strictest.
        channel: everything but e-mail needs express consent everywhere (C-16).

    """
    countries = countries_of(contact, rules)
    individual = is_individual(contact, rules)
    packs = [rules.country(None if code == UNKNOWN else code) for code in countries]
    accepted = [_accepted(pack, individual) for pack in packs if pack.needs_basis]
    if channel != "email":
        accepted = [frozenset({ConsentBasis.EXPRESS})]
    return Jurisdiction(
        countries=countries,
        needs_basis=bool(accepted),
        accepts=frozenset.intersection(*accepted) if accepted else frozenset(),
        is_individual=individual,
    )


def countries_of(contact: Contact, rules: RuleBook) -> tuple[str, ...]:
    """Return every country that may have a say, the one on record first; `unknown` where none is on record."""
    found = [contact.country or UNKNOWN]
    zone = contact.time_zone and _country_of_zone().get(contact.time_zone)
    if zone:
        found.append(zone)
    ending = (contact.email or "").rpartition(".")[2].upper()
    ending = {"UK": "GB"}.get(ending, ending)
    if ending in rules.countries or ending in rules.consent.eu_countries:
        found.append(ending)
    return tuple(dict.fromkeys(found))


def is_individual(contact: Contact, rules: RuleBook) -> bool:
    """Tell whether the contact is a private person: by its address's host, or by what is on record."""
    host = (contact.email or "").rpartition("@")[2].lower()
    marks = {contact.attributes.get(name, "").strip().lower() for name in _INDIVIDUAL_MARKS}
    return host in rules.addresses.free_mail_domains or bool(marks & rules.consent.individual_words)


def _accepted(pack: CountryRule, individual: bool) -> frozenset[ConsentBasis]:
    return frozenset(pack.individuals if individual else pack.accepts)


@cache
def _country_of_zone() -> dict[str, str]:
    return {zone: country for country, zones in zones_by_country().items() for zone in zones}


@cache
def zones_by_country() -> dict[str, tuple[str, ...]]:
    """Every zone of every country, as the zone table lists them."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    zones: dict[str, list[str]] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            zones.setdefault(country, []).append(name)
    return {country: tuple(names) for country, names in zones.items()}
