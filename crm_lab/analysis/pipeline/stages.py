"""How opportunities go from stage to stage, and how long they stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_lab.analysis.frames import CHANGES, OPPORTUNITIES, STAGES, checked
from crm_lab.analysis.pipeline.outcomes import SECONDS_A_DAY

if TYPE_CHECKING:
    from datetime import datetime


def conversion(changes: pd.DataFrame, opportunities: pd.DataFrame, stages: pd.DataFrame) -> pd.DataFrame:
    """Of the opportunities that were in each stage, how many went on to a later one or were won.

    Those that skipped a stage were not in it. Going back does not count, nor does what is still in the stage or an earlier one and open.

    Returns
    -------
    pipeline, stage_id, stage, position, n_in (were there), n_decided, n_on, rate (n_on / n_decided; missing where nothing is decided).
    """
    steps = _steps(changes, stages)
    status = opportunities.set_index("id")["status"]
    reached = steps.groupby("opportunity_id")["position"].max()
    was_in = steps.drop_duplicates(["opportunity_id", "stage_id"])
    ended = status.reindex(was_in["opportunity_id"]).to_numpy()
    goes_on = (reached.reindex(was_in["opportunity_id"]).to_numpy() > was_in["position"].to_numpy()) | (ended == "won")
    told = was_in.assign(n_on=goes_on.astype("int64"), n_decided=(goes_on | (ended == "lost")).astype("int64"), n_in=1)
    sums = told.groupby("stage_id")[["n_in", "n_decided", "n_on"]].sum()
    table = stages[["pipeline", "stage_id", "stage", "position"]].join(sums, on="stage_id").fillna({"n_in": 0, "n_decided": 0, "n_on": 0})
    table = table.astype({"n_in": "int64", "n_decided": "int64", "n_on": "int64"})
    table["rate"] = table["n_on"] / table["n_decided"].replace(0, np.nan)
    return table


def time_in_stage(changes: pd.DataFrame, opportunities: pd.DataFrame, stages: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Days in each stage: stage_id, stage, n, median, p90 of the stays that are over, and n_now, now_median of those that are not."""
    steps = _steps(changes, stages)
    closed = opportunities.set_index("id")["closed_at"]
    ends = steps.groupby("opportunity_id")["changed_at"].shift(-1)
    ends = ends.fillna(pd.Series(closed.reindex(steps["opportunity_id"]).to_numpy(), index=steps.index))
    is_over = ends.notna()
    days = (ends.fillna(pd.Timestamp(now)) - steps["changed_at"]).dt.total_seconds() / SECONDS_A_DAY
    over, still = days[is_over].groupby(steps.loc[is_over, "stage_id"]), days[~is_over].groupby(steps.loc[~is_over, "stage_id"])
    told = pd.DataFrame({"n": over.count(), "median": over.median(), "p90": over.quantile(0.9), "n_now": still.count(), "now_median": still.median()})
    table = stages[["stage_id", "stage"]].join(told, on="stage_id").fillna({"n": 0, "n_now": 0})
    return table.astype({"n": "int64", "n_now": "int64"})


def _steps(changes: pd.DataFrame, stages: pd.DataFrame) -> pd.DataFrame:
    """Each entry into a stage, in order of time."""
    checked(changes, CHANGES)
    checked(stages, STAGES)
    moves = changes.loc[changes["field"] == "stage", ["opportunity_id", "changed_at", "new"]].rename(columns={"new": "stage_id"})
    return moves.merge(stages[["stage_id", "position"]], on="stage_id").sort_values(["opportunity_id", "changed_at"], kind="stable", ignore_index=True)


def funnel(opportunities: pd.DataFrame) -> pd.DataFrame:
    """The funnel as it stands: of each stage, how many are open there and what they come to: stage_id, stage, n, amount, weighted (øre)."""
    checked(opportunities, OPPORTUNITIES)
    still = opportunities[opportunities["status"] == "open"].sort_values("stage_position")
    parts = still.assign(amount=still["amount_nok_minor"].fillna(0).astype("int64"), weighted=still["weighted_nok_minor"].fillna(0).astype("int64"))
    return parts.groupby(["stage_id", "stage"], sort=False).agg(n=("id", "count"), amount=("amount", "sum"), weighted=("weighted", "sum")).reset_index()
