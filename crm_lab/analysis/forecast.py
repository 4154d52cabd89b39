"""What will be sold, from what was: probabilities learned from the company's own history, months simulated, and how right it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_lab.analysis.frames import OPPORTUNITIES, STAGES, checked
from crm_lab.analysis.pipeline.expected import month_of, not_before
from crm_lab.analysis.pipeline.past import as_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

RUNS, AT_ONCE = 2000, 4_000_000
"""Months are simulated so often, so many tosses at a time: memory stays below 100 MB."""
NINETY = 1.645
"""Standard deviations that 90 of 100 lie within."""
BUCKETS = (0, 10, 30, 50, 70, 90, 101)


def learned(changes: pd.DataFrame, opportunities: pd.DataFrame, stages: pd.DataFrame) -> pd.DataFrame:
    """How many of those that were in a stage were won in the end, of those that have ended.

    Returns
    -------
    stage_id, stage, stated (percent, the administrator's), n, n_won, rate (share; missing where nothing has ended), low, high (Wilson's interval of 90 %).
    """
    moves = changes.loc[changes["field"] == "stage", ["opportunity_id", "new"]].drop_duplicates()
    ended = moves.merge(opportunities.loc[opportunities["status"] != "open", ["id", "status"]], left_on="opportunity_id", right_on="id")
    told = ended.assign(won=(ended["status"] == "won").astype("int64")).groupby("new")["won"].agg(n="count", n_won="sum")
    table = checked(stages, STAGES)[["stage_id", "stage", "probability"]].join(told, on="stage_id")
    table = table.rename(columns={"probability": "stated"}).fillna({"n": 0, "n_won": 0}).astype({"n": "int64", "n_won": "int64"})
    n = table["n"].replace(0, np.nan)
    table["rate"] = table["n_won"] / n
    middle = (table["rate"] + NINETY**2 / (2 * n)) / (1 + NINETY**2 / n)
    width = NINETY / (1 + NINETY**2 / n) * np.sqrt(table["rate"] * (1 - table["rate"]) / n + NINETY**2 / (4 * n**2))
    table["low"], table["high"] = (middle - width).clip(0, 1), (middle + width).clip(0, 1)
    return table.reset_index(drop=True)


def simulate(
    opportunities: pd.DataFrame, today: date, n_months: int = 6, rates: Mapping[str, float] | None = None, seed: int = 1, runs: int = RUNS
) -> pd.DataFrame:
    """What the months will come to: each open opportunity is won or not, by itself, in the month it is expected, `runs` times over.

    `rates` are shares by `stage_id` (see `learned`) used instead of the stated probabilities. What is overdue falls in this month, what is
    omitted is left out, and business that nobody has registered yet is not foreseen.

    Returns
    -------
    month, won (so far), p10, p50, p90, mean, in øre.
    """
    checked(opportunities, OPPORTUNITIES)
    first = pd.Timestamp(today).replace(day=1)
    months = pd.date_range(first, periods=n_months, freq="MS")
    still = opportunities[(opportunities["status"] == "open") & opportunities["expected_close_on"].notna() & (opportunities["category"] != "omitted")]
    due = not_before(month_of(still["expected_close_on"]), first)
    stated = still["probability"].fillna(0).astype("float64") / 100
    odds = stated if rates is None else still["stage_id"].map(rates).astype("float64").fillna(stated)
    won = opportunities[opportunities["status"] == "won"]
    so_far = won["amount_nok_minor"].fillna(0).astype("int64").groupby(month_of(won["closed_on"]).to_numpy()).sum().reindex(months, fill_value=0)
    rolls = np.random.default_rng(seed)
    rows = []
    for month in months:
        mine = (due == month).to_numpy()
        totals = _totals(still.loc[mine, "amount_nok_minor"].fillna(0).to_numpy("float64"), odds[mine].to_numpy("float64"), rolls, runs) + float(so_far[month])
        p10, p50, p90 = np.percentile(totals, [10, 50, 90])
        rows.append({"month": month, "won": int(so_far[month]), "p10": round(p10), "p50": round(p50), "p90": round(p90), "mean": round(float(totals.mean()))})
    return pd.DataFrame(rows)


def _totals(amounts: np.ndarray, odds: np.ndarray, rolls: np.random.Generator, runs: int) -> np.ndarray:
    """The sum of what is won, in each run."""
    if not len(amounts):
        return np.zeros(runs)
    part = max(1, AT_ONCE // len(amounts))
    return np.concatenate([(rolls.random((min(part, runs - at), len(amounts)), dtype="float32") < odds) @ amounts for at in range(0, runs, part)])


def calibration(changes: pd.DataFrame, opportunities: pd.DataFrame, instants: Sequence[datetime]) -> pd.DataFrame:
    """How often what was open at these instants was won in the end, by the probability that it had then; what is still open does not count.

    Returns
    -------
    low, high (percent, the bucket), n, stated (mean of the probabilities, share), rate (share that was won).
    """
    status = opportunities.set_index("id")["status"]
    parts = []
    for at in instants:
        then = as_of(changes, at).query("status == 'open'")
        ended = then["opportunity_id"].map(status)
        parts.append(pd.DataFrame({"odds": then["probability"], "won": ended == "won"})[ended.isin(["won", "lost"]) & then["probability"].notna()])
    told = pd.concat(parts) if parts else pd.DataFrame({"odds": [], "won": []})
    bucket = pd.cut(told["odds"].astype("float64"), BUCKETS, right=False, labels=False)
    table = told.groupby(bucket.to_numpy()).agg(n=("won", "count"), stated=("odds", "mean"), rate=("won", "mean"))
    places = table.index.astype("int64")
    table.insert(0, "low", [BUCKETS[at] for at in places])
    table.insert(1, "high", [min(BUCKETS[at + 1], 100) for at in places])
    return table.assign(stated=table["stated"].astype("float64") / 100, rate=table["rate"].astype("float64")).reset_index(drop=True)
