"""What was sold, to whom and when: pure, from one row a sale. `won` makes such rows of opportunities; an analyst's SQL makes them of invoices or orders.

Amounts are øre of kroner. A sale's day is a business day in Oslo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_lab.analysis.frames import BALANCES, OPPORTUNITIES, PRODUCT_SALES, SALES, checked, stamps
from crm_lab.analysis.pipeline.expected import month_of

if TYPE_CHECKING:
    from datetime import date

LATE, MONTHS_A_YEAR = 2.0, 12
"""A customer is late after so many times the days it usually lets pass."""


def won(opportunities: pd.DataFrame) -> pd.DataFrame:
    """What was won as sales: customer_id, customer, product, sold_on, amount_minor; without an amount in kroner it is none."""
    checked(opportunities, OPPORTUNITIES)
    sold = opportunities[(opportunities["status"] == "won") & opportunities["amount_nok_minor"].notna()]
    names = {"customer_id": "customer_id", "customer": "customer", "products": "product", "closed_on": "sold_on", "amount_nok_minor": "amount_minor"}
    return sold[list(names)].rename(columns=names).astype({"amount_minor": "int64"}).reset_index(drop=True)


def between(sales: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """The sales from `first` to `last`, both days included."""
    checked(sales, SALES)
    days = stamps(sales["sold_on"])
    return sales[(days >= pd.Timestamp(first)) & (days <= pd.Timestamp(last))]


def top_customers(sales: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """Who bought most from `first` to `last`, the best first.

    Returns
    -------
    customer_id, customer, n (sales), amount (øre), share (of all), cumulative (share of this and those above), before (øre in as many days up
    to `first`). Sales whose customer is hidden stand in no row, and count in the shares.
    """
    begin, end = pd.Timestamp(first), pd.Timestamp(last)
    now = between(sales, first, last)
    before = between(sales, (begin - (end - begin)) - pd.Timedelta(days=1), begin - pd.Timedelta(days=1))
    table = now.groupby("customer_id").agg(customer=("customer", "last"), n=("amount_minor", "size"), amount=("amount_minor", "sum"))
    table["share"] = table["amount"] / max(int(now["amount_minor"].sum()), 1)
    table["before"] = before.groupby("customer_id")["amount_minor"].sum().reindex(table.index, fill_value=0)
    table = table.sort_values(["amount", "customer"], ascending=[False, True]).reset_index()
    table.insert(5, "cumulative", table["share"].cumsum())
    return table.astype({"amount": "int64", "before": "int64"})


def churn(sales: pd.DataFrame, today: date, quiet_days: int = 90, n_months: int = MONTHS_A_YEAR) -> pd.DataFrame:
    """How many customers fall silent: at the end of each of the last whole months, who bought within the `quiet_days` up to it.

    Returns
    -------
    month (its first day), n_active (bought within them), n_before (active `quiet_days` earlier), n_lost (of those, active no more), n_new (their
    first sale is within them), n_back (active now, neither new nor active before), rate (n_lost / n_before; missing where nobody was active).
    """
    sold = _dated(sales)
    first_on = sold.groupby("customer_id")["day"].min()
    rows = []
    for month in pd.date_range(end=pd.Timestamp(today).replace(day=1) - pd.Timedelta(days=1), periods=n_months, freq="ME"):
        cut = month - pd.Timedelta(days=quiet_days)
        active, before = (_active(sold, at, quiet_days) for at in (month, cut))
        new = active & set(first_on[first_on > cut].index)
        lost = before - active
        rows.append({"month": month.replace(day=1), "n_active": len(active), "n_before": len(before), "n_lost": len(lost), "n_new": len(new), "n_back": len(active - before - new)})
    table = pd.DataFrame(rows)
    return table.assign(rate=table["n_lost"] / table["n_before"].replace(0, np.nan))


def silent(sales: pd.DataFrame, today: date) -> pd.DataFrame:
    """Customers that have let pass more than twice the days they usually do, the dearest first: whom to call.

    Returns
    -------
    customer_id, customer, n_days (on which it bought, at least three), usual (median days between them), last_on, quiet (days since), amount (øre of all).
    """
    sold = _dated(sales)
    days = sold.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"])
    gaps = days.groupby("customer_id")["day"].diff().dt.days
    table = days.groupby("customer_id").agg(customer=("customer", "last"), n_days=("day", "size"), last_on=("day", "max"))
    table.insert(2, "usual", gaps.groupby(days["customer_id"]).median())
    table["quiet"] = (pd.Timestamp(today) - table["last_on"]).dt.days
    table["amount"] = sold.groupby("customer_id")["amount_minor"].sum()
    late = table[(table["n_days"] > 2) & (table["quiet"] > LATE * table["usual"])]  # noqa: PLR2004 - two gaps at least
    return late.sort_values(["amount", "customer"], ascending=[False, True]).reset_index()


def seasons(sales: pd.DataFrame, today: date) -> pd.DataFrame:
    """What was sold in each whole month from that of the first sale: month (its first day), amount (øre), index (over the mean of the months; 1 is a usual one)."""
    months = month_of(checked(sales, SALES)["sold_on"])
    last = pd.Timestamp(today).replace(day=1) - pd.Timedelta(days=1)
    wanted = pd.date_range(months.min(), last, freq="MS", name="month") if len(sales) else pd.DatetimeIndex([], name="month")
    amounts = sales["amount_minor"].groupby(months.to_numpy()).sum().reindex(wanted, fill_value=0).astype("int64")
    return pd.DataFrame({"amount": amounts, "index": amounts / (amounts.mean() or np.nan)}).reset_index()


def exposure(balances: pd.DataFrame, opportunities: pd.DataFrame) -> pd.DataFrame:
    """What customers owe beside what they may buy: who is to pay before they are sold more, those that owe most overdue first.

    Returns
    -------
    customer_id, customer, balance, overdue, n_open, open_amount, weighted (øre of kroner) of everybody who owes or has something open.
    """
    owed = checked(balances, BALANCES).query("currency == 'NOK'").groupby("customer_id").agg(
        customer=("customer_name", "last"), balance=("balance_minor", "sum"), overdue=("overdue_minor", "sum")
    )  # fmt: skip
    still = checked(opportunities, OPPORTUNITIES).query("status == 'open'").groupby("customer_id").agg(
        name=("customer", "last"), n_open=("id", "size"), open_amount=("amount_nok_minor", "sum"), weighted=("weighted_nok_minor", "sum")
    )  # fmt: skip
    table = owed.join(still, how="outer").rename_axis("customer_id")
    table["customer"] = table["customer"].fillna(table.pop("name"))
    sums = ["balance", "overdue", "n_open", "open_amount", "weighted"]
    table[sums] = table[sums].fillna(0).astype("int64")
    return table.sort_values(["overdue", "weighted", "customer"], ascending=[False, False, True]).reset_index()


def territory(customers: pd.DataFrame, sales: pd.DataFrame, opportunities: pd.DataFrame, by: str = "municipality") -> pd.DataFrame:
    """Where customers are, where they buy, and where more may be sold, the best first.

    `customers` has id and the column `by`, such as municipality, city or country: `crm.sql("SELECT id, municipality FROM customers")`.

    Returns
    -------
    `by` ("" where it is not known), n (customers), n_buying, sold (øre), n_won, n_lost, open_weighted (øre).
    """
    place = customers.drop_duplicates("id").set_index("id")[by].fillna("")
    checked(sales, SALES)
    checked(opportunities, OPPORTUNITIES)
    status, at = opportunities["status"], opportunities["customer_id"].map(place)
    buying = sales.drop_duplicates("customer_id")["customer_id"].map(place)
    parts = {
        "n": place.groupby(place).size(), "n_buying": buying.groupby(buying).size(), "sold": sales["amount_minor"].groupby(sales["customer_id"].map(place)).sum(),
        "n_won": at[status == "won"].value_counts(), "n_lost": at[status == "lost"].value_counts(),
        "open_weighted": opportunities.loc[status == "open", "weighted_nok_minor"].fillna(0).groupby(at[status == "open"]).sum(),
    }  # fmt: skip
    table = pd.DataFrame(parts).fillna(0).astype("int64").rename_axis(by).reset_index()
    return table.sort_values(["sold", "open_weighted", by], ascending=[False, False, True], ignore_index=True)


def product_mix(sales: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """What was sold from `first` to `last`, the dearest first: product ("" where none is named), n (sales), n_customers, amount (øre), share."""
    checked(sales, PRODUCT_SALES)
    sold = between(sales, first, last)
    table = sold.groupby("product").agg(n=("amount_minor", "size"), n_customers=("customer_id", "nunique"), amount=("amount_minor", "sum")).reset_index()
    table = table.astype({"amount": "int64"}).assign(share=table["amount"] / max(int(sold["amount_minor"].sum()), 1))
    return table.sort_values(["amount", "product"], ascending=[False, True], ignore_index=True)


def monthly_mix(sales: pd.DataFrame, most: int = 6, rest: str = "") -> pd.DataFrame:
    """Month by month, one column for each of the `most` products that sold most and `rest` for the others, in øre; indexed by the month's first day."""
    checked(sales, PRODUCT_SALES)
    best = sales.groupby("product")["amount_minor"].sum().nlargest(most).index
    named = sales["product"].where(sales["product"].isin(best), rest)
    table = sales.assign(month=month_of(sales["sold_on"]), product=named).pivot_table(index="month", columns="product", values="amount_minor", aggfunc="sum", fill_value=0)
    return table.reindex(columns=[*best, *({*table.columns} - {*best})]).astype("int64")


def _dated(sales: pd.DataFrame) -> pd.DataFrame:
    """Those above zero, with their `day`: a credit note is no visit."""
    checked(sales, SALES)
    bought = sales[sales["amount_minor"] > 0]
    return bought.assign(day=stamps(bought["sold_on"]))


def _active(sold: pd.DataFrame, at: pd.Timestamp, within: int) -> set[str]:
    return set(sold.loc[(sold["day"] <= at) & (sold["day"] > at - pd.Timedelta(days=within)), "customer_id"].dropna())
