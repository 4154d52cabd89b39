"""Which posting is in which match, read and written: every change is the difference between two sets of links."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import and_, func, select, true

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import (
    SMALLEST_MATCH,
    CannotLink,
    Linking,
    MatchGroup,
    MatchRule,
    Place,
    Posting,
    PostingKind,
    TooFewPostings,
    check_places,
    linked,
)
from crm_lab.domain.values import clean_text
from crm_lab.errors import Conflict, InvalidInput, NotFound
from crm_lab.i18n import _, business_day
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.merges import now_of
from crm_lab.store.records import as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement, FromClause

    from crm_lab.store.records import Row, Work

LONGEST_REASON, LONGEST_ACCOUNT = 250, 40
PLACE = ("customer_id", "ledger", "account", "currency")


class ChangedByColleague(Conflict):
    """A posting was linked or freed by somebody since the caller looked."""

    def __init__(self, posting: int, who: str) -> None:
        super().__init__(
            _(
                "{who} changed the link of posting {posting} in the meantime. Nothing was changed; look at it again.",
                who=who,
                posting=posting,
            )
        )


class NotLinked(InvalidInput):
    """The posting is in no match."""

    def __init__(self, posting: int) -> None:
        super().__init__(_("Posting {posting} is not linked.", posting=posting), "posting_ids")


class StillLinked(Conflict):
    """The posting is part of a match, so it cannot be taken back."""

    def __init__(self, posting: int) -> None:
        super().__init__(_("Posting {posting} is linked. Take the link apart first, then take the posting back.", posting=posting))


def visible_to_bookkeeper(work: Work, table: FromClause) -> ColumnElement[bool]:
    """Which postings or matches the caller may know of: accountants all, others those of the parties they see."""
    if work.actor is not None and work.actor.has(Role.ACCOUNTANT):
        return true()
    return work.visible_to(table)


@dataclass(slots=True)
class Links:
    """The links of some postings, and of all that are in a match with them, inside one action.

    `rows` are the postings by their key, each with its place, amount and, where it is linked, the row of that link as
    `item` and the match as `match_number`.
    """

    work: Work
    rows: dict[UUID, Row]
    now: dict[UUID, int] = field(init=False)

    def __post_init__(self) -> None:
        self.now = {key: row["match_number"] for key, row in self.rows.items() if row["match_number"] is not None}

    @classmethod
    def of_postings(cls, work: Work, posting_ids: Sequence[UUID]) -> Self:
        """The links of postings. Raises `NotFound`, also where one is hidden."""
        p, i = tables.posting, tables.match_item
        rows = _read(work, p.c.id, dict.fromkeys(posting_ids))
        if len(rows) != len(set(posting_ids)) or not rows:
            raise NotFound(_("There is no such record, or you may not see it."))
        matches = {row["item"]["match_id"] for row in rows.values() if row["item"]}
        return cls(work, _read(work, i.c.match_id, matches) | rows)

    @classmethod
    def of_matches(cls, work: Work, numbers: Sequence[int]) -> Self:
        """The links of whole matches. Raises `NotFound`, `ChangedByColleague` where one was dissolved."""
        g, i = tables.match_group, tables.match_item
        query = select(g.c.id).where(and_(g.c.number.in_(set(numbers)), visible_to_bookkeeper(work, g)))
        matches = {row["id"] for row in work.rows(query)}
        if len(matches) != len(set(numbers)) or not matches:
            raise NotFound(_("There is no such record, or you may not see it."))
        rows = _read(work, i.c.match_id, matches)
        gone = matches - {row["item"]["match_id"] for row in rows.values()}
        if gone:
            raise _freed(work, i.c.match_id.in_(gone)) or NotFound(_("There is no such record, or you may not see it."))
        return cls(work, rows)

    def next_number(self) -> int:
        """A number for a new match."""
        return self.work.next_number("match", 1)

    def check_linkable(self, posting_ids: Iterable[UUID]) -> None:
        """Raise `TooFewPostings` or `CannotLink` where postings do not belong together."""
        check_places(_place(self.rows[key]) for key in dict.fromkeys(posting_ids))

    def check_as_seen(self, posting_ids: Sequence[UUID], numbers: Iterable[int]) -> None:
        """Raise `ChangedByColleague` where postings are not in the matches the caller saw them in, and no others."""
        seen = set(numbers)
        for key in posting_ids:
            if self.now.get(key, None) not in {None, *seen}:
                raise ChangedByColleague(self.rows[key]["number"], _name(self.work, self.rows[key]["item"]["linked_by"]))
        if seen - {self.now.get(key) for key in posting_ids}:
            first = self.rows[posting_ids[0]]["number"]
            raise _freed(self.work, tables.match_item.c.posting_id.in_(posting_ids)) or NotLinked(first)

    def check_linked(self, posting_ids: Sequence[UUID]) -> None:
        """Raise `NotLinked` where a posting is in no match, `ChangedByColleague` where somebody freed it."""
        for key in posting_ids:
            if key not in self.now:
                raise _freed(self.work, tables.match_item.c.posting_id == key) or NotLinked(self.rows[key]["number"])

    def save(self, after: Mapping[UUID, int], *, rule: MatchRule = MatchRule.MANUAL, reason: str = "") -> None:
        """Make the links those of `after`: what ends keeps its row, what begins gets one."""
        work, changed = self.work, [key for key in self.rows if self.now.get(key) != after.get(key)]
        known = {row["match_number"]: row["item"]["match_id"] for row in self.rows.values() if row["item"]}
        for key in changed:
            number = after.get(key)
            if number is not None and number not in known:
                group = _group_row(work, _place(self.rows[key]), number, rule, reason)
                work.insert(tables.match_group, group)
                known[number] = group["id"]
        ended = [self.rows[key]["item"] for key in changed if key in self.now]
        now = {"unlinked_at": work.now, "unlinked_by": work.actor.id if work.actor else None}
        work.set_many(tables.match_item, ended, **now)
        work.insert_many(tables.match_item, [_item_row(work, known[after[key]], key) for key in changed if key in after])
        self.now = dict(after)

    def group(self, number: int, rule: MatchRule, reason: str) -> MatchGroup:
        """A match as it now is."""
        members = [self.rows[key] for key, at in self.now.items() if at == number]
        residual = sum((row["amount"] for row in members), Decimal(0))
        return MatchGroup(
            number=number, rule=rule, reason=reason, n_postings=len(members), residual=residual, currency=members[0]["currency"]
        )


def link(work: Work, linking: Linking) -> MatchGroup:
    """Link postings to one match; those they are in already become one, the lowest number wins."""
    links = Links.of_postings(work, linking.posting_ids)
    links.check_linkable(linking.posting_ids)
    links.check_as_seen(linking.posting_ids, linking.merging)
    fresh = 0 if links.now else links.next_number()
    after = linked(links.now, linking.posting_ids, fresh)
    if after == links.now:
        raise CannotLink(_("These postings are linked with each other already."))
    number = after[linking.posting_ids[0]]
    links.save(after, rule=linking.rule, reason=linking.reason)
    made = links.group(number, linking.rule, linking.reason)
    if not (linking.difference_account and made.residual):
        return made
    posted = _difference(work, links.rows[linking.posting_ids[0]], made.residual, linking.difference_account)
    add_postings(work, [posted])
    return link(work, replace(linking, posting_ids=(linking.posting_ids[0], posted.id), merging=(number,), difference_account=""))


def link_many(work: Work, linkings: Sequence[Linking]) -> int:
    """Link many sets of postings, each to a match of its own; how many."""
    keys = list(chain.from_iterable(linking.posting_ids for linking in linkings))
    if len(keys) != len(set(keys)):
        raise CannotLink(_("A posting can be in one match only. Take it out of the other proposals."))
    if not keys:
        raise TooFewPostings
    for linking in linkings:
        if linking.merging:
            link(work, linking)
    if free := [linking for linking in linkings if not linking.merging]:
        _link_free(work, free)
    return len(linkings)


def _link_free(work: Work, linkings: Sequence[Linking]) -> None:
    """Link sets of postings that are in no match yet."""
    keys = list(chain.from_iterable(linking.posting_ids for linking in linkings))
    rows = _read(work, tables.posting.c.id, keys)
    if len(rows) != len(keys):
        raise NotFound(_("There is no such record, or you may not see it."))
    for linking in linkings:
        check_places(_place(rows[key]) for key in linking.posting_ids)
    for row in rows.values():
        if row["item"]:
            raise ChangedByColleague(row["number"], _name(work, row["item"]["linked_by"]))
    members = _with_differences(work, linkings, rows)
    numbers = count(work.next_number("match", 1, len(linkings)))
    groups = [
        _group_row(work, _place(rows[linking.posting_ids[0]]), number, linking.rule, linking.reason)
        for linking, number in zip(linkings, numbers, strict=False)
    ]
    work.insert_many(tables.match_group, groups)
    work.insert_many(tables.match_item, [_item_row(work, group["id"], key) for group, ids in zip(groups, members, strict=True) for key in ids])


def _with_differences(work: Work, linkings: Sequence[Linking], rows: Mapping[UUID, Row]) -> list[tuple[UUID, ...]]:
    """The postings of each match to be: with what posts its residual away, where that is wanted."""
    members: list[tuple[UUID, ...]] = []
    posted: list[Posting] = []
    for linking in linkings:
        ids = linking.posting_ids
        residual = sum((rows[key]["amount"] for key in ids), Decimal(0))
        if linking.difference_account and residual:
            posted.append(_difference(work, rows[ids[0]], residual, linking.difference_account))
            ids = (*ids, posted[-1].id)
        members.append(ids)
    if posted:
        add_postings(work, posted)
    return members


def _difference(work: Work, row: Row, residual: Decimal, account: str) -> Posting:
    """What posts a residual away, beside the posting of `row`."""
    against = clean_text(account, "difference_account", max_length=LONGEST_ACCOUNT)
    return Posting(
        id=new_id(), customer_id=row["customer_id"], ledger=row["ledger"], account=row["account"], kind=PostingKind.DIFFERENCE,
        posted_on=business_day(work.now), amount=-residual, currency=row["currency"], text=_("Difference, against account {account}", account=against),
    )  # fmt: skip


def add_postings(work: Work, postings: Sequence[Posting]) -> tuple[Posting, ...]:
    """Add many postings with consecutive numbers; they come back numbered."""
    numbers, by = count(work.next_number("posting", 1, len(postings))), work.actor.id if work.actor else None
    numbered = tuple(replace(p, number=next(numbers), created_by=by, created_at=p.created_at or work.now) for p in postings)
    work.insert_many(tables.posting, [as_row(posting, tables.posting) for posting in numbered])
    return numbered


def take_back(work: Work, posting_ids: Iterable[UUID]) -> None:
    """Post the opposite of postings, today, and link each pair: nothing that was posted is deleted. Raises `StillLinked`."""
    rows = _read(work, tables.posting.c.id, posting_ids, everybody=True)
    for row in rows.values():
        if row["item"]:
            raise StillLinked(row["number"])
    had = [as_record(Posting, row) for row in work.rows_of(tables.posting, "id", rows)]
    made = [
        replace(
            posting, id=new_id(), amount=-posting.amount, posted_on=business_day(work.now), due_on=None, source_id=None,
            source_key=None, reverses_id=posting.id, text=_("Takes back posting {posting}", posting=posting.number), created_at=None,
        )
        for posting in had
    ]  # fmt: skip
    add_postings(work, made)
    link_many(work, [Linking(posting_ids=(b.id, a.id), rule=MatchRule.REVERSAL) for b, a in zip(had, made, strict=True)])


def is_sound(work: Work, posting_ids: Iterable[UUID], match_ids: Iterable[UUID]) -> bool:
    """Whether none of the postings is in two matches, and none of the matches holds a single one."""
    i = tables.match_item
    for key, keys, wrong in ((i.c.posting_id, posting_ids, func.count() > 1), (i.c.match_id, match_ids, func.count() < SMALLEST_MATCH)):
        if work.one(select(key).where(and_(among(key, keys), i.c.unlinked_at.is_(None))).group_by(key).having(wrong)):
            return False
    return True


def _read(work: Work, which: ColumnElement[Any], keys: Iterable[UUID], *, everybody: bool = False) -> dict[UUID, Row]:
    """Postings with their live links, by key, where `which` is one of `keys`; of whom its party now is."""
    p, g, i, c = tables.posting, tables.match_group, tables.match_item, tables.customer
    live = and_(i.c.posting_id == p.c.id, i.c.unlinked_at.is_(None))
    link = [column.label(f"item_{column.name}") for column in i.c]
    place = [p.c[name] if name != "customer_id" else now_of(c).label(name) for name in PLACE]
    query = select(p.c.id, p.c.number, p.c.amount, *place, g.c.number.label("match_number"), *link)
    query = query.join(c, c.c.id == p.c.customer_id).outerjoin(i, live).outerjoin(g, g.c.id == i.c.match_id)
    query = query if everybody else query.where(visible_to_bookkeeper(work, p))
    rows = work.rows(query.where(among(which, keys)))
    names = [column.name for column in i.c]
    for row in rows:
        item = {name: row.pop(f"item_{name}") for name in names}
        row["item"] = item if item["id"] else None
    return {row["id"]: row for row in rows}


def _place(row: Row) -> Place:
    return Place(**{name: row[name] for name in PLACE})


def _group_row(work: Work, place: Place, number: int, rule: MatchRule, reason: str) -> Row:
    made = {"made_at": work.now, "made_by": work.actor.id if work.actor else None, "request_id": work.request_id}
    row = {"id": new_id(), "number": number, "rule": rule, "reason": clean_text(reason, "reason", max_length=LONGEST_REASON)}
    return row | made | {name: getattr(place, name) for name in PLACE}


def _item_row(work: Work, match_id: UUID, posting_id: UUID) -> Row:
    linked = {"linked_at": work.now, "linked_by": work.actor.id if work.actor else None}
    return {"id": new_id(), "match_id": match_id, "posting_id": posting_id, "unlinked_at": None, "unlinked_by": None} | linked


def _freed(work: Work, which: ColumnElement[bool]) -> ChangedByColleague | None:
    """Who last took one of these links apart, as an error; None where nobody did."""
    i, p = tables.match_item, tables.posting
    query = select(p.c.number, i.c.unlinked_by).join(p, p.c.id == i.c.posting_id).where(and_(which, i.c.unlinked_at.is_not(None)))
    row = work.one(query.order_by(i.c.unlinked_at.desc(), p.c.number).limit(1))
    return ChangedByColleague(row["number"], _name(work, row["unlinked_by"])) if row else None


def _name(work: Work, employee_id: UUID | None) -> str:
    e = tables.employee
    return str(work.scalar(select(e.c.name).where(e.c.id == employee_id)) or "?")
