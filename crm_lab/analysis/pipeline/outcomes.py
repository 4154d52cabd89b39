"""What became of opportunities: how many are won, how fast, why not, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from crm_lab.analysis.frames import OPPORTUNITIES, SELLERS, checked, stamps
from crm_lab.analysis.pipeline.expected import month_of

if TYPE_CHECKING:
    from datetime import date

FICTION = 3
"""An expected close that was pushed so often says nothing."""
SECONDS_A_DAY = 86_400


def win_rate(opportunities: pd.DataFrame, first: date, last: date, by: str = "") -> pd.DataFrame:
    """Won of what was closed from `first` to `last`, both days included: won / (won + lost), by number and by amount. Open ones do not count.

    Returns
    -------
    One row, or one for each value of the column `by`: n_won, n_lost, won, lost (øre), rate, value_rate (shares; missing where nothing was closed).
    """
    closed = closed_between(opportunities, first, last)
    is_won = closed["status"] == "won"
    amounts = closed["amount_nok_minor"].fillna(0).astype("int64")
    parts = pd.DataFrame({"n_won": is_won.astype("int64"), "n_lost": (~is_won).astype("int64"), "won": amounts.where(is_won, 0), "lost": amounts.where(~is_won, 0)})
    sums = parts.groupby(closed[by].to_numpy()).sum().rename_axis(by).reset_index() if by else parts.sum().to_frame().T
    sums["rate"] = sums["n_won"] / (sums["n_won"] + sums["n_lost"]).replace(0, float("nan"))
    sums["value_rate"] = sums["won"] / (sums["won"] + sums["lost"]).replace(0, float("nan"))
    return sums


def cycle_time(opportunities: pd.DataFrame, first: date, last: date) -> pd.Series:
    """Days from made to won, of what was won from `first` to `last`: n, p25, median, p75."""
    days = _days_to_close(closed_between(opportunities, first, last).query("status == 'won'"))
    told = days.quantile([0.25, 0.5, 0.75])
    return pd.Series({"n": len(days), "p25": told[0.25], "median": told[0.5], "p75": told[0.75]})


def velocity(opportunities: pd.DataFrame, first: date, last: date) -> float:
    """Øre a day that the pipeline sells: open opportunities × win rate × mean amount won ÷ median days to win; missing where nothing was won."""
    closed = closed_between(opportunities, first, last)
    won = closed[closed["status"] == "won"]
    if won.empty:
        return float("nan")
    rate = len(won) / len(closed)
    days = max(float(_days_to_close(won).median()), 1.0)
    return int((opportunities["status"] == "open").sum()) * rate * float(won["amount_nok_minor"].fillna(0).mean()) / days


def reasons(opportunities: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """Why what was closed from `first` to `last` was lost, the dearest first: lost_reason ("" for none given), n, amount (øre), share of the amount."""
    lost = closed_between(opportunities, first, last).query("status == 'lost'")
    amounts = lost["amount_nok_minor"].fillna(0).astype("int64")
    table: pd.DataFrame = amounts.groupby(lost["lost_reason"].to_numpy()).agg(n="count", amount="sum").rename_axis("lost_reason").reset_index()
    table["share"] = table["amount"] / max(int(amounts.sum()), 1)
    ordered: pd.DataFrame = table.sort_values(["amount", "n", "lost_reason"], ascending=[False, False, True], ignore_index=True)
    return ordered


def sellers(opportunities: pd.DataFrame, shares: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """What each seller won from `first` to `last`, by the share that the opportunity credits them with, the best first.

    Returns
    -------
    employee_id, seller, n_won (of opportunities they have a share in), won (øre, each rounded half up), open_weighted (øre).
    """
    checked(shares, SELLERS)
    won = closed_between(opportunities, first, last).query("status == 'won'")
    still = opportunities[opportunities["status"] == "open"]
    told = [
        _credited(won, "amount_nok_minor", shares).agg(n_won=("amount", "count"), won=("amount", "sum")),
        _credited(still, "weighted_nok_minor", shares).agg(open_weighted=("amount", "sum")),
    ]
    table = pd.concat(told, axis=1).fillna(0).astype("int64").reset_index()
    ordered: pd.DataFrame = table.sort_values(["won", "open_weighted", "seller"], ascending=[False, False, True], ignore_index=True)
    return ordered


def slippage(opportunities: pd.DataFrame) -> pd.DataFrame:
    """How often the expected close of what is open was pushed: n_pushes, n, amount (øre), days (mean push of all), is_fiction (three times or more)."""
    still = opportunities[opportunities["status"] == "open"]
    moved = (stamps(still["expected_close_on"]) - stamps(still["first_close_on"])).dt.days
    parts = pd.DataFrame({"n_pushes": still["n_pushes"].astype("int64"), "amount": still["amount_nok_minor"].fillna(0).astype("int64"), "days": moved})
    table = parts.groupby("n_pushes").agg(n=("amount", "count"), amount=("amount", "sum"), days=("days", "mean")).reset_index()
    table["is_fiction"] = table["n_pushes"] >= FICTION
    return table


def cohorts(opportunities: pd.DataFrame, n_months: int = 12) -> pd.DataFrame:
    """Of the opportunities made in each month, the share that was won within so many months: made (first day), n, and columns 0 to `n_months` - 1.

    A month that is not over for a cohort counts with what is won so far.
    """
    checked(opportunities, OPPORTUNITIES)
    made = month_of(opportunities["created_at"].dt.tz_convert("Europe/Oslo").dt.tz_localize(None))
    closed = month_of(opportunities["closed_on"])
    age = (closed.dt.year - made.dt.year) * 12 + closed.dt.month - made.dt.month
    is_won = opportunities["status"] == "won"
    n = made.groupby(made).count()
    table = pd.DataFrame({"made": n.index, "n": n.to_numpy()})
    for month in range(n_months):
        within = (is_won & (age <= month)).groupby(made).sum()
        table[month] = (within / n).to_numpy()
    return table


def closed_between(opportunities: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """What was won or lost from `first` to `last`, business days in Oslo."""
    checked(opportunities, OPPORTUNITIES)
    closed = stamps(opportunities["closed_on"])
    return opportunities[(opportunities["status"] != "open") & (closed >= pd.Timestamp(first)) & (closed <= pd.Timestamp(last))]


def _days_to_close(closed: pd.DataFrame) -> pd.Series:
    return (closed["closed_at"] - closed["created_at"]).dt.total_seconds() / SECONDS_A_DAY


def _credited(part: pd.DataFrame, amount: str, shares: pd.DataFrame) -> Any:
    """Amounts by seller; whole øre, half up."""
    joined = part[["id", amount]].merge(shares, left_on="id", right_on="opportunity_id")
    credited = (joined[amount].fillna(0).astype("int64") * joined["percent"].astype("int64") + 50) // 100
    return joined.assign(amount=credited).groupby(["employee_id", "seller"])
