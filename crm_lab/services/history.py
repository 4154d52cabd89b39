"""What was done, and undo: every action can be taken back from its audit rows, as long as nobody built on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import String, Table, and_, cast, func, null, or_, select, true, update

from crm_lab.domain.access import Role
from crm_lab.domain.history import Change, RecentChange, Recorded, Touched
from crm_lab.errors import Conflict, Forbidden, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.ledger.bulk import parties_of_source, take_back_source
from crm_lab.services.ledger.links import is_sound, take_back
from crm_lab.services.merges.making import undo as undo_merge
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.merges import all_of
from crm_lab.store.records import Row, typed_row

DERIVED = {"id", "version", "name_key", "name_bits", "created_at", "customer_id", "contact_id", "sources"}
PARTS = {"address": "addresses", "contact_role": "roles", "category_link": "categories"}
ADDRESS_LINES = ("kind", "name", "street", "postal_code", "city", "country")
IN_ORDER = tables.metadata.sorted_tables
MANY = 500
LOOKED_AT, MOST_RECENT = 1000, 100
"""Rows from which the audit is believed about what is there; fewer are compared with it."""
EMPTY: tuple[list[Row], list[Row], list[tuple[Row, Row]]] = ([], [], [])


class CannotUndo(Conflict):
    """The record has been changed since, or is not of a kind that is undone."""

    def __init__(self) -> None:
        super().__init__(_("This can no longer be undone: it has been changed since."))


class History(Service):
    """What was done, and taking it back."""

    @reads()
    def of(self, *, entity: Recorded, id: UUID) -> list[Change]:  # noqa: A002 - the wire's word
        """All that was done to a customer or contact and its parts, newest first. Raises `NotFound`, also where it is hidden.

        Who may see the record now may see its past; of a role only who may see both its ends.
        """
        a, e, table = tables.audit, tables.employee, tables.metadata.tables[entity]
        self.work.require(table, id)
        told = and_(a.c[f"{entity}_id"].in_(all_of(table, id)), a.c.entity.in_([entity, *PARTS]), self.work.visible_to(a))
        query = select(a, e.c.name.label("who")).outerjoin(e, e.c.id == a.c.actor_id).where(told)
        steps = self.work.rows(query.order_by(a.c.done_at.desc(), a.c.request_id.desc(), a.c.step))
        names = self._names(steps)
        return [
            Change(
                done_at=step["done_at"], who=step["who"] or "", action=step["action"], field=field,
                before=before, after=after, request_id=step["request_id"],
            )
            for step in steps
            for field, before, after in _changes(step, entity, names)
        ]  # fmt: skip

    @reads()
    def recent(self, *, mine: bool = False) -> tuple[RecentChange, ...]:
        """What was changed last and is there still, each record once, by anybody or by the caller alone; newest first."""
        a, e = tables.audit, tables.employee
        told = and_(a.c.entity.in_(list(Touched)), a.c.after.is_not(None), self.work.visible_to(a), a.c.actor_id == self.actor.id if mine else true())
        query = select(a.c.entity, a.c.entity_id, a.c.done_at, a.c.before, e.c.name.label("who")).outerjoin(e, e.c.id == a.c.actor_id).where(told)
        newest: dict[tuple[Touched, UUID], Row] = {}
        for step in self.work.rows(query.order_by(a.c.done_at.desc(), a.c.step.desc()).limit(LOOKED_AT)):
            newest.setdefault((Touched(step["entity"]), UUID(step["entity_id"])), step)
        seen = self._still_there(newest)
        found = [
            RecentChange(kind=kind, id=key, number=seen[key][0], name=seen[key][1], done_at=step["done_at"], who=step["who"] or "", is_new=step["before"] is None)
            for (kind, key), step in newest.items() if key in seen
        ]  # fmt: skip
        return tuple(found[:MOST_RECENT])

    def _still_there(self, touched: Iterable[tuple[Touched, UUID]]) -> dict[UUID, tuple[int | None, str]]:
        """The number and name of those records that the caller may see."""
        p, c = tables.contact, tables.customer
        person = func.trim(p.c.first_name + " " + p.c.last_name)
        named: dict[Touched, tuple[Table, Any, Any]] = {
            Touched.CUSTOMER: (c, c.c.number, shown_name()), Touched.CONTACT: (p, null(), person), Touched.TASK: (tables.task, null(), tables.task.c.title),
            Touched.OPPORTUNITY: (tables.opportunity, null(), tables.opportunity.c.title), Touched.PROJECT: (tables.project, tables.project.c.number, tables.project.c.name),
            Touched.ORDER: (tables.sales_order, tables.sales_order.c.number, cast(tables.sales_order.c.number, String)),
        }  # fmt: skip
        found: dict[UUID, tuple[int | None, str]] = {}
        wanted: dict[Touched, list[UUID]] = {}
        for kind, key in touched:
            wanted.setdefault(kind, []).append(key)
        for kind, keys in wanted.items():
            table, number, name = named[kind]
            query = select(table.c.id, number.label("number"), name.label("name")).where(and_(among(table.c.id, keys), self.work.visible_to(table)))
            found |= {row["id"]: (row["number"], row["name"] or "") for row in self.work.rows(query)}
        return found

    def _names(self, steps: list[Row]) -> dict[str, str]:
        """What ids in audit rows stand for: employees, categories, and the other ends of roles."""
        e, label, party, person = tables.employee, tables.category, tables.customer, tables.contact
        parties, persons = {step["customer_id"] for step in steps}, {step["contact_id"] for step in steps}
        queries = [
            select(e.c.id, e.c.name),
            select(label.c.id, label.c.name),
            select(party.c.id, shown_name().label("name")).where(party.c.id.in_(parties)),
            select(person.c.id, (person.c.first_name + " " + person.c.last_name).label("name")).where(person.c.id.in_(persons)),
        ]
        return {str(row["id"]): row["name"].strip() for query in queries for row in self.work.rows(query)}

    @writes()
    def undo(self, *, request_id: UUID) -> None:
        """Take back one of one's own actions. Raises `NotFound` for another's, `CannotUndo`."""
        self._refuse_erased(request_id)
        steps, made = self._steps(request_id)
        if not steps and not made:
            raise NotFound(_("There is nothing of yours to undo here."))
        touched: dict[str, dict[str, list[Row]]] = {}
        for step in steps:
            if step["entity"] not in tables.UNDOABLE or not step["entity_id"] or (step["before"] and "password" in step["action"]):
                raise CannotUndo
            if step["entity"] in tables.ADMINISTERED and not self.actor.has(Role.ADMIN):
                raise Forbidden(_("You do not have permission to do this."))
            touched.setdefault(step["entity"], {}).setdefault(step["entity_id"], []).append(step)
        self._undo_merges(touched)
        changeable = [table for table in IN_ORDER if table.name in touched and table.name not in tables.IMMUTABLE]
        undone = {table: self._undone(table, touched[table.name]) for table in changeable}
        self._keep_posted(undone, parties_of_source(self.work, map(UUID, touched.get("saft_file", {}))))
        for table in reversed(IN_ORDER):
            if table in made:
                self.work.unmake(table, request_id, made[table])
            if table in undone:
                self.work.remove_many(table, undone[table][0])
        for table, (_gone, back, changed) in undone.items():
            self.work.insert_many(table, back)
            self.work.change_many(table, changed)
        self._refuse_orphans(
            {table: made.get(table, []) + [row["id"] for row in undone.get(table, EMPTY)[0]] for table in (*undone, *made)},
            {table: [*back, *(after for _now, after in changed)] for table, (_gone, back, changed) in undone.items()},
        )
        self._undo_postings(touched)
        imported = tables.import_file
        self.work.connection.execute(
            update(imported).where(imported.c.request_id == request_id).values(undone_at=self.work.now)
        )

    def _refuse_erased(self, request_id: UUID) -> None:
        """What was done to somebody who has been erased since stays done."""
        a, e = tables.audit, tables.erasure
        of_theirs = or_(e.c.customer_id == a.c.customer_id, e.c.contact_id == a.c.contact_id)
        mine = and_(a.c.request_id == request_id, a.c.actor_id == self.actor.id)
        if self.work.scalar(select(e.c.id).select_from(e.join(a, of_theirs)).where(mine).limit(1)) is not None:
            raise CannotUndo

    def _steps(self, request_id: UUID) -> tuple[list[Row], dict[Table, list[UUID]]]:
        """What one of one's own actions did; and the rows that it made by the thousand and nobody touched since, which need not be read."""
        a, later = tables.audit, tables.audit.alias()
        mine = and_(a.c.request_id == request_id, a.c.actor_id == self.actor.id)
        touched_since = select(later.c.id).where(later.c.entity_id == a.c.entity_id, later.c.id != a.c.id).exists()
        only_made = and_(mine, a.c.before.is_(None), a.c.entity.in_(tables.IMPORTED), ~touched_since)
        made: dict[Table, list[UUID]] = {}
        if self.work.scalar(select(func.count()).where(mine)) > MANY and not self.work.scalar(select(a.c.id).where(mine, a.c.entity == "saft_file")):
            for entity, key in self.work.connection.execute(select(a.c.entity, a.c.entity_id).where(only_made)):
                made.setdefault(tables.metadata.tables[entity], []).append(UUID(key))
        read = select(a.c.request_id, a.c.action, a.c.entity, a.c.entity_id, a.c.before, a.c.after).where(mine).order_by(a.c.step)
        return self.work.rows(read.where(~among(a.c.entity_id, map(str, chain(*made.values()))))), made

    def _undo_merges(self, touched: dict[str, dict[str, list[Row]]]) -> None:
        """Take merges apart, or make them again; what they did to parties and their names is theirs to take back."""
        merged = touched.pop("merge", {})
        for key, steps in reversed(merged.items()):
            undo_merge(self.work, UUID(key), steps)
        for name in ("customer", "contact", "former_name") if merged else ():
            touched.pop(name, None)

    def _keep_posted(self, undone: dict[Table, tuple[list[Row], list[Row], list[tuple[Row, Row]]]], posted: set[UUID]) -> None:
        """A party that came with postings is archived, not deleted: its postings stay, and what takes them back."""
        for table, key in ((tables.customer, "id"), (tables.address, "customer_id"), (tables.category_link, "customer_id")):
            gone, back, changed = undone.get(table, EMPTY)
            kept = [row for row in gone if row[key] in posted]
            archived = [(row, row | {"archived_at": self.work.now}) for row in kept if table is tables.customer]
            if kept:
                undone[table] = [row for row in gone if row[key] not in posted], back, changed + archived

    def _undo_postings(self, touched: dict[str, dict[str, list[Row]]]) -> None:
        """Take postings back, and see that links taken back leave every posting in one match at most."""
        steps = [step for steps in touched.get("match_item", {}).values() for step in steps]
        links = [step["after"] or step["before"] for step in steps]
        if not is_sound(self.work, {UUID(row["posting_id"]) for row in links}, {UUID(row["match_id"]) for row in links}):
            raise CannotUndo
        if "posting" in touched:
            take_back(self.work, [UUID(key) for key in touched["posting"]])
        for key, brought in touched.get("saft_file", {}).items():
            take_back_source(self.work, UUID(key), brought[0]["request_id"])

    def _undone(self, table: Table, records: dict[str, list[Row]]) -> tuple[list[Row], list[Row], list[tuple[Row, Row]]]:
        """What brings the records of one table back to before their first step: rows to delete, to insert, to change."""
        present = {row["id"]: row for row in self.work.rows_of(table, "id", map(UUID, records))}
        gone: list[Row] = []
        back: list[Row] = []
        changed: list[tuple[Row, Row]] = []
        for key, steps in records.items():
            now = present.get(UUID(key))
            if not _is_as_left(table, now, steps[-1]["after"]):
                raise CannotUndo
            before = typed_row(table, steps[0]["before"])
            if now is None:
                back += [before] if before else []
            elif before is None:
                gone.append(now)
            else:
                changed.append((now, now | before))
        return gone, back, changed

    def _refuse_orphans(self, gone: dict[Table, list[UUID]], back: dict[Table, list[Row]]) -> None:
        """Raise `CannotUndo` where something that came later belongs to a record now gone, or what comes back to one that is not there."""
        for table in IN_ORDER:
            for key in table.foreign_keys:
                here, there = key.parent.name, key.column.table
                if there in gone and self.work.count_of(table, here, gone[there]):
                    raise CannotUndo
                wanted = {row[here] for row in back.get(table, [])} - {None}
                if self.work.count_of(there, "id", wanted) != len(wanted):
                    raise CannotUndo


def _is_as_left(table: Table, now: Row | None, after: Row | None) -> bool:
    """Whether a row still is what the action made of it, by its audit row."""
    if now is None or after is None:
        return now is after
    plain = msgspec.json.decode(msgspec.json.encode({name: now[name] for name in after if name in table.c}))
    return all(after[name] == value for name, value in plain.items())


def _changes(step: Row, entity: Recorded, names: dict[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    """Field, before and after of what one audit row tells."""
    before, after = step["before"], step["after"]
    if step["entity"] in PARTS:
        yield PARTS[step["entity"]], _part(step["entity"], before, entity, names), _part(step["entity"], after, entity, names)
    elif before is None or after is None:
        yield "", _title(before), _title(after)
        if after and after["duplicate_reason"]:
            yield "duplicate_reason", None, after["duplicate_reason"]
    else:
        old, new = _flat(before), _flat(after)
        for field in [name for name in {**old, **new} if name not in DERIVED and old.get(name) != new.get(name)]:
            yield field, _text(old.get(field), names), _text(new.get(field), names)


def _flat(row: Row) -> Row:
    """Settings beside the other fields."""
    own = {f"terms.{name}": value for name, value in (row.get("terms") or {}).items()}
    return {name: value for name, value in row.items() if name != "terms"} | own


def _title(row: Row | None) -> str | None:
    return None if row is None else f"{row['first_name']} {row.get('last_name', row.get('name', ''))}".strip()


def _part(kind: str, row: Row | None, entity: Recorded, names: dict[str, str]) -> str | None:
    if row is None:
        return None
    if kind == "address":
        words = [row[name] for name in ADDRESS_LINES]
    elif kind == "category_link":
        words = [names.get(row["category_id"], "?")]
    else:
        other = "contact_id" if entity is Recorded.CUSTOMER else "customer_id"
        words = [names.get(row[other], "?"), row["title"], row["phone"], row["email"], row["started_on"], row["ended_on"]]
    return ", ".join(word for word in words if word)


def _text(value: Any, names: dict[str, str]) -> str | None:
    return None if value in {None, ""} else names.get(str(value), str(value).lower() if isinstance(value, bool) else str(value))
