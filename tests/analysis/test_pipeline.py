"""The pipeline's figures, each against plain Python over the rows of random pipelines."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crm_lab.analysis import forecast, pipeline
from crm_lab.analysis.frames import WrongFrame
from crm_lab.i18n import business_day

STAGES = [("s1", "Behov", 1, 20), ("s2", "Tilbud", 2, 50), ("s3", "Avtale", 3, 80)]
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
Deal = dict[str, Any]


def world(seed: int, n: int = 60) -> tuple[list[Deal], list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Opportunities as they are, every change that led there, who sold them, budgets."""
    rolls = random.Random(seed)
    deals, changes, shares = [], [], []
    for k in range(n):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=rolls.randrange(24 * 320))
        deal: Deal = {"id": f"o{k}", "status": "open", "stage": "s1", "amount": rolls.randrange(1, 900_000), "probability": 20, "category": "pipeline",
                      "expected_close": (at + timedelta(days=rolls.randrange(10, 120))).date().isoformat(), "owner": "e1", "created_at": at, "closed_at": None, "n_pushes": 0}
        deal["first_close"] = deal["expected_close"]

        def change(field: str, new: Any, when: datetime, deal: Deal = deal) -> None:
            old = "" if field not in deal["had"] else str(deal[field])
            deal[field] = new
            deal["had"].add(field)
            changes.append({"opportunity_id": deal["id"], "changed_at": when, "field": field, "old": old, "new": str(new)})

        deal["had"] = set()
        for field in ("status", "stage", "amount", "probability", "expected_close", "owner", "category"):
            change(field, deal[field], at)
        for _step in range(rolls.randrange(6)):
            at += timedelta(hours=rolls.randrange(1, 24 * 40))
            if at > NOW:
                break
            _happen(rolls, deal, change, at)
        for seller, percent in ((("e1", 100),) if rolls.random() < 0.6 else (("e1", 33), ("e2", 67))):
            shares.append({"opportunity_id": deal["id"], "employee_id": seller, "seller": seller.upper(), "percent": percent})
        deals.append(deal)
    changes.sort(key=lambda c: (c["changed_at"], c["opportunity_id"], c["field"]))
    budgets = [{"employee_id": "e1", "seller": "E1", "month": date(2026 + m // 12, m % 12 + 1, 1), "amount_minor": 1000 * m} for m in range(18)]
    return deals, changes, shares, budgets


def _happen(rolls: random.Random, deal: Deal, change: Any, at: datetime) -> None:
    """Something becomes of an opportunity."""
    what = rolls.choice(("stage", "stage", "amount", "push", "category", "won", "lost", "reopen"))
    if what == "reopen" and deal["status"] != "open":
        change("status", "open", at)
        deal["closed_at"] = None
    elif deal["status"] != "open":
        return
    elif what == "stage":
        stage, _name, _position, odds = rolls.choice(STAGES)
        if stage != deal["stage"]:
            change("stage", stage, at)
            change("probability", odds, at)
    elif what == "amount":
        change("amount", rolls.randrange(1, 900_000), at)
    elif what == "push":
        change("expected_close", (date.fromisoformat(deal["expected_close"]) + timedelta(days=rolls.randrange(1, 60))).isoformat(), at)
        deal["n_pushes"] += 1
    elif what == "category":
        change("category", rolls.choice(("commit", "best_case", "omitted")), at)
    elif what in {"won", "lost"}:
        change("status", what, at)
        deal["closed_at"] = at
        deal["lost_reason"] = rolls.choice(("Pris", "")) if what == "lost" else ""


def weighted(deal: Deal) -> int:
    whole = {"won": deal["amount"], "lost": 0}
    exact = Decimal(deal["amount"]) * deal["probability"] / 100
    return int(whole.get(deal["status"], exact.quantize(Decimal(1), ROUND_HALF_UP)))


def frames(deals: list[Deal], changes: list[dict[str, Any]], shares: list[dict[str, Any]], budgets: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """As `crm` hands them out."""
    names = {key: (name, position) for key, name, position, _odds in STAGES}
    rows = [
        {
            "id": d["id"], "owner": d["owner"], "stage_id": d["stage"], "stage": names[d["stage"]][0], "stage_position": names[d["stage"]][1], "status": d["status"],
            "amount_nok_minor": d["amount"], "weighted_nok_minor": weighted(d), "probability": d["probability"], "category": d["category"],
            "expected_close_on": date.fromisoformat(d["expected_close"]), "first_close_on": date.fromisoformat(d["first_close"]), "n_pushes": d["n_pushes"],
            "lost_reason": d.get("lost_reason", ""), "created_at": d["created_at"], "closed_at": d["closed_at"], "closed_on": business_day(d["closed_at"]) if d["closed_at"] else None,
        }
        for d in deals
    ]  # fmt: skip
    told = pd.DataFrame(rows)
    for name in ("amount_nok_minor", "weighted_nok_minor", "probability", "n_pushes"):
        told[name] = told[name].astype("Int64")
    for name in ("created_at", "closed_at"):
        told[name] = pd.to_datetime(told[name], utc=True)
    stages = pd.DataFrame([{"stage_id": key, "stage": name, "pipeline": "Salg", "position": position, "probability": odds} for key, name, position, odds in STAGES])
    history = pd.DataFrame(changes)
    history["changed_at"] = pd.to_datetime(history["changed_at"], utc=True)
    return {"opportunities": told, "changes": history, "shares": pd.DataFrame(shares), "budgets": pd.DataFrame(budgets), "stages": stages}


@pytest.fixture(params=range(8))
def made(request: pytest.FixtureRequest) -> tuple[list[Deal], list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]], dict[str, pd.DataFrame]]:
    told = world(request.param)
    return (*told, frames(*told))


def closed(deals: list[Deal], status: str) -> list[Deal]:
    return [d for d in deals if d["status"] == status and FIRST <= business_day(d["closed_at"]) <= LAST]


def test_months_against_budget(made) -> None:
    deals, _changes, _shares, budgets, f = made
    table = pipeline.by_month(f["opportunities"], f["budgets"], date(2026, 12, 1), 3).set_index("month")
    for month in (date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)):
        row = table.loc[pd.Timestamp(month)]
        due = [d for d in deals if d["status"] == "open" and max(date.fromisoformat(d["expected_close"]).replace(day=1), date(2026, 12, 1)) == month]
        for category in ("commit", "best_case", "pipeline"):
            assert row[category] == sum(weighted(d) for d in due if d["category"] == category)
        assert row["won"] == sum(d["amount"] for d in deals if d["status"] == "won" and business_day(d["closed_at"]).replace(day=1) == month)
        assert row["weighted"] == row["won"] + row["commit"] + row["best_case"] + row["pipeline"]
        assert row["budget"] == sum(b["amount_minor"] for b in budgets if b["month"] == month)


def test_won_of_what_was_closed(made) -> None:
    deals, *_rest, f = made
    won, lost = closed(deals, "won"), closed(deals, "lost")
    (row,) = pipeline.win_rate(f["opportunities"], FIRST, LAST).to_dict("records")
    assert (row["n_won"], row["n_lost"]) == (len(won), len(lost))
    assert row["rate"] == pytest.approx(len(won) / (len(won) + len(lost)))
    assert row["value_rate"] == pytest.approx(sum(d["amount"] for d in won) / sum(d["amount"] for d in won + lost))
    days = [(d["closed_at"] - d["created_at"]).total_seconds() / 86400 for d in won]
    assert pipeline.cycle_time(f["opportunities"], FIRST, LAST)["median"] == pytest.approx(median(days))
    n_open, mean = sum(d["status"] == "open" for d in deals), sum(d["amount"] for d in won) / len(won)
    assert pipeline.velocity(f["opportunities"], FIRST, LAST) == pytest.approx(n_open * row["rate"] * mean / max(median(days), 1))


def test_reasons_sellers_and_pushes(made) -> None:
    deals, _changes, shares, _budgets, f = made
    table = pipeline.reasons(f["opportunities"], FIRST, LAST)
    told = {row.lost_reason: (row.n, row.amount) for row in table.itertuples()}
    wanted: dict[str, list[int]] = defaultdict(list)
    for d in closed(deals, "lost"):
        wanted[d["lost_reason"]].append(d["amount"])
    assert told == {reason: (len(amounts), sum(amounts)) for reason, amounts in wanted.items()}
    by_id = {d["id"]: d for d in deals}
    for row in pipeline.sellers(f["opportunities"], f["shares"], FIRST, LAST).itertuples():
        mine = [(by_id[s["opportunity_id"]], s["percent"]) for s in shares if s["employee_id"] == row.employee_id]
        won = [(d, p) for d, p in mine if d["status"] == "won"]
        assert row.won == sum(int((Decimal(d["amount"]) * p / 100).quantize(Decimal(1), ROUND_HALF_UP)) for d, p in won)
        assert row.n_won == len(won)
    pushed = {row.n_pushes: row.n for row in pipeline.slippage(f["opportunities"]).itertuples()}
    assert pushed == {k: sum(d["n_pushes"] == k for d in deals if d["status"] == "open") for k in {d["n_pushes"] for d in deals if d["status"] == "open"}}


def replay(changes: list[dict[str, Any]], at: datetime) -> dict[str, dict[str, str]]:
    states: dict[str, dict[str, str]] = defaultdict(dict)
    for c in changes:
        if c["changed_at"] <= at:
            states[c["opportunity_id"]][c["field"]] = c["new"]
    return states


def test_the_pipeline_as_it_was(made) -> None:
    _deals, changes, *_rest, f = made
    for at in (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 9, 15, 12, tzinfo=UTC), NOW):
        told = pipeline.as_of(f["changes"], at).set_index("opportunity_id")
        states = replay(changes, at)
        assert set(told.index) == set(states)
        for key, state in states.items():
            row = told.loc[key]
            assert (row["status"], row["stage_id"], str(row["amount_minor"]), str(row["probability"])) == (state["status"], state["stage"], state["amount"], state["probability"])
            assert row["expected_close_on"].date().isoformat() == state["expected_close"]


def test_the_waterfall_falls_to_its_end(made) -> None:
    _deals, changes, *_rest, f = made
    first, last = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    told = pipeline.waterfall(f["changes"], first, last)
    before, after = replay(changes, first), replay(changes, last)
    assert told["start"] == sum(int(s["amount"]) for s in before.values() if s["status"] == "open")
    assert told["end"] == sum(int(s["amount"]) for s in after.values() if s["status"] == "open")
    assert told[["start", "new", "reopened", "raised", "lowered", "won", "lost"]].sum() == told["end"]
    assert told["new"] == sum(int(s["amount"]) for key, s in after.items() if key not in before)
    assert told["won"] <= 0
    assert told["lost"] <= 0


def test_from_stage_to_stage(made) -> None:
    deals, changes, *_rest, f = made
    position = {key: place for key, _name, place, _odds in STAGES}
    table = pipeline.conversion(f["changes"], f["opportunities"], f["stages"]).set_index("stage_id")
    learned = forecast.learned(f["changes"], f["opportunities"], f["stages"]).set_index("stage_id")
    for stage, place in position.items():
        n_in = n_on = n_decided = n_ended = n_won = 0
        for d in deals:
            been = [c["new"] for c in changes if c["opportunity_id"] == d["id"] and c["field"] == "stage"]
            if stage not in been:
                continue
            goes_on = max(position[one] for one in been) > place or d["status"] == "won"
            n_in, n_on, n_decided = n_in + 1, n_on + goes_on, n_decided + (goes_on or d["status"] == "lost")
            n_ended, n_won = n_ended + (d["status"] != "open"), n_won + (d["status"] == "won")
        assert (table.loc[stage, "n_in"], table.loc[stage, "n_on"], table.loc[stage, "n_decided"]) == (n_in, n_on, n_decided)
        assert (learned.loc[stage, "n"], learned.loc[stage, "n_won"]) == (n_ended, n_won)
        if n_ended:
            assert 0 <= learned.loc[stage, "low"] <= n_won / n_ended <= learned.loc[stage, "high"] <= 1


def test_what_was_forecast_then(made) -> None:
    deals, changes, *_rest, f = made
    instants = [datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 20, tzinfo=UTC)]
    told = pipeline.back_test(f["changes"], f["opportunities"], instants, date(2026, 9, 1))
    for at, row in zip(instants, told.itertuples(), strict=True):
        then = [s for s in replay(changes, at).values() if s["status"] == "open" and s["expected_close"][:7] == "2026-09" and s["category"] != "omitted"]
        assert row.open_amount == sum(int(s["amount"]) for s in then)
        assert row.weighted == sum(int(s["amount"]) * int(s["probability"]) for s in then) // 100
        won = [d for d in deals if d["status"] == "won" and business_day(d["closed_at"]).isoformat()[:7] == "2026-09"]
        assert (row.won, row.won_so_far) == (sum(d["amount"] for d in won), sum(d["amount"] for d in won if d["closed_at"] <= at))


def test_cohorts_and_calibration(made) -> None:
    deals, changes, *_rest, f = made
    table = pipeline.cohorts(f["opportunities"], 3).set_index("made")
    for made_in, row in table.iterrows():
        mine = [d for d in deals if business_day(d["created_at"]).replace(day=1) == made_in.date()]
        assert row["n"] == len(mine)
        for months in range(3):
            n = sum(d["status"] == "won" and _months(business_day(d["created_at"]), business_day(d["closed_at"])) <= months for d in mine)
            assert row[months] == pytest.approx(n / len(mine))
    at = datetime(2026, 6, 1, tzinfo=UTC)
    status = {d["id"]: d["status"] for d in deals}
    told = forecast.calibration(f["changes"], f["opportunities"], [at])
    then = [(int(s["probability"]), status[key] == "won") for key, s in replay(changes, at).items() if s["status"] == "open" and status[key] != "open"]
    for row in told.itertuples():
        mine = [won for odds, won in then if row.low <= odds < row.high]
        assert (row.n, row.rate) == (len(mine), pytest.approx(sum(mine) / len(mine)))


def _months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def test_the_simulation_is_around_the_weighted_sum(made) -> None:
    *_rest, f = made
    told = forecast.simulate(f["opportunities"], date(2026, 12, 1), 3)
    months = pipeline.by_month(f["opportunities"], f["budgets"], date(2026, 12, 1), 3)
    assert (told["p10"] <= told["p50"]).all()
    assert (told["p50"] <= told["p90"]).all()
    spread = np.maximum(told["p90"] - told["p10"], 1) / 2.56
    assert (abs(told["mean"] - months["weighted"]) <= 5 * spread / np.sqrt(forecast.RUNS) + 100).all()
    pd.testing.assert_frame_equal(told, forecast.simulate(f["opportunities"], date(2026, 12, 1), 3))
    sure = forecast.simulate(f["opportunities"], date(2026, 12, 1), 3, rates={"s1": 1.0, "s2": 1.0, "s3": 1.0})
    assert (sure["p10"] == sure["p90"]).all()


def test_nothing_at_all_is_no_fault() -> None:
    f = frames(*world(1, 3))
    empty = f["opportunities"].iloc[:0]
    assert pipeline.by_month(empty, f["budgets"], date(2026, 12, 1))["weighted"].sum() == 0
    assert np.isnan(pipeline.velocity(empty, FIRST, LAST))
    assert forecast.simulate(empty, date(2026, 12, 1))["p90"].sum() == 0
    with pytest.raises(WrongFrame, match="status"):
        pipeline.win_rate(f["opportunities"].drop(columns="status"), FIRST, LAST)
