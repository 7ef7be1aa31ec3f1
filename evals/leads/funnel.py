"""The Olist funnel (8,000 MQLs, real, anonymised) and the Telco customers, as tables."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from learning.likelihood.table import Floats, Table, Times, undated

ROOT = Path(os.environ.get("ATTUNE_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
_DAY = np.timedelta64(86_400, "s")


def olist(window_days: int | None) -> tuple[Table, Floats]:
    """Return MQLs with what is known at first contact, and whether each was won.

    Known then: origin, landing page, weekday. Nothing from the closed deals but the day of winning is read.

    Args:
        window_days: won within so many days of the first contact; None: won at any time in the file (up to half a
            year after the last first contact, which nobody could know at training time).
    """
    folder = ROOT / "olist_funnel"
    won = {row["mql_id"]: row["won_date"] for row in _rows(folder / "olist_closed_deals_dataset.csv")}
    leads = _rows(folder / "olist_marketing_qualified_leads_dataset.csv")
    at: Times = np.array([row["first_contact_date"] for row in leads], dtype="datetime64[s]")
    ends: Times = np.array(
        [won.get(row["mql_id"], "NaT").replace(" ", "T") for row in leads], dtype="datetime64[s]"
    )
    window = np.timedelta64((window_days or 100_000) * 86_400, "s")
    outcomes = (~np.isnat(ends) & (ends <= at + window)).astype(float)
    weekday = (at.astype("datetime64[D]").astype(np.int64) + 3) % 7  # Monday is 0
    words = np.array([[row["origin"], row["landing_page_id"]] for row in leads], dtype=np.str_)
    # Won at any time: the usual careless split, where outcomes count as known on the first day.
    known = at + window if window_days else at
    table = Table(
        number_names=("weekend",),
        word_names=("origin", "landing_page"),
        numbers=(weekday >= 5).astype(float)[:, None],
        words=words,
        at=at,
        known_at=known,
        entities=np.array([row["mql_id"] for row in leads], dtype=np.str_),
    )
    return table, outcomes


def telco() -> tuple[Table, Floats]:
    """Return the 7,043 subscribers with all 19 columns but the id, and whether each left. No dates."""
    rows = _rows(ROOT / "telco_churn" / "Telco-Customer-Churn.csv")
    numbers = ("tenure", "MonthlyCharges", "TotalCharges", "SeniorCitizen")
    words = tuple(name for name in rows[0] if name not in {*numbers, "customerID", "Churn"})
    x = np.array([[float(row[name]) if row[name].strip() else np.nan for name in numbers] for row in rows])
    w = np.array([[row[name] for name in words] for row in rows], dtype=np.str_)
    outcomes = np.array([row["Churn"] == "Yes" for row in rows], dtype=float)
    return undated(numbers, words, x, w, np.array([row["customerID"] for row in rows])), outcomes


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def day(text: str) -> np.datetime64:
    """A UTC midnight."""
    return np.datetime64(text, "s")
