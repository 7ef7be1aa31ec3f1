"""What one run may spend on models, checked before every call, and what it has spent.

Calls are counted when they start, so their cap holds exactly however many run side by side. Tokens and
cost are known when an answer is there: what is under way when a cap is reached may still go over it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from domain.campaign import Caps, DailyCaps
from domain.errors import BudgetSpent
from domain.message import Usage

MICROS_A_CENT = 10_000
NO_CAPS = Caps()


@dataclass
class _Ledger:
    caps: Caps
    began_at: float
    calls_started: int = 0
    daily: DailyCaps = field(default_factory=DailyCaps)
    day: datetime | None = None
    day_calls: int = 0
    day_micros: int = 0
    by_agent: dict[str, Usage] = field(default_factory=dict)
    total: Usage = field(default_factory=Usage)


class RunBudget:
    """Caps and usage of every run in this process; safe to use from threads and tasks alike.

    Args:
        seconds: a clock that only goes forward.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._ledgers: dict[str, _Ledger] = {}

    def open(self, run_id: str, caps: Caps, spent: Usage | None = None, minutes_gone: float = 0) -> None:
        """Set a run's caps. A resumed run passes what it had spent; an open one keeps its counts."""
        with self._lock:
            if run_id in self._ledgers:
                self._ledgers[run_id].caps = caps
                return
            ledger = _Ledger(caps, self._seconds() - minutes_gone * 60)
            ledger.total = spent or Usage()
            ledger.calls_started = ledger.total.calls
            self._ledgers[run_id] = ledger

    def begin_day(self, run_id: str, daily: DailyCaps, day: datetime, spent: Usage) -> None:
        """Set what a run may take on this day, and what its campaign took on it so far.

        To be repeated while it runs: what others took since comes in, and a new day begins anew.
        """
        with self._lock:
            ledger = self._ledger(run_id)
            known = (ledger.day_calls, ledger.day_micros) if ledger.day == day else (0, 0)
            ledger.daily, ledger.day = daily, day
            ledger.day_calls = max(known[0], spent.calls)
            ledger.day_micros = max(known[1], spent.cost_micros)

    def begin_call(self, run_id: str, model: str, *, price_is_known: bool) -> None:
        """Count one call that is about to be made.

        Raises:
            BudgetSpent: naming the cap that is reached; the call must not be made.
        """
        with self._lock:
            ledger = self._ledger(run_id)
            if reached := self._reached(ledger, model, price_is_known):
                raise BudgetSpent(
                    f"Run {run_id!r} {reached}. No model was asked. Raise `caps` in the campaign to go on."
                )
            ledger.calls_started += 1
            ledger.day_calls += 1

    def require(self, run_id: str) -> None:
        """Raise `BudgetSpent` where a cap is reached, and count nothing; a call's price is not asked about."""
        with self._lock:
            if reached := self._reached(self._ledger(run_id), "", price_is_known=True):
                raise BudgetSpent(f"Run {run_id!r} {reached}. No model was asked.")

    def record(self, run_id: str, agent: str, usage: Usage) -> None:
        """Add what an answered call took."""
        with self._lock:
            ledger = self._ledger(run_id)
            ledger.total += usage
            ledger.day_micros += usage.cost_micros
            ledger.by_agent[agent] = ledger.by_agent.get(agent, Usage()) + usage

    def spent(self, run_id: str) -> Usage:
        """What the run took so far, earlier sittings included."""
        with self._lock:
            return self._ledger(run_id).total

    def spent_by_agent(self, run_id: str) -> dict[str, Usage]:
        """What each agent took in this process."""
        with self._lock:
            return dict(self._ledger(run_id).by_agent)

    def close(self, run_id: str) -> Usage:
        """Forget a finished run and return what it took."""
        with self._lock:
            return self._ledgers.pop(run_id, _Ledger(NO_CAPS, 0)).total

    def _ledger(self, run_id: str) -> _Ledger:
        ledger = self._ledgers.get(run_id)
        if ledger is None:
            ledger = self._ledgers[run_id] = _Ledger(NO_CAPS, self._seconds())
        return ledger

    def _reached(self, ledger: _Ledger, model: str, price_is_known: bool) -> str | None:
        caps, total = ledger.caps, ledger.total
        if caps.model_calls is not None and ledger.calls_started >= caps.model_calls:
            return f"has made its {caps.model_calls} model calls"
        tokens = total.input_tokens + total.output_tokens
        if caps.model_tokens is not None and tokens >= caps.model_tokens:
            return f"has used {tokens} of its {caps.model_tokens} tokens"
        if caps.minutes is not None and self._seconds() - ledger.began_at >= caps.minutes * 60:
            return f"has run for its {caps.minutes} minutes"
        daily = ledger.daily
        if daily.model_calls is not None and ledger.day_calls >= daily.model_calls:
            return f"has made the {daily.model_calls} model calls of its campaign's day"
        for cents, micros, span in (
            (caps.model_cost_cents, total.cost_micros, ""),
            (daily.model_cost_cents, ledger.day_micros, " of the day"),
        ):
            if cents is None:
                continue
            if not price_is_known:
                # A cap that cannot be checked refuses.
                return f"has a cap on cost, and the price of {model!r} is unknown (see ATTUNE_PRICES)"
            if micros >= cents * MICROS_A_CENT:
                return f"has spent its {cents} cents{span}"
        return None
