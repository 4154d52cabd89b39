"""Calls: what exchanges report is folded into calls and linked by number; notes, unknown numbers, and how long calls are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pyarrow as pa
from sqlalchemy import BigInteger, String, and_, case, cast, delete, extract, func, or_, select, true

from crm_lab.domain.access import Role
from crm_lab.domain.calls import (
    LONGEST_NOTE,
    RINGS_FOR,
    Call,
    CallPage,
    CallReport,
    CallSettings,
    CallsRead,
    CallStatus,
    Direction,
    UnknownNumber,
    clean_call_settings,
    clean_number,
    clean_report,
    direction_of,
    extension_of,
    fold,
    is_internal,
)
from crm_lab.domain.ids import new_id
from crm_lab.domain.values import clean_text
from crm_lab.errors import Forbidden, InvalidInput
from crm_lab.exchange.telephony import read_signed
from crm_lab.exchange.telephony.ami import Exchange, originate
from crm_lab.i18n import _
from crm_lab.services.actions import Service, asks, reads, writes
from crm_lab.services.contacts import Contacts
from crm_lab.services.customers import Customers, shown_name
from crm_lab.settings import Settings
from crm_lab.store import tables
from crm_lab.store.bulk import among, batched
from crm_lab.store.calls import owners_of
from crm_lab.store.merges import all_of
from crm_lab.store.records import NoSuchRecord, Row, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Select

    from crm_lab.store.records import Work

MOST_LISTED, MOST_ON_PAGE = 5000, 100


class Calls(Service):
    """Calls with people outside. One is as visible as the customer and the contact it is linked to; one of an unknown number is everybody's."""

    @reads()
    def of(self, *, customer_id: UUID | None = None, contact_id: UUID | None = None, start: int = 0, limit: int = 50) -> CallPage:
        """Calls with a customer and its contacts, or with one contact, the newest first. Raises `NotFound`, also where it is hidden."""
        k, r = tables.call, tables.contact_role
        if (customer_id is None) == (contact_id is None):
            raise InvalidInput(_("Name one customer or one contact."), "customer_id")
        self.work.require(tables.customer if customer_id else tables.contact, customer_id or contact_id)
        if customer_id:
            people = select(r.c.contact_id).where(r.c.customer_id == customer_id, r.c.ended_on.is_(None))
            theirs = or_(k.c.customer_id.in_(all_of(tables.customer, customer_id)), and_(k.c.customer_id.is_(None), k.c.contact_id.in_(people)))
        else:
            theirs = k.c.contact_id == contact_id
        wanted = and_(theirs, self.work.visible_to(k))
        n = int(self.work.scalar(select(func.count()).select_from(k).where(wanted)))
        query = _named(wanted).order_by(k.c.started_at.desc(), k.c.id).limit(max(1, min(limit, MOST_ON_PAGE))).offset(max(0, start))
        return CallPage(calls=self._records(query), n=n)

    @reads()
    def get(self, *, id: UUID) -> Call:  # noqa: A002 - the wire's word
        """One call. Raises `NotFound`, also where it is hidden."""
        found = self._records(_named(and_(tables.call.c.id == id, self.work.visible_to(tables.call))))
        if not found:
            raise NoSuchRecord
        return found[0]

    @reads()
    def ringing(self) -> list[Call]:
        """Calls that ring at the caller's own extension now."""
        k = tables.call
        still = and_(k.c.started_at > self.work.now - RINGS_FOR, k.c.answered_at.is_(None), k.c.ended_at.is_(None))
        mine = and_(k.c.employee_id == self.actor.id, k.c.direction == Direction.INCOMING)
        return [*self._records(_named(and_(still, mine, self.work.visible_to(k))).order_by(k.c.started_at))]

    @reads()
    def unknown(self) -> list[UnknownNumber]:
        """Numbers that are on no card, or on several, who called last first."""
        k = tables.call
        nobodys = and_(k.c.customer_id.is_(None), k.c.contact_id.is_(None), k.c.number != "")
        latest = func.max(k.c.started_at).label("latest_at")
        missed = func.count().filter(and_(k.c.answered_at.is_(None), k.c.ended_at.is_not(None))).label("n_missed")
        query = select(k.c.number, func.count().label("n_calls"), missed, latest).where(nobodys).group_by(k.c.number)
        return [as_record(UnknownNumber, row) for row in self.work.rows(query.order_by(latest.desc()).limit(MOST_LISTED))]

    @writes(needs=Role.ADMIN)
    def record(self, *, reports: list[CallReport], source: str) -> CallsRead:
        """Take in what an exchange reports; the same twice changes nothing. Raises `InvalidInput`, and then nothing is taken in."""
        return record(self.work, [clean_report(report) for report in reports], clean_text(source, "source", max_length=40))

    @writes(public=True, remembered=False)
    def hook(self, *, body: str, timestamp: str, signature: str) -> CallsRead:
        """Take in a signed message, as `exchange/signed.py` describes. Raises `SignatureRefused`, `InvalidInput`."""
        reports = read_signed(body, timestamp=timestamp, signature=signature, secret=Settings().calls_secret, now=self.work.now)
        return record(self.work, reports, "hook")

    @writes()
    def log(
        self, *, number: str, direction: Direction, note: str = "", customer_id: UUID | None = None, contact_id: UUID | None = None
    ) -> Call:
        """Write down a call that no exchange told of, begun now. Raises `InvalidInput`, `NotFound`."""
        if direction is Direction.INTERNAL:
            raise InvalidInput(_("Choose incoming or outgoing."), "direction")
        for table, key in ((tables.customer, customer_id), (tables.contact, contact_id)):
            if key:
                self.work.require(table, key)
        made = Call(
            id=new_id(), customer_id=customer_id, contact_id=contact_id, employee_id=self.actor.id, source="manual", call_id="", direction=direction,
            number=clean_number(number), started_at=self.work.now, answered_at=self.work.now, ended_at=self.work.now, note=_note(note),
            created_at=self.work.now,
        )  # fmt: skip
        if customer_id is None and contact_id is None:
            customer_id, contact_id = owners_of(self.work, [made.number]).get(made.number, (None, None))
        self.work.insert(tables.call, as_row(replace(made, customer_id=customer_id, contact_id=contact_id), tables.call))
        return made

    @reads()
    def can_dial(self) -> bool:
        """Whether the exchange can be asked to call for the caller."""
        return bool(Settings().ami and self.actor.extension)

    @asks()
    def dial(self, *, number: str) -> None:
        """Have the exchange ring at one's own extension and then call the number. Raises `InvalidInput`, `ExchangeAway`."""
        clean = clean_number(number)
        if not self.actor.extension or not Settings().ami:
            raise InvalidInput(_("Calling through the exchange needs CRM_AMI, and an extension of your own."), "number")
        if not clean or is_internal(clean):
            raise InvalidInput(_("{text} is no number that can be called.", text=number[:40]), "number")
        originate(Exchange.parse(Settings().ami), self.actor.extension, clean)

    @writes()
    def annotate(self, *, id: UUID, version: int, note: str) -> Call:  # noqa: A002
        """Write the note on a call. Raises `InvalidInput`, `NotFound`, `ChangedMeanwhile`."""
        self.work.change(tables.call, id, version, note=_note(note))
        return self.get(id=id)

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a call out of the log; only one's own, or by an administrator. It can be undone."""
        row = self.work.change(tables.call, id, version)
        if row["employee_id"] != self.actor.id and not self.actor.has(Role.ADMIN):
            raise Forbidden(_("You do not have permission to do this."))
        self.work.remove(tables.call, row)

    @writes()
    def assign(self, *, number: str, customer_id: UUID | None = None, contact_id: UUID | None = None) -> int:
        """Say whose a number is: it is written on that card where there is room, and its calls follow; how many.

        Raises `InvalidInput`, `NotFound`, also where the card is hidden.
        """
        if (customer_id is None) == (contact_id is None):
            raise InvalidInput(_("Name one customer or one contact."), "customer_id")
        party = Customers(self.work).get(id=customer_id) if customer_id else Contacts(self.work).get(id=contact_id)  # type: ignore[arg-type]
        k, clean = tables.call, clean_number(number)
        if not clean:
            raise InvalidInput(_("A hidden number cannot be put on a card."), "number")
        rows = self.work.rows(select(k).where(k.c.number == clean, k.c.customer_id.is_(None), k.c.contact_id.is_(None)))
        self.work.change_many(k, [(row, row | {"customer_id": customer_id, "contact_id": contact_id}) for row in rows])
        free = next((name for name in ("phone", "mobile") if not getattr(party, name)), "")
        if free and clean.startswith("+") and clean not in {party.phone, party.mobile}:
            service = Customers(self.work) if customer_id else Contacts(self.work)
            service.change(id=party.id, version=party.version, **{free: clean})  # type: ignore[arg-type]
        return len(rows)

    @reads()
    def settings(self) -> CallSettings:
        """What the company keeps of calls."""
        return rules_of(self.work)

    @writes(needs=Role.ADMIN)
    def set_settings(self, *, settings: CallSettings) -> CallSettings:
        """Change that; what is kept too long goes the next night. Raises `InvalidInput`."""
        clean, row = clean_call_settings(settings), self.work.one(select(tables.company))
        assert row is not None  # noqa: S101 - an administrator belongs to a company
        self.work.change(tables.company, row["id"], row["version"], calls=msgspec.to_builtins(clean))
        return clean

    @writes(needs=Role.ADMIN, remembered=False)
    def forget(self) -> int:
        """Remove calls older than the settings say, for good: also from what can be undone; how many."""
        return forget_old(self.work)

    @reads()
    def list(self, *, since: datetime | None = None) -> pa.Table:
        """The newest `MOST_LISTED` calls the caller may see.

        Columns: id, started_at, direction, number, extension, employee, customer, customer_number, contact, contact_id, status, seconds (of
        talk, 0 where nobody answered), note, source.
        """
        k, c, p, e = tables.call, tables.customer, tables.contact, tables.employee
        talk = func.coalesce(extract("epoch", k.c.ended_at) - extract("epoch", k.c.answered_at), 0)
        query = (
            select(
                cast(k.c.id, String).label("id"), k.c.started_at, k.c.direction, k.c.number, k.c.extension,
                func.coalesce(e.c.name, "").label("employee"), func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"),
                func.coalesce(_person(), "").label("contact"), cast(k.c.contact_id, String).label("contact_id"), _status().label("status"),
                cast(talk, BigInteger).label("seconds"), k.c.note, k.c.source,
            )
            .outerjoin(c, c.c.id == k.c.customer_id).outerjoin(p, p.c.id == k.c.contact_id).outerjoin(e, e.c.id == k.c.employee_id)
            .where(and_(self.work.visible_to(k), k.c.started_at >= since if since else true()))
            .order_by(k.c.started_at.desc(), k.c.id).limit(MOST_LISTED)
        )  # fmt: skip
        return self.work.frame(query)

    def _records(self, query: Select[Any]) -> tuple[Call, ...]:
        names = self.work.employee_names()
        return tuple(as_record(Call, row | {"employee": names.get(row["employee_id"], "")}) for row in self.work.rows(query))


def record(work: Work, reports: Iterable[CallReport], source: str) -> CallsRead:
    """Fold reports into the calls they are of; the same twice, or in another order, comes to the same."""
    k, e = tables.call, {row["extension"]: row["id"] for row in work.kept(tables.employee) if row["extension"] and row["is_active"]}
    rules, told = rules_of(work), dict[str, list[CallReport]]()
    for report in reports:
        told.setdefault(report.call_id, []).append(report)
    done = [0, 0, 0, 0]
    for ids in batched(told):
        had = {row["call_id"]: row for row in work.rows(select(k).where(and_(k.c.source == source, among(k.c.call_id, ids))))}
        folded = {key: _folded(work, source, had.get(key), told[key], frozenset(e)) for key in ids}
        outside = {key: call for key, call in folded.items() if call.direction is not Direction.INTERNAL}
        owners = owners_of(work, {call.number for call in outside.values()})
        rows = {key: _row(call, had.get(key), owners, e) for key, call in outside.items() if rules.logs_unknown or _is_linked(call, owners)}
        fresh = [row for key, row in rows.items() if key not in had]
        changed = [(had[key], row) for key, row in rows.items() if key in had and row != had[key]]
        work.insert_many(k, fresh)
        work.change_many(k, changed)
        for n, many in enumerate((len(fresh), len(changed), len(rows) - len(fresh) - len(changed), len(ids) - len(rows))):
            done[n] += many
    return CallsRead(n_new=done[0], n_changed=done[1], n_known=done[2], n_internal=done[3])


def rules_of(work: Work) -> CallSettings:
    """What the company keeps of calls: as it has said, else as the installation's settings do."""
    row = next(iter(work.kept(tables.company)), None)
    if row is None or row["calls"] is None:
        return CallSettings(kept_days=Settings().calls_kept_days, logs_unknown=Settings().calls_unknown)
    return msgspec.convert(row["calls"], CallSettings)


def forget_old(work: Work) -> int:
    """Remove the calls that are older than they are kept, and what the audit says of them."""
    k, a, days = tables.call, tables.audit, rules_of(work).kept_days
    if days <= 0:
        return 0
    old = select(k.c.id).where(k.c.started_at < work.now - timedelta(days=days))
    ids = [str(key) for key in work.connection.execute(old).scalars()]
    for part in batched(ids):
        work.connection.execute(delete(a).where(and_(a.c.entity == k.name, among(a.c.entity_id, part))))
        work.connection.execute(delete(k).where(among(k.c.id, map(UUID, part))))
    return len(ids)


def count_old(work: Work) -> int:
    """How many of those there are."""
    k, days = tables.call, rules_of(work).kept_days
    return int(work.scalar(select(func.count()).select_from(k).where(k.c.started_at < work.now - timedelta(days=days)))) if days > 0 else 0


def _folded(work: Work, source: str, had: Row | None, reports: list[CallReport], extensions: frozenset[str]) -> Call:
    """The call that reports are of, from what is kept of it."""
    first = reports[0]
    facing = direction_of(first, extensions)
    call = as_record(Call, had) if had else Call(
        id=new_id(), source=source, call_id=first.call_id, direction=facing, extension=extension_of(first, facing),
        started_at=first.started_at, answered_at=first.answered_at, created_at=work.now,
    )  # fmt: skip
    for report in reports:
        call = fold(call, report, direction_of(report, extensions))
    return call


def _row(call: Call, had: Row | None, owners: dict[str, tuple[UUID | None, UUID | None]], employees: dict[str, UUID]) -> Row:
    """A call as it is kept: who it is linked to already stays, else its number says."""
    row = as_row(call, tables.call) | {"employee_id": employees.get(call.extension, had["employee_id"] if had else None)}
    if row["customer_id"] is None and row["contact_id"] is None:
        row["customer_id"], row["contact_id"] = owners.get(call.number, (None, None))
    return row


def _is_linked(call: Call, owners: dict[str, tuple[UUID | None, UUID | None]]) -> bool:
    """Whether its number is on a card, or it was linked to one."""
    return call.number in owners or call.customer_id is not None or call.contact_id is not None


def _named(wanted: ColumnElement[bool]) -> Select[Any]:
    k, c, p = tables.call, tables.customer, tables.contact
    query = select(k, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"), func.coalesce(_person(), "").label("contact"))
    return query.outerjoin(c, c.c.id == k.c.customer_id).outerjoin(p, p.c.id == k.c.contact_id).where(wanted)


def _status() -> ColumnElement[str]:
    """As `Call.status`."""
    k = tables.call
    unanswered = k.c.answered_at.is_(None)
    return case(
        (and_(k.c.ended_at.is_(None), unanswered), CallStatus.RINGING), (k.c.ended_at.is_(None), CallStatus.TALKING),
        (~unanswered, CallStatus.COMPLETED), (k.c.failure != "", k.c.failure), else_=CallStatus.MISSED,
    )  # fmt: skip


def _person() -> Any:
    p = tables.contact
    return func.trim(p.c.first_name + " " + p.c.last_name)


def _note(text: str) -> str:
    return clean_text(text, "note", max_length=LONGEST_NOTE, lines=True)
