"""How often somebody may try to sign in: five wrong tries a minute, by account and by address (W-05)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST = 5
SECONDS = 60.0
MOST_NAMES = 10_000
MOST_NAME_CHARS = 300


class Attempts:
    """Counts tries in this process; one that succeeds is not counted. At most `most` within a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._clock = clock
        self.most = most
        self._tries: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, *names: str) -> float:
        """Count one try under each name; return 0, or the seconds to wait, and then nothing was counted.

        Counted before the password is looked at, so that tries made side by side count as well.
        """
        with self._lock:
            now = self._clock()
            # What a stranger typed as a name may be a megabyte long, and is kept for a while.
            names = tuple(name[:MOST_NAME_CHARS] for name in names)
            lists = [self._recent(name, now) for name in names]
            wait = max((tries[0] + SECONDS - now for tries in lists if len(tries) >= self.most), default=0.0)
            if wait <= 0:
                for tries in lists:
                    tries.append(now)
            return max(wait, 0.0)

    def succeeded(self, *names: str) -> None:
        """Forget the try that was just made under these names."""
        with self._lock:
            for name in names:
                if tries := self._tries.get(name[:MOST_NAME_CHARS]):
                    tries.pop()

    def _recent(self, name: str, now: float) -> list[float]:
        tries = [at for at in self._tries.pop(name, []) if now - at < SECONDS]
        self._tries[name] = tries
        while len(self._tries) > MOST_NAMES:
            self._tries.popitem(last=False)
        return tries
