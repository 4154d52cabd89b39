"""A merge made and taken back, in one transaction each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
from sqlalchemy import and_, case, func, select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import dissolved
from crm_lab.domain.merges import (
    ADDRESS,
    LinkedAcross,
    MergedAlready,
    MergeKind,
    PersonWithNumber,
    columns_of,
    flat,
    taken,
    unflat,
)
from crm_lab.domain.names import name_key
from crm_lab.errors import NotFound
from crm_lab.i18n import _
from crm_lab.services.customers import FIRST_SUPPLIER_NUMBER
from crm_lab.services.ledger.links import Links
from crm_lab.services.merges.moves import Moves
from crm_lab.services.parties import name_columns
from crm_lab.store import tables
from crm_lab.store.records import typed_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Select, Table

    from crm_lab.store.records import Row, Work

Chosen = dict[str, list[Any]]
"""By flat name of a column, what the one that stays had and what it got."""


def make(work: Work, kind: MergeKind, kept: Row, other: Row, take: Sequence[str]) -> Row:
    """Merge `other` into `kept` and remember all that is needed to take it back."""
    merge: Row = {
        "id": new_id(), "customer_id": None, "contact_id": None, f"{kind}_id": kept["id"], "merged_id": other["id"],
        "merged_name": shown(other), "merged_number": other.get("number"), "was_archived_at": other["archived_at"],
        "made_at": work.now, "made_by": work.actor.id if work.actor else None, "undone_at": None, "undone_by": None,
    }  # fmt: skip
    chosen: Chosen = {name: [None, None] for name in columns_of(kind, kept, other, take)}
    return _carry_out(work, merge, kept, other, chosen)


def take_back(work: Work, merge: Row) -> None:
    """Undo a merge; later ones into the same party stand aside meanwhile. Raises `LinkedAcross`."""
    _dissolve_across(work, merge)
    _beside_later(work, merge, lambda: _take_back(work, merge))


def make_again(work: Work, merge: Row) -> None:
    """Undo the undoing: what was chosen then, unless it was written anew before that."""
    kept, other = _row(work, merge, "kept"), _row(work, merge, "merged")
    if other["merged_into"] is not None or kept["merged_into"] is not None:
        raise MergedAlready
    _beside_later(work, merge, lambda: _carry_out(work, merge, *_both(work, merge), merge["chosen"]))


def undo(work: Work, merge_id: UUID, steps: Sequence[Row]) -> None:
    """Take back one action's part in a merge, as its audit rows tell: that it was made, or undone."""
    merge, first, last = _merge(work, merge_id), steps[0]["before"], steps[-1]["after"]
    was_live, is_live = bool(first and first["undone_at"] is None), last["undone_at"] is None
    if is_live != (merge["undone_at"] is None):
        raise MergedAlready
    if is_live and not was_live:
        take_back(work, merge)
    elif was_live and not is_live:
        make_again(work, merge)


def live(work: Work, key: str, kept_id: UUID) -> list[Row]:
    """The merges into a party that stand, oldest first."""
    m = tables.merge
    return work.rows(select(m).where(m.c[key] == kept_id, m.c.undone_at.is_(None)).order_by(m.c.made_at, m.c.id))


def shown(row: Row) -> str:
    """The name people read, of a row of customers or contacts."""
    if "last_name" in row:
        return f"{row['first_name']} {row['last_name']}".strip()
    return f"{row['first_name']} {row['name']}".strip() if row["is_person"] else str(row["name"])


def _carry_out(work: Work, merge: Row, kept: Row, other: Row, chosen: Chosen) -> Row:
    """Fields, rows and the pointer; `chosen` names the columns, and what of them is known from before."""
    party = _party(merge)
    changes = {name: taken(name, kept, other) for name in chosen if not name.startswith(ADDRESS)}
    if changes.get("is_supplier") and kept.get("supplier_number") is None:
        known = chosen.get("supplier_number", [None, None])[1]
        changes["supplier_number"] = known or work.next_number("supplier", FIRST_SUPPLIER_NUMBER)
    had = flat(kept)
    after = _named(unflat(kept, changes))
    if after.get("is_person") and after["organisation_number"]:
        raise PersonWithNumber
    addresses: Chosen = {name: [None, None] for name in chosen if name.startswith(ADDRESS)}
    merge["chosen"] = {name: msgspec.to_builtins([had.get(name), value]) for name, value in changes.items()} | addresses
    merge["undone_at"] = merge["undone_by"] = None
    _save(work, merge)
    work.change_many(party, [(kept, after), (other, other | {"merged_into": kept["id"], "archived_at": work.now})])
    moves = Moves(work, party, merge)
    number = other.get("organisation_number", "")
    moves.over(chosen, with_notices=bool(number) and number == after["organisation_number"])
    if name_key(shown(kept)) != name_key(shown(after)):
        left: Row = {"id": new_id(), "customer_id": None, "contact_id": None, f"{party.name}_id": kept["id"], "name": shown(kept)}
        work.insert(tables.former_name, left | {"left_at": work.now} | name_columns(shown(kept)))
        moves.made(tables.former_name, left["id"])
    return merge


def _take_back(work: Work, merge: Row) -> None:
    """Everything back; a field that somebody wrote since stays as it is."""
    if merge["undone_at"] is not None:
        raise MergedAlready
    party, (kept, other), sides = _party(merge), _both(work, merge), _own_keys(work, merge)
    now = msgspec.to_builtins(flat(kept))
    chosen: Chosen = merge["chosen"]
    restored = {name: pair for name, pair in chosen.items() if name.startswith(ADDRESS) or now.get(name) == pair[1]}
    before = {name: pair[0] for name, pair in restored.items() if not name.startswith(ADDRESS)}
    plain = {name: value for name, value in before.items() if "." not in name}
    nested = {name: value for name, value in before.items() if "." in name}
    after = _named(unflat(kept, (typed_row(party, plain) or {}) | nested))
    work.change_many(party, [(kept, after), (other, other | {"merged_into": None, "archived_at": merge["was_archived_at"]})])
    Moves(work, party, merge).back()
    merge |= {"chosen": restored, "undone_at": work.now, "undone_by": work.actor.id if work.actor else None}
    _save(work, merge)
    _settle_groups(work, merge, sides)


def _beside_later(work: Work, merge: Row, act: Callable[[], object]) -> None:
    """Do something to a merge as if those into the same party that came later were not there; they are made again after it."""
    key = f"{_party(merge).name}_id"
    later = [m for m in live(work, key, merge[key]) if (m["made_at"], m["id"]) > (merge["made_at"], merge["id"])]
    for one in reversed(later):
        _take_back(work, one)
    act()
    for one in later:
        _carry_out(work, one, *_both(work, one), one["chosen"])


def _dissolve_across(work: Work, merge: Row) -> None:
    """Take apart the matches that hold postings of the one that leaves and of others: they become two parties again."""
    if merge["customer_id"] is None:
        return
    p, i, g = tables.posting, tables.match_item, tables.match_group
    sides = _own_keys(work, merge)
    n_theirs = func.sum(case((p.c.customer_id.in_(sides), 1), else_=0))
    query = select(g.c.number).join(i, and_(i.c.match_id == g.c.id, i.c.unlinked_at.is_(None))).join(p, p.c.id == i.c.posting_id)
    mixed = query.where(g.c.id.in_(_matches_of(sides))).group_by(g.c.number).having(n_theirs < func.count())
    numbers = sorted(row["number"] for row in work.rows(mixed))
    if not numbers:
        return
    if work.actor is None or not (work.actor.has(Role.ACCOUNTANT) or work.actor.has(Role.ADMIN)):
        raise LinkedAcross(numbers)
    links = Links.of_matches(work, numbers)
    links.save(dissolved(links.now, numbers))


def _settle_groups(work: Work, merge: Row, sides: Sequence[UUID]) -> None:
    """A match made meanwhile of postings of the one that leaves is that one's from now on."""
    g = tables.match_group
    if merge["customer_id"] is not None:
        stray = work.rows(select(g).where(g.c.customer_id == merge["customer_id"], g.c.id.in_(_matches_of(sides))))
        work.set_many(g, stray, customer_id=merge["merged_id"])


def _matches_of(parties: Sequence[UUID]) -> Select[tuple[UUID]]:
    """The matches that hold a posting of theirs."""
    p, i = tables.posting, tables.match_item
    return select(i.c.match_id).join(p, p.c.id == i.c.posting_id).where(p.c.customer_id.in_(parties), i.c.unlinked_at.is_(None))


def _own_keys(work: Work, merge: Row) -> list[UUID]:
    """The one that was merged, and those that had been merged into that one."""
    r = tables.merge_row
    inner = work.rows(select(r.c.row_id).where(r.c.merge_id == merge["id"], r.c.reference == "customer.merged_into"))
    return [merge["merged_id"], *(row["row_id"] for row in inner)]


def _named(row: Row) -> Row:
    return row | name_columns(shown(row))


def _party(merge: Row) -> Table:
    return tables.customer if merge["customer_id"] else tables.contact


def _both(work: Work, merge: Row) -> tuple[Row, Row]:
    return _row(work, merge, "kept"), _row(work, merge, "merged")


def _row(work: Work, merge: Row, side: str) -> Row:
    party = _party(merge)
    key = merge["merged_id"] if side == "merged" else merge[f"{party.name}_id"]
    row = work.one(select(party).where(party.c.id == key))
    if row is None:
        raise NotFound(_("There is no such record, or you may not see it."))
    return row


def _merge(work: Work, merge_id: UUID) -> Row:
    m = tables.merge
    row = work.one(select(m).where(m.c.id == merge_id))
    if row is None:
        raise MergedAlready
    return row


def _save(work: Work, merge: Mapping[str, Any]) -> None:
    """Write the merge itself: new, or changed."""
    m = tables.merge
    before = work.one(select(m).where(m.c.id == merge["id"]))
    if before is None:
        work.insert(m, cast("Row", dict(merge)))
    else:
        work.change_many(m, [(before, cast("Row", dict(merge)))])
