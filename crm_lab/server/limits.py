"""How many requests a personal access token may make: a runaway script must not be everybody's trouble."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from crm_lab.errors import Forbidden
from crm_lab.i18n import _

MINUTE = 60.0
MOST_KNOWN = 10_000


class TooManyRequests(Forbidden):
    """A token has used up its minute."""

    status = 429

    def __init__(self, most: int) -> None:
        super().__init__(_("This token has made {n} requests in a minute, which is all it may. Wait a little and try again.", n=most))


@dataclass(slots=True)
class Limits:
    """A bucket for each token that fills evenly: `most` a minute, and as many at once. 0 means no limit."""

    most: int
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def count(self, token: str, now: float) -> None:
        """Take one request at the second `now`. Raises `TooManyRequests`."""
        if self.most <= 0:
            return
        with self._lock:
            left, at = self._left.get(token, (self.most, now))
            left = min(self.most, left + (now - at) * self.most / MINUTE)
            if left < 1:
                raise TooManyRequests(self.most)
            if len(self._left) >= MOST_KNOWN:
                self._left.clear()
            self._left[token] = (left - 1, now)
