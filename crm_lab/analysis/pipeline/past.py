"""The pipeline as it was: replayed from its history, so that no report need have been saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_lab.analysis.frames import CHANGES, checked
from crm_lab.analysis.pipeline.expected import month_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

FIELDS = ("status", "stage", "amount", "probability", "expected_close", "owner", "category")


def as_of(changes: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Every opportunity as it was at an instant.

    Returns
    -------
    opportunity_id, status, stage_id, amount_minor (Int64, øre of kroner), probability (Int64, percent), expected_close_on (datetime64), owner_id, category.
    """
    checked(changes, CHANGES)
    then = changes[(changes["changed_at"] <= pd.Timestamp(at)) & changes["field"].isin(FIELDS)]
    whose, ids = pd.factorize(then["opportunity_id"], sort=True)
    newest = np.full((len(ids), len(FIELDS)), -1)
    newest[whose, pd.Index(FIELDS).get_indexer(pd.Index(then["field"]))] = np.arange(len(then))  # of several the last one stays
    told = pd.concat([then["new"], pd.Series([""])], ignore_index=True)
    wide = {field: told.take(newest[:, n]).reset_index(drop=True) for n, field in enumerate(FIELDS)}
    return pd.DataFrame(
        {
            "opportunity_id": ids.astype("str"), "status": wide["status"], "stage_id": wide["stage"],
            "amount_minor": _whole(wide["amount"]), "probability": _whole(wide["probability"]),
            "expected_close_on": pd.to_datetime(wide["expected_close"].replace("", None)),
            "owner_id": wide["owner"], "category": wide["category"],
        }
    )  # fmt: skip


def waterfall(changes: pd.DataFrame, first: datetime, last: datetime) -> pd.Series:
    """From what was open at `first` to what is open at `last`: start, new, reopened, raised, lowered, won, lost, end, in øre.

    start + new + reopened + raised + lowered + won + lost = end. What is closed leaves with its last amount: won, lost and lowered are below zero.
    """
    told = steps(changes, first, last)
    return pd.Series({name: rows.sum() for name, rows in told.items()}, dtype="int64")


def steps(changes: pd.DataFrame, first: datetime, last: datetime) -> dict[str, pd.Series]:
    """What the steps of the waterfall are made of: of each, the amounts (øre) by opportunity_id that are not nothing."""
    before, after = (as_of(changes, at).set_index("opportunity_id") for at in (first, last))
    both = after[["status", "amount_minor"]].join(before[["status", "amount_minor"]].add_suffix("_before"))
    now, then = both["amount_minor"].fillna(0).astype("int64"), both["amount_minor_before"].fillna(0).astype("int64")
    was_open, is_new = both["status_before"] == "open", both["status_before"].isna()
    moved = _passed_through(changes, first, last)
    closed_then = ~was_open & ~is_new
    back = closed_then & ((both["status"] == "open") | both.index.isin(moved))
    change = (now - then).where(was_open, 0)
    touched = was_open | is_new | back
    parts = {
        "start": then[was_open], "new": now[is_new], "reopened": now[back], "raised": change[change > 0], "lowered": change[change < 0],
        "won": -now[touched & (both["status"] == "won")], "lost": -now[touched & (both["status"] == "lost")], "end": now[both["status"] == "open"],
    }  # fmt: skip
    return {name: amounts[amounts != 0] for name, amounts in parts.items()}


def back_test(changes: pd.DataFrame, opportunities: pd.DataFrame, instants: Sequence[datetime], month: date) -> pd.DataFrame:
    """What was forecast of a month at each instant, and what was then won in it: at, open_amount, weighted, won_so_far, forecast, won (øre).

    forecast is what had been won of the month by then and the weighted amounts of what was open and expected in it.
    """
    wanted = pd.Timestamp(month).replace(day=1)
    won = opportunities[(opportunities["status"] == "won") & (month_of(opportunities["closed_on"]) == wanted)]
    total = int(won["amount_nok_minor"].fillna(0).sum())
    rows = []
    for at in instants:
        then = as_of(changes, at)
        mine = then[(then["status"] == "open") & (month_of(then["expected_close_on"]) == wanted) & (then["category"] != "omitted")]
        amounts, odds = mine["amount_minor"].fillna(0).astype("int64"), mine["probability"].fillna(0).astype("int64")
        weighted, so_far = int((amounts * odds).sum()) // 100, int(won.loc[won["closed_at"] <= pd.Timestamp(at), "amount_nok_minor"].fillna(0).sum())
        rows.append({"at": at, "open_amount": int(amounts.sum()), "weighted": weighted, "won_so_far": so_far, "forecast": weighted + so_far, "won": total})
    return pd.DataFrame(rows)


def _passed_through(changes: pd.DataFrame, first: datetime, last: datetime) -> list[str]:
    """Those that were opened again within the time, also if they were closed once more."""
    within = (changes["changed_at"] > pd.Timestamp(first)) & (changes["changed_at"] <= pd.Timestamp(last))
    opened = within & (changes["field"] == "status") & (changes["new"] == "open") & (changes["old"] != "")
    return list(changes.loc[opened, "opportunity_id"].unique())


def _whole(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts.replace("", None)).astype("Int64")
