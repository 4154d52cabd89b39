"""Invoices, reminders, quotes and confirmations on their way: queued, taken by who sends them, told sent or failed. Sending itself is `crm_lab.sending`'s."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import and_, or_, select, update

from crm_lab.domain.access import Role
from crm_lab.domain.deliveries import MOST_TRIES, UNDER_WAY, Delivery, DeliveryState, NoSuchMessage, wait_after
from crm_lab.domain.ids import new_id, new_ids
from crm_lab.domain.reminders import NoRecipient
from crm_lab.domain.terms import Distribution
from crm_lab.domain.values import Email
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.orders.documents import document_of
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import NoSuchRecord, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.store.records import Row

LATELY = timedelta(days=30)
SUBJECTS = ("invoice_id", "reminder_id", "order_id")
LONGEST_ERROR, MOST_AT_ONCE, MOST_TAKEN = 500, 1000, 50


class Deliveries(Service):
    """How documents were, and are to be, sent. Each is as visible as its customer."""

    @reads()
    def of(self, *, invoice_id: UUID) -> list[Delivery]:
        """How an invoice was sent, the newest first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.invoice, invoice_id)
        d = tables.delivery
        rows = self.work.rows(select(d).where(d.c.invoice_id == invoice_id).order_by(d.c.queued_at.desc(), d.c.id.desc()))
        return [as_record(Delivery, row) for row in rows]

    @reads()
    def of_order(self, *, order_id: UUID) -> list[Delivery]:
        """How an order was sent as quote or confirmation, the newest first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.sales_order, order_id)
        d = tables.delivery
        rows = self.work.rows(select(d).where(d.c.order_id == order_id).order_by(d.c.queued_at.desc(), d.c.id.desc()))
        return [as_record(Delivery, row) for row in rows]

    @reads()
    def of_reminders(self, *, reminder_ids: tuple[UUID, ...]) -> list[Delivery]:
        """How reminders were sent, of those the caller may see, the newest first."""
        d = tables.delivery
        query = select(d).where(and_(among(d.c.reminder_id, reminder_ids), self.work.visible_to(d)))
        return [as_record(Delivery, row) for row in self.work.rows(query.order_by(d.c.queued_at.desc(), d.c.id.desc()))]

    @reads()
    def troubled(self) -> list[Delivery]:
        """What was given up or came back in the last 30 days and was not sent again since, the newest first."""
        d, again = tables.delivery, tables.delivery.alias()
        same = or_(*(again.c[name] == d.c[name] for name in SUBJECTS))
        later = select(again.c.id).where(same, again.c.queued_at > d.c.queued_at).exists()
        wrong = and_(d.c.state.in_([DeliveryState.FAILED, DeliveryState.BOUNCED]), d.c.queued_at > self.work.now - LATELY, ~later, self.work.visible_to(d))
        return [as_record(Delivery, row) for row in self.work.rows(select(d).where(wrong).order_by(d.c.queued_at.desc(), d.c.id.desc()).limit(MOST_TAKEN))]

    @writes()
    def queue(self, *, invoice_ids: tuple[UUID, ...], recipient: str = "") -> list[Delivery]:
        """Send invoices the way their orders say, again where they were sent before; `recipient` is another e-mail address.

        They go in the order of their numbers; what goes on paper is not queued.

        Raises
        ------
        InvalidInput, NotFound
        """
        if len(invoice_ids) > MOST_AT_ONCE:
            raise InvalidInput(_("Mark at most {n} orders at a time.", n=MOST_AT_ONCE), "invoice_ids")
        found, to = self._invoices(invoice_ids), str(Email.parse(recipient)) if recipient.strip() else ""
        made = [self._delivery(row, to, key) for row, key in zip(found, sorted(new_ids(len(found))), strict=True)]
        return self._queued([one for one in made if one.channel is not Distribution.PRINT])

    @writes()
    def queue_order(self, *, order_id: UUID, recipient: str = "") -> Delivery:
        """Send an order as quote or confirmation by e-mail. Raises `InvalidInput`, `NotFound`."""
        row = self.work.seen(tables.sales_order, order_id)
        told = str(Email.parse(recipient)) if recipient.strip() else row["buyer"].get("email", "")
        if not told:
            raise NoRecipient(row["buyer"].get("name", ""))
        return self._queued([self._by_mail(row["customer_id"], told, order_id=order_id)])[0]

    @writes(needs=Role.ACCOUNTANT)
    def queue_reminders(self, *, reminder_ids: tuple[UUID, ...]) -> list[Delivery]:
        """Send reminders by e-mail; those without an address are left out, to be printed. Raises `NotFound`."""
        rows = [self.work.seen(tables.reminder, key) for key in reminder_ids[:MOST_AT_ONCE]]
        addresses = [(row, row["content"].get("buyer", {}).get("email", "")) for row in rows]
        return self._queued([self._by_mail(row["customer_id"], to, reminder_id=row["id"]) for row, to in addresses if to])

    @writes(needs=Role.ACCOUNTANT)
    def bounced(self, *, message_id: str, reason: str) -> Delivery:
        """An e-mail came back. Raises `NotFound` where none with this Message-ID was sent."""
        d = tables.delivery
        row = self.work.one(select(d).where(and_(d.c.message_id == message_id, self.work.visible_to(d))))
        if row is None or not message_id:
            raise NoSuchMessage(message_id)
        self._settle(row["id"], state=DeliveryState.BOUNCED, error=reason[:LONGEST_ERROR])
        return as_record(Delivery, self.work.seen(tables.delivery, row["id"]))

    @writes(remembered=False)
    def take(self, *, limit: int = MOST_TAKEN) -> list[Delivery]:
        """Take what is due to be sent; it belongs to the caller for ten minutes, then to who takes it next."""
        d = tables.delivery
        due = and_(d.c.state == DeliveryState.QUEUED, d.c.next_at <= self.work.now, self.work.visible_to(d))
        rows = self.work.rows(select(d).where(due).order_by(d.c.queued_at, d.c.id).limit(max(1, min(limit, MOST_TAKEN))))
        keys = [row["id"] for row in rows]
        self.work.connection.execute(update(d).where(among(d.c.id, keys)).values(next_at=self.work.now + UNDER_WAY))
        return [as_record(Delivery, row) for row in rows]

    @writes()
    def sent(self, *, id: UUID, message_id: str = "") -> None:  # noqa: A002 - the wire's word
        """It is sent. Raises `NotFound`."""
        self._settle(id, state=DeliveryState.SENT, sent_at=self.work.now, message_id=message_id[:LONGEST_ERROR], error="")

    @writes()
    def failed(self, *, id: UUID, error: str, may_retry: bool = True) -> None:  # noqa: A002
        """It could not be sent; it is tried again later, unless that cannot help. Raises `NotFound`."""
        row = self.work.seen(tables.delivery, id)
        tries = row["tries"] + 1
        again = may_retry and tries < MOST_TRIES
        state = DeliveryState.QUEUED if again else DeliveryState.FAILED
        self._settle(id, state=state, tries=tries, error=error[:LONGEST_ERROR], next_at=self.work.now + wait_after(tries))

    def _queued(self, wanted: list[Delivery]) -> list[Delivery]:
        self.work.insert_many(tables.delivery, [as_row(one, tables.delivery) | {"employee_id": self.actor.id} for one in wanted])
        return wanted

    def _by_mail(self, customer_id: UUID, recipient: str, *, order_id: UUID | None = None, reminder_id: UUID | None = None) -> Delivery:
        return Delivery(
            id=new_id(), customer_id=customer_id, channel=Distribution.EMAIL, recipient=recipient, queued_at=self.work.now, next_at=self.work.now,
            order_id=order_id, reminder_id=reminder_id,
        )  # fmt: skip

    def _delivery(self, row: Row, recipient: str, key: UUID) -> Delivery:
        buyer, channel = row["buyer"], Distribution.EMAIL if recipient else Distribution(row["distribution"])
        to = recipient or (buyer.get("email", "") if channel is Distribution.EMAIL else document_of(row).buyer.endpoint)
        if not to and channel is not Distribution.PRINT:
            raise InvalidInput(_("Invoice {number} has nobody to be sent to. Write an e-mail address.", number=row["number"]), "recipient")
        copies = buyer.get("copies", "") if channel is Distribution.EMAIL and not recipient else ""
        return Delivery(
            id=key, invoice_id=row["id"], customer_id=row["customer_id"], channel=channel, recipient=to, copies=copies, queued_at=self.work.now,
            next_at=self.work.now,
        )  # fmt: skip

    def _invoices(self, keys: Sequence[UUID]) -> list[Row]:
        i, o = tables.invoice, tables.sales_order
        query = select(i, o.c.distribution, o.c.buyer).join(o, o.c.id == i.c.order_id)
        rows = self.work.rows(query.where(and_(among(i.c.id, keys), self.work.visible_to(i))).order_by(i.c.number))
        if len(rows) != len(set(keys)) or not rows:
            raise NoSuchRecord
        return rows

    def _settle(self, key: UUID, **changes: object) -> None:
        before = self.work.seen(tables.delivery, key)
        self.work.connection.execute(update(tables.delivery).where(tables.delivery.c.id == key).values(**changes))
        self.work.note(tables.delivery, before, before, before | changes)
