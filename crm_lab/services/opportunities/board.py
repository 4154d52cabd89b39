"""The board of a pipeline: sums of each column in one statement, and the first cards of each in another."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import String, and_, case, cast, func, or_, select, true

from crm_lab.domain.board import DECIDED_DAYS, MOST_CARDS, Board, BoardCard, BoardColumn, BoardPeriod
from crm_lab.domain.opportunities import ForecastCategory, OpportunityStatus
from crm_lab.domain.periods import month_of, quarter_of, year_of
from crm_lab.errors import NotFound
from crm_lab.i18n import _, business_day
from crm_lab.services.customers import shown_name
from crm_lab.services.opportunities.frames import marked, minor, weighted
from crm_lab.services.pipelines import pipelines_of
from crm_lab.store import tables
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause

    from crm_lab.domain.pipelines import Pipeline
    from crm_lab.store.records import Row, Work


def board_of(work: Work, pipeline_id: UUID | None, owner_id: UUID | None, category: ForecastCategory | None, period: BoardPeriod) -> Board:
    """The board of a pipeline, of the first in use unless one is named. Raises `NotFound`."""
    line = _pipeline(work, pipeline_id)
    today = business_day(work.now)
    o = marked(work)
    wanted = and_(
        o.c.stage_id.in_([s.id for s in line.stages]), _when(o, period, today),
        o.c.owner_id == owner_id if owner_id else true(), o.c.category == category if category else true(),
    )  # fmt: skip
    place = case((o.c.status == OpportunityStatus.OPEN, cast(o.c.stage_id, String)), else_=o.c.status)
    sums = _sums(work, o, wanted, place)
    cards = _cards(work, o, wanted, place, today, {s.id: s.rotting_days for s in line.stages})
    known = {str(s.id): (s.name, s.probability) for s in line.stages if s.is_active or str(s.id) in sums}
    known |= {OpportunityStatus.WON: (_("Won"), 100), OpportunityStatus.LOST: (_("Lost"), 0)}
    columns = tuple(
        BoardColumn(key=str(key), name=name, probability=chance, **sums.get(str(key), {}), cards=tuple(cards.get(str(key), ())))
        for key, (name, chance) in known.items()
    )
    unrated = and_(wanted, o.c.amount.is_not(None), o.c.amount_nok.is_(None))
    return Board(pipeline_id=line.id, name=line.name, columns=columns, n_unrated=int(work.scalar(select(func.count()).select_from(o).where(unrated))))


def _pipeline(work: Work, key: UUID | None) -> Pipeline:
    found = next((line for line in pipelines_of(work) if (line.id == key if key else line.is_active)), None)
    if found is None:
        raise NotFound(_("There is no such pipeline."))
    return found


def _when(o: FromClause, period: BoardPeriod, today: date) -> ColumnElement[bool]:
    """What is open and expected in the period, and what was decided lately."""
    spans = {BoardPeriod.MONTH: month_of(today), BoardPeriod.QUARTER: quarter_of(today), BoardPeriod.YEAR: year_of(today)}
    still = o.c.status == OpportunityStatus.OPEN
    if period is BoardPeriod.LATE:
        still = and_(still, o.c.expected_close_on < today)
    elif period in spans:
        still = and_(still, o.c.expected_close_on.between(*spans[period]))
    return or_(still, o.c.closed_on > today - timedelta(days=DECIDED_DAYS))


def _sums(work: Work, o: FromClause, wanted: ColumnElement[bool], place: ColumnElement[str]) -> dict[str, Row]:
    query: Any = select(
        place.label("place"), func.count().label("n"), func.sum(minor(o.c.amount_nok)).label("sum_minor"),
        func.sum(weighted(o.c.amount_nok, o)).label("weighted_minor"), func.sum(case((o.c.seen, 0), else_=1)).label("n_private"),
    ).where(wanted).group_by(place)  # fmt: skip
    return {row.pop("place"): {name: int(value or 0) for name, value in row.items()} for row in work.rows(query)}


def _cards(
    work: Work, o: FromClause, wanted: ColumnElement[bool], place: ColumnElement[str], today: date, waits: dict[UUID, int | None]
) -> dict[str, list[BoardCard]]:
    c = tables.customer
    first = func.row_number().over(partition_by=place, order_by=(o.c.closed_on.desc().nulls_last(), o.c.expected_close_on.asc().nulls_last(), o.c.id))
    shown = select(o.c.id, place.label("place"), first.label("nth")).where(and_(wanted, o.c.seen)).subquery()
    query = (
        select(
            shown.c.place, o.c.id, o.c.version, o.c.title, shown_name().label("customer"), c.c.number.label("customer_number"), o.c.owner_id, o.c.stage_id,
            o.c.status, minor(o.c.amount).label("amount_minor"), o.c.currency, o.c.probability, o.c.category, o.c.expected_close_on, o.c.closed_on,
            o.c.n_pushes, o.c.next_step, o.c.touched_at,
        )
        .join(shown, and_(shown.c.id == o.c.id, shown.c.nth <= MOST_CARDS))
        .join(c, c.c.id == o.c.customer_id)
        .order_by(shown.c.place, shown.c.nth)
    )  # fmt: skip
    names = work.employee_names()
    found: dict[str, list[BoardCard]] = {}
    for row in work.rows(query):
        is_open, days = row["status"] == OpportunityStatus.OPEN, (today - business_day(row["touched_at"])).days
        wait, expected = waits.get(row["stage_id"]), row["expected_close_on"]
        more: dict[str, Any] = {
            "owner": names.get(row["owner_id"], ""), "n_days": days, "is_rotting": bool(is_open and wait and days > wait),
            "is_late": bool(is_open and expected and expected < today),
        }  # fmt: skip
        found.setdefault(row["place"], []).append(as_record(BoardCard, row | more))
    return found
