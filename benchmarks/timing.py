"""How every figure is taken: repeated, the first one thrown away."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_sizes: list[str] = []
_rows: dict[str, dict[str, str]] = {}


def size(name: str) -> None:
    """What follows is measured on a company of this size."""
    _sizes.append(name)
    print(f"\n{name}", flush=True)


def note(name: str, text: str, limit: str = "") -> None:
    """Print a figure and keep it for the table."""
    if _sizes:
        _rows.setdefault(name, {"target": limit})[_sizes[-1]] = text
    print(f"{name:<46} {text:<34} {limit}", flush=True)


def table() -> str:
    """Everything measured, as the table of README.md."""
    columns = [*_sizes, "target"]
    lines = [["figure", *columns], ["---"] * (len(columns) + 1)]
    lines += [[name, *(row.get(column, "") for column in columns)] for name, row in _rows.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def report(name: str, took: Sequence[float], limit: str = "") -> None:
    """Note the median and the 95th percentile of durations in milliseconds."""
    ordered = sorted(took)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    note(name, f"p50 {statistics.median(ordered):,.1f} ms, p95 {p95:,.1f} ms", limit)


def timed(name: str, action: Callable[[], Any], times: int, limit: str = "") -> None:
    """Run an action again and again and report how long it takes."""
    action()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        took.append(1000 * (time.perf_counter() - start))
    report(name, took, limit)
