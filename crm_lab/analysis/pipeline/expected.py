"""What is expected to be sold, month by month, against what was budgeted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_lab.analysis.frames import BUDGETS, OPPORTUNITIES, checked, stamps

if TYPE_CHECKING:
    from datetime import date

CATEGORIES = ("commit", "best_case", "pipeline")
"""What is omitted from the forecast is left out."""


def by_month(opportunities: pd.DataFrame, budgets: pd.DataFrame, today: date, n_months: int = 6) -> pd.DataFrame:
    """What is won and what is expected in each month, from the month of `today` on.

    Returns
    -------
    One row a month: month (its first day), won, then commit, best_case and pipeline (what is open there by its expected close, each amount
    times its probability), weighted (won and those three), budget, in øre. What is overdue is expected this month; what is omitted is left out.
    """
    checked(opportunities, OPPORTUNITIES)
    checked(budgets, BUDGETS)
    first = pd.Timestamp(today).replace(day=1)
    months = pd.date_range(first, periods=n_months, freq="MS", name="month")
    table = pd.DataFrame(0, index=months, columns=["won", *CATEGORIES], dtype="int64")
    won = opportunities[opportunities["status"] == "won"]
    table["won"] = _summed(won["amount_nok_minor"], month_of(won["closed_on"]), months)
    still = opportunities[(opportunities["status"] == "open") & opportunities["expected_close_on"].notna()]
    due = not_before(month_of(still["expected_close_on"]), first)
    for category in CATEGORIES:
        mine = still["category"] == category
        table[category] = _summed(still.loc[mine, "weighted_nok_minor"], due[mine], months)
    table["weighted"] = table.sum(axis=1)
    table["budget"] = _summed(budgets["amount_minor"], month_of(budgets["month"]), months)
    return table.reset_index()


def month_of(days: pd.Series) -> pd.Series:
    """The first day of each day's month."""
    return pd.Series(stamps(days).dt.to_period("M").dt.to_timestamp())


def not_before(months: pd.Series, first: pd.Timestamp) -> pd.Series:
    """What is overdue is expected in the first month."""
    return months.where(months >= first, first)


def _summed(amounts: pd.Series, months: pd.Series, wanted: pd.DatetimeIndex) -> pd.Series:
    return amounts.fillna(0).astype("int64").groupby(months.to_numpy()).sum().reindex(wanted, fill_value=0)
