"""Hand-off on the Olist funnel: trained before a day on what was settled then, judged on first contacts after it.

In January 2018 the seller's process changed: 0-5 % of MQLs were won before, 10-14 % after.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evals.leads.funnel import day, olist
from evals.leads.peers import PEERS
from evals.leads.scores import HEADING, score, told
from learning.likelihood.calibration import sigmoid
from learning.likelihood.capacity import expect, pick
from learning.likelihood.model import LikelihoodModel, train
from learning.likelihood.shapes import Line
from learning.likelihood.table import Bools, Floats, Table

WINDOW_DAYS = 60
CUT = "2018-04-01"
CAPACITY = 20
MONTHS = ("2018-02-01", "2018-03-01", "2018-04-01", "2018-05-01")


def lines() -> Iterator[str]:
    """Print the main split with its peers, then the shift month by month, then the careless split."""
    table, outcomes = olist(WINDOW_DAYS)
    cut = day(CUT)
    settled, later = table.known_at <= cut, table.at >= cut
    yield (
        f"Olist, won within {WINDOW_DAYS} days. Trained on the {settled.sum():,} first contacts settled by {CUT} "
        f"({outcomes[settled].sum():.0f} won, {outcomes[settled].mean():.1%}); judged on the {later.sum():,} from "
        f"{CUT} on ({outcomes[later].sum():.0f} won, {outcomes[later].mean():.1%})"
    )
    yield from _compared(table, outcomes, settled, later)
    yield ""
    yield from _by_capacity(table, outcomes)
    yield ""
    yield from _month_by_month(table, outcomes)
    yield ""
    table, outcomes = olist(None)
    early, later = table.at < cut, table.at >= cut
    yield (
        f"Olist, won at any time in the file; outcomes of {early.sum():,} first contacts before {CUT} taken as known "
        f"on that day, which nobody could: the split others report"
    )
    yield from _compared(table, outcomes, early, later)


def _compared(table: Table, outcomes: Floats, settled: Bools, later: Bools) -> Iterator[str]:
    past, asked, truth = table.take(settled), table.take(later), outcomes[later]
    model = train(past, outcomes[settled])
    yield HEADING
    yield told("attune", score(model.probabilities(asked), truth))
    for name, peer in PEERS.items():
        yield told(name, score(peer(past, outcomes[settled], asked), truth))
    yield f"  attune chose: {model.name}; slope {model.slope:.2f}"


def _by_capacity(table: Table, outcomes: Floats) -> Iterator[str]:
    """Twenty a week to sales, in each full week after the cut, by the model of the cut."""
    cut = day(CUT)
    settled = table.known_at <= cut
    model = train(table.take(settled), outcomes[settled])
    week = np.timedelta64(7, "D")
    picked, told_so, came, covered, weeks = 0, 0.0, 0.0, 0, 0
    for begins in np.arange(cut, day("2018-05-28"), week):
        now = np.flatnonzero((table.at >= begins) & (table.at < begins + week))
        asked = table.take(now)
        chosen = pick(model.probabilities(asked), asked.entities, CAPACITY)
        expected = expect(model.draws(model.logits(asked.take(chosen)), 400, weeks), weeks)
        won = float(outcomes[now[chosen]].sum())
        picked, told_so, came = picked + len(chosen), told_so + expected.mean, came + won
        covered, weeks = covered + int(expected.low <= won <= expected.high), weeks + 1
    later = table.at >= cut
    yield (
        f"{CAPACITY} a week to sales over {weeks} weeks: {picked} passed on, {told_so:.1f} expected to be won, "
        f"{came:.0f} were ({came / picked:.1%}; all leads {outcomes[later].mean():.1%}); the week's count lay in its "
        f"90 % interval in {covered} of {weeks} weeks"
    )


def _month_by_month(table: Table, outcomes: Floats) -> Iterator[str]:
    yield "The shift, month by month: trained on what was settled on the first of the month, judged on that month"
    yield (
        f"{'month':<9} {'told':>6} {'won':>6} {'truth':>6} | {'mean p':>7} {'ECE':>6} {'loss':>7} "
        f"| blind: {'mean p':>6} {'ECE':>6} {'loss':>7}"
    )
    for begins, ends in zip(MONTHS, (*MONTHS[1:], "2018-06-01"), strict=True):
        settled = table.known_at <= day(begins)
        now = (table.at >= day(begins)) & (table.at < day(ends))
        model = train(table.take(settled), outcomes[settled])
        aware = score(model.probabilities(table.take(now)), outcomes[now])
        blind = score(_blind(model, table.take(settled), outcomes[settled], table.take(now)), outcomes[now])
        yield (
            f"{begins[:7]:<9} {settled.sum():>6,} {outcomes[settled].mean():>6.1%} {outcomes[now].mean():>6.1%} | "
            f"{aware.mean:>7.3f} {aware.ece:>6.3f} {aware.log_loss:>7.4f} "
            f"|        {blind.mean:>6.3f} {blind.ece:>6.3f} {blind.log_loss:>7.4f}"
        )
    yield "  blind: straight lines without fading and without the newest cases' intercept"


def _blind(model: LikelihoodModel, past: Table, outcomes: Floats, asked: Table) -> Floats:
    fitted = Line(bent=False, strength=0.1).fit(past, outcomes, np.ones(len(past)))
    return sigmoid(fitted.base + fitted.parts(asked).sum(axis=1))
