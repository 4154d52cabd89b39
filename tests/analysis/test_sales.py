"""What was sold, each figure against plain Python over the rows of random sales."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import pandas as pd
import pytest

from crm_lab.analysis import sales
from crm_lab.analysis.frames import WrongFrame

FIRST, LAST, TODAY = date(2026, 4, 1), date(2026, 6, 30), date(2026, 12, 1)
Row = dict[str, Any]


def world(seed: int, n: int = 150) -> list[Row]:
    rolls = random.Random(seed)
    rows = []
    for _n in range(n):
        k = rolls.randrange(12)
        day = date(2025, 9, 3) + timedelta(days=rolls.randrange(440 if k < 9 else 200))
        amount = rolls.randrange(1, 500_000) * (1 if rolls.random() < 0.95 else -1)
        rows.append({"customer_id": f"c{k}", "customer": f"Kunde {k}", "product": rolls.choice(("A", "B", "C", "")), "sold_on": day, "amount_minor": amount})
    return rows


def opportunities(rows: list[Row]) -> pd.DataFrame:
    """Opportunities of which every third is won, every third lost."""
    told = []
    for k, row in enumerate(rows):
        status = ("won", "lost", "open")[k % 3]
        amount = None if k % 11 == 0 else abs(row["amount_minor"])
        share = {"won": amount, "lost": 0 if amount else None, "open": amount and amount // 2}[status]
        told.append({
            "id": f"o{k}", "owner": "K", "stage_id": "s", "stage": "S", "status": status, "amount_minor": 1, "amount_nok_minor": amount, "weighted_nok_minor": share, "probability": 50,
            "category": "pipeline", "expected_close_on": row["sold_on"], "first_close_on": row["sold_on"], "n_pushes": 0, "lost_reason": "",
            "created_at": pd.Timestamp(row["sold_on"], tz="UTC"), "closed_at": pd.Timestamp(row["sold_on"], tz="UTC"), "closed_on": row["sold_on"],
            "customer_id": row["customer_id"] if k % 7 else None, "customer": row["customer"] if k % 7 else "", "products": row["product"],
        })  # fmt: skip
    frame = pd.DataFrame(told)
    return frame.astype(dict.fromkeys(("amount_nok_minor", "weighted_nok_minor", "probability", "n_pushes"), "Int64"))


@pytest.fixture(params=range(4))
def rows(request: pytest.FixtureRequest) -> list[Row]:
    return world(request.param)


def within(rows: list[Row], first: date, last: date) -> list[Row]:
    return [row for row in rows if first <= row["sold_on"] <= last]


def summed(rows: list[Row], by: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row[by]] += row["amount_minor"]
    return dict(sums)


def test_what_was_won_are_sales(rows):
    frame = opportunities(rows)
    found = sales.won(frame)
    wanted = [abs(row["amount_minor"]) for k, row in enumerate(rows) if k % 3 == 0 and k % 11]
    assert found["amount_minor"].tolist() == wanted
    assert list(found.columns) == ["customer_id", "customer", "product", "sold_on", "amount_minor"]


def test_top_customers(rows):
    found = sales.top_customers(pd.DataFrame(rows), FIRST, LAST)
    now = summed(within(rows, FIRST, LAST), "customer_id")
    days = (LAST - FIRST).days + 1
    before = summed(within(rows, FIRST - timedelta(days=days), FIRST - timedelta(days=1)), "customer_id")
    assert dict(zip(found["customer_id"], found["amount"], strict=True)) == now
    assert found["amount"].tolist() == sorted(now.values(), reverse=True)
    assert dict(zip(found["customer_id"], found["n"], strict=True)) == Counter(row["customer_id"] for row in within(rows, FIRST, LAST))
    assert found["before"].tolist() == [before.get(key, 0) for key in found["customer_id"]]
    assert found["share"].tolist() == pytest.approx([amount / sum(now.values()) for amount in found["amount"]])
    assert found["cumulative"].iloc[-1] == pytest.approx(1)


def test_churn(rows):
    found = sales.churn(pd.DataFrame(rows), TODAY, quiet_days=60, n_months=8)
    assert [at.date() for at in found["month"]] == [date(2026, month, 1) for month in range(4, 12)]
    bought: dict[str, list[date]] = defaultdict(list)
    for row in rows:
        if row["amount_minor"] > 0:
            bought[row["customer_id"]].append(row["sold_on"])

    def active(at: date) -> set[str]:
        return {key for key, days in bought.items() if any(at - timedelta(days=60) < day <= at for day in days)}

    for told in found.to_dict("records"):
        end = (told["month"].date() + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        now, before = active(end), active(end - timedelta(days=60))
        new = {key for key, days in bought.items() if end - timedelta(days=60) < min(days) <= end}
        assert (told["n_active"], told["n_before"], told["n_lost"]) == (len(now), len(before), len(before - now))
        assert (told["n_new"], told["n_back"]) == (len(new), len(now - before - new))
        assert told["rate"] == pytest.approx(len(before - now) / len(before)) if before else pd.isna(told["rate"])


def test_those_that_have_fallen_silent(rows):
    found = sales.silent(pd.DataFrame(rows), TODAY)
    wanted = {}
    for key in {row["customer_id"] for row in rows}:
        mine = [row for row in rows if row["customer_id"] == key and row["amount_minor"] > 0]
        days = sorted({row["sold_on"] for row in mine})
        gaps = [(b - a).days for a, b in pairwise(days)]
        quiet = (TODAY - days[-1]).days
        if len(days) > 2 and quiet > 2 * median(gaps):
            wanted[key] = (len(days), median(gaps), quiet, sum(row["amount_minor"] for row in mine))
    columns = ["n_days", "usual", "quiet", "amount"]
    assert {row["customer_id"]: tuple(row[name] for name in columns) for row in found.to_dict("records")} == wanted
    assert found["amount"].is_monotonic_decreasing


def test_seasons(rows):
    found = sales.seasons(pd.DataFrame(rows), TODAY)
    start = min(row["sold_on"] for row in rows)
    wanted = []
    for k in range((2026 - start.year) * 12 + 11 - start.month + 1):
        year, month = start.year + (start.month - 1 + k) // 12, (start.month - 1 + k) % 12 + 1
        wanted.append(sum(row["amount_minor"] for row in rows if (row["sold_on"].year, row["sold_on"].month) == (year, month)))
    assert found["amount"].tolist() == wanted
    mean = sum(wanted) / len(wanted)
    assert found["index"].tolist() == pytest.approx([amount / mean for amount in wanted])


def test_what_is_owed_beside_what_may_be_sold(rows):
    balances = pd.DataFrame([
        {"customer_id": "c1", "customer_name": "Kunde 1", "currency": "NOK", "overdue_minor": 500, "balance_minor": 900},
        {"customer_id": "c1", "customer_name": "Kunde 1", "currency": "EUR", "overdue_minor": 7, "balance_minor": 7},
        {"customer_id": "x", "customer_name": "Bare skyldig", "currency": "NOK", "overdue_minor": 1, "balance_minor": 1},
    ])  # fmt: skip
    found = sales.exposure(balances, opportunities(rows)).set_index("customer_id")
    mine = [(k, row) for k, row in enumerate(rows) if k % 3 == 2 and k % 7]
    for key in {row["customer_id"] for _k, row in mine}:
        amounts = [0 if k % 11 == 0 else abs(row["amount_minor"]) for k, row in mine if row["customer_id"] == key]
        assert found.loc[key, ["n_open", "open_amount", "weighted"]].tolist() == [len(amounts), sum(amounts), sum(a // 2 for a in amounts)]
    assert found.loc["c1", ["balance", "overdue"]].tolist() == [900, 500]
    assert found.loc["x"].tolist() == ["Bare skyldig", 1, 1, 0, 0, 0]
    assert found.index[:2].tolist() == ["c1", "x"]


def test_territory(rows):
    places = {f"c{k}": ("Oslo", "Bergen", "")[k % 3] for k in range(14)}
    customers = pd.DataFrame({"id": places.keys(), "municipality": places.values()})
    frame = opportunities(rows)
    found = sales.territory(customers, pd.DataFrame(rows), frame).set_index("municipality")
    assert sorted(found.index) == sorted(set(places.values()))
    for place, told in found.iterrows():
        mine = [row for row in rows if places[row["customer_id"]] == place]
        deals = [row for row in frame.to_dict("records") if row["customer_id"] is not None and places.get(row["customer_id"]) == place]
        weighted = sum(row["weighted_nok_minor"] for row in deals if row["status"] == "open" and not pd.isna(row["weighted_nok_minor"]))
        wanted = [
            list(places.values()).count(place), len({row["customer_id"] for row in mine}), sum(row["amount_minor"] for row in mine),
            sum(row["status"] == "won" for row in deals), sum(row["status"] == "lost" for row in deals), weighted,
        ]  # fmt: skip
        assert told.tolist() == wanted
    assert found["sold"].is_monotonic_decreasing


def test_product_mix(rows):
    found = sales.product_mix(pd.DataFrame(rows), FIRST, LAST)
    mine = within(rows, FIRST, LAST)
    assert dict(zip(found["product"], found["amount"], strict=True)) == summed(mine, "product")
    assert dict(zip(found["product"], found["n"], strict=True)) == Counter(row["product"] for row in mine)
    customers = {product: len({row["customer_id"] for row in mine if row["product"] == product}) for product in found["product"]}
    assert found["n_customers"].tolist() == list(customers.values())
    monthly = sales.monthly_mix(pd.DataFrame(rows), most=2, rest="andre")
    best = sorted(summed(rows, "product"), key=lambda product: -summed(rows, "product")[product])[:2]
    assert list(monthly.columns) == [*best, "andre"]
    may = [row for row in rows if (row["sold_on"].year, row["sold_on"].month) == (2026, 5)]
    assert monthly.loc[pd.Timestamp(2026, 5, 1), best[0]] == summed(may, "product").get(best[0], 0)
    assert monthly.to_numpy().sum() == sum(row["amount_minor"] for row in rows)


def test_a_company_that_has_sold_nothing():
    nothing = pd.DataFrame(world(0)).head(0).astype({"amount_minor": "int64"})
    deals = opportunities(world(0)).head(0)
    assert sales.won(deals).empty
    assert sales.top_customers(nothing, FIRST, LAST).empty
    assert sales.churn(nothing, TODAY)["n_active"].sum() == 0
    assert sales.silent(nothing, TODAY).empty
    assert sales.seasons(nothing, TODAY).empty
    assert sales.territory(pd.DataFrame({"id": ["c1"], "municipality": ["Oslo"]}), nothing, deals)["n"].tolist() == [1]
    assert sales.product_mix(nothing, FIRST, LAST).empty
    assert sales.monthly_mix(nothing).empty


def test_a_frame_of_something_else_is_refused():
    with pytest.raises(WrongFrame, match="sold_on"):
        sales.seasons(pd.DataFrame({"customer_id": ["c"], "customer": ["C"], "amount_minor": [1]}), TODAY)
