"""Runs of many matches: each is listed, and taken back as a whole, also later; and which rules may run by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from crm_lab.domain.ledger import MatchRule, MatchRun, NotSwitchedOn, PostingKind
from crm_lab.errors import NotFound
from crm_lab.i18n import _
from crm_lab.services.ledger.links import link_many, take_back
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy import Subquery

    from crm_lab.domain.ledger import Linking
    from crm_lab.store.records import Work

MOST_SHOWN = 200


def run(work: Work, linkings: Sequence[Linking], *, is_automatic: bool) -> int:
    """Link a whole run; how many matches. Raises `NotSwitchedOn`, and what `link_many` raises."""
    if is_automatic and not {linking.rule for linking in linkings} <= set(automatic_rules(work)):
        raise NotSwitchedOn
    n = link_many(work, linkings)
    who = work.actor.id if work.actor else None
    load(work.connection, tables.match_run, [{"id": work.request_id, "ran_at": work.now, "employee_id": who, "is_automatic": is_automatic}])
    return n


def runs(work: Work) -> list[MatchRun]:
    """The newest runs."""
    r, e, of = tables.match_run, tables.employee, _matches_of_runs()
    told = func.count(of.c.id), func.count(of.c.id).filter(of.c.is_standing)
    query = (
        select(r.c.id, r.c.ran_at, r.c.is_automatic, func.coalesce(e.c.name, "").label("who"), told[0].label("n_matches"), told[1].label("n_standing"))
        .outerjoin(e, e.c.id == r.c.employee_id)
        .outerjoin(of, of.c.request_id == r.c.id)
        .group_by(r.c.id, r.c.ran_at, r.c.is_automatic, e.c.name)
        .order_by(r.c.ran_at.desc())
        .limit(MOST_SHOWN)
    )
    return [as_record(MatchRun, row) for row in work.rows(query)]


def undo_run(work: Work, run_id: UUID) -> int:
    """Dissolve the matches of a run that nobody changed since, and post back the differences they posted; how many.

    Raises
    ------
    NotFound
    """
    of, i, p = _matches_of_runs(), tables.match_item, tables.posting
    standing = select(of.c.id).where(and_(of.c.request_id == run_id, of.c.is_standing))
    rows = work.rows(select(i).where(and_(i.c.match_id.in_(standing), i.c.unlinked_at.is_(None))))
    if not rows:
        raise NotFound(_("Nothing of this run is left to undo."))
    work.set_many(tables.match_item, rows, unlinked_at=work.now, unlinked_by=work.actor.id if work.actor else None)
    by_run = and_(p.c.kind == PostingKind.DIFFERENCE, p.c.created_at == rows[0]["linked_at"])
    keys = {row["posting_id"] for row in rows}
    posted = [row["id"] for row in work.rows(select(p.c.id).where(by_run)) if row["id"] in keys]
    if posted:
        take_back(work, posted)
    return len({row["match_id"] for row in rows})


def automatic_rules(work: Work) -> tuple[MatchRule, ...]:
    """The rules that may link by themselves."""
    row = next(iter(work.kept(tables.company)), None)
    return tuple(MatchRule(name) for name in (row and row["automatic_rules"]) or ())


def set_automatic_rules(work: Work, rules: Collection[MatchRule]) -> None:
    """Switch rules on, and all others off."""
    row = work.one(select(tables.company))
    assert row is not None  # noqa: S101 - an administrator belongs to a company
    work.change(tables.company, row["id"], row["version"], automatic_rules=tuple(sorted(rules)))


def _matches_of_runs() -> Subquery:
    """id, request_id, is_standing of every match that a run made: standing is as it was made."""
    g, i, r = tables.match_group, tables.match_item, tables.match_run
    as_made = func.bool_and(and_(i.c.unlinked_at.is_(None), i.c.linked_at == g.c.made_at))
    query = select(g.c.id, g.c.request_id, as_made.label("is_standing")).join(r, r.c.id == g.c.request_id)
    return query.join(i, i.c.match_id == g.c.id).group_by(g.c.id, g.c.request_id).subquery()
