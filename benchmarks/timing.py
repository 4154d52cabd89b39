"""How every figure is taken: repeated, the first one thrown away."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def report(name: str, took: Sequence[float], limit: str = "") -> None:
    """Print the median and the 95th percentile of durations in milliseconds."""
    ordered = sorted(took)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(f"{name:<46} p50 {statistics.median(ordered):8.1f} ms   p95 {p95:8.1f} ms   {limit}", flush=True)


def timed(name: str, action: Callable[[], Any], times: int, limit: str = "") -> None:
    """Run an action again and again and report how long it takes."""
    action()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        took.append(1000 * (time.perf_counter() - start))
    report(name, took, limit)
