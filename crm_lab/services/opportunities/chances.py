"""What the company's own past says of a stage: of the opportunities that were in it and are decided, how many were won."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, case, cast, func, select

from crm_lab.domain.opportunities import OpportunityStatus
from crm_lab.store import tables

if TYPE_CHECKING:
    from crm_lab.store.records import Work

FEWEST = 20
"""So many must have been decided before a stage says anything."""


def learned_chances(work: Work) -> dict[str, int]:
    """Whole per cent by stage, where enough is decided; private ones count too, as they do in all sums. See `analysis.forecast.learned`."""
    o, h = tables.opportunity, tables.opportunity_change
    been = select(h.c.opportunity_id, h.c.new.label("stage_id")).where(h.c.field == "stage").distinct().subquery()
    won = func.sum(case((o.c.status == OpportunityStatus.WON, 1), else_=0)).label("won")
    query: Any = (
        select(cast(been.c.stage_id, String).label("stage_id"), func.count().label("n"), won).join(o, o.c.id == been.c.opportunity_id)
        .where(o.c.status != OpportunityStatus.OPEN).group_by(been.c.stage_id).having(func.count() >= FEWEST)
    )  # fmt: skip
    return {row["stage_id"]: int((100 * row["won"] + row["n"] // 2) // row["n"]) for row in work.rows(query)}
