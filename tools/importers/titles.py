"""How high a person stands, read from the job title where a source has no field for it."""

from __future__ import annotations

import re
from functools import lru_cache

from domain.people import Seniority

_ASSISTS = re.compile(
    r"\b(assistant|assistenz|assistent\w*|secretary|sekret\w+)\b.{0,20}\b(to|of|der|des|d[eu])\b"
)
_EXECUTIVE = re.compile(
    r"\b(c[efimoprst]o|cxo|cdo|cco|chro|ciso|chief\b.*|(co-?)?founder|gr[uü]nder(in)?|owner|inhaber(in)?|"
    r"president|pr[eé]sident(e)?|managing director|gesch[aä]ftsf[uü]hr\w*|vorstand\w*|managing partner|"
    r"[se]?vp|(executive |senior )*vice[- ]president|general manager|directeur g[eé]n[eé]ral|pdg|"
    r"diretor geral|director general|chair(man|woman|person)?)\b"
)
_DIRECTOR = re.compile(
    r"\b(director(a)?|diretor(a)?|directeur|directrice|direktor(in)?|head|leiter(in)?|leitung)\b"
)
_MANAGER = re.compile(
    r"\b(manager(in)?|lead|supervisor|team ?leader|teamleiter(in)?|gerente|principal|responsable)\b"
)
_PRODUCT_OWNER = re.compile(r"\b(product|process|system|service|account) (owner|president)\b")


@lru_cache(maxsize=50_000)
def seniority(title: str) -> Seniority:
    """Return the seniority a job title speaks of; unknown only where there is no title."""
    words = " ".join(title.lower().replace("/", " ").split())
    if not words:
        return Seniority.UNKNOWN
    if _ASSISTS.search(words) or _PRODUCT_OWNER.search(words):
        return Seniority.SPECIALIST
    if _EXECUTIVE.search(words):
        return Seniority.EXECUTIVE
    if _DIRECTOR.search(words):
        return Seniority.MANAGER if re.search(r"\bassistant\b", words) else Seniority.DIRECTOR
    return Seniority.MANAGER if _MANAGER.search(words) else Seniority.SPECIALIST
