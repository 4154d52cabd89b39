"""Reminders: letters to customers of what is overdue, made, logged on each invoice, and sent through the queue."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.reminders import NothingToRemind, Reminder, ReminderItem, ReminderLetter, letter_fee
from crm_lab.domain.values import BankAccount
from crm_lab.i18n import business_day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.ledger.reminders import late_rates, reminders
from crm_lab.services.orders.documents import buyer_of, seller_of
from crm_lab.services.orders.making import fresh_order
from crm_lab.services.orders.settings import settings_of
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import NoSuchRecord, as_record

if TYPE_CHECKING:
    from crm_lab.domain.invoicing import InvoicingSettings
    from crm_lab.store.records import Row

MOST_AT_ONCE = 500


class Reminders(Service):
    """Reminders. Each is as visible as its customer. Who is to be reminded is told by `ledger.reminders`."""

    @reads()
    def of(self, *, invoice_id: UUID) -> list[Reminder]:
        """The reminders of an invoice, the newest first. Raises `NotFound`, also where it is hidden."""
        posting = self.work.seen(tables.invoice, invoice_id)["posting_id"]
        r, i = tables.reminder, tables.reminder_item
        query = select(r).where(r.c.id.in_(select(i.c.reminder_id).where(i.c.posting_id == posting)), self.work.visible_to(r))
        return [as_record(Reminder, row) for row in self.work.rows(query.order_by(r.c.reminded_on.desc(), r.c.created_at.desc()))]

    @reads()
    def letter(self, *, id: UUID) -> ReminderLetter:  # noqa: A002 - the wire's word
        """A reminder as it was made, to print and to send. Raises `NotFound`, also where it is hidden, or of a person who was erased."""
        content = self.work.seen(tables.reminder, id)["content"]
        if not content:
            raise NoSuchRecord
        return msgspec.convert(content, ReminderLetter, strict=False)

    @writes(needs=Role.ACCOUNTANT)
    def make(self, *, posting_ids: tuple[UUID, ...] = (), on: date | None = None) -> tuple[Reminder, ...]:
        """Make reminders of debts, one letter a customer and currency; without debts named, of all whose turn it is by the company's rules.

        Nothing is sent by this: `deliveries.queue_reminders` does. Raises `NothingToRemind` where debts are named and none can be reminded of.
        """
        day, wanted = on or business_day(self.work.now), {str(key) for key in posting_ids}
        rows = [row for row in reminders(self.work, day).to_pylist() if (row["posting_id"] in wanted if wanted else row["is_due"]) and not _is_hidden(row)]
        if wanted and not rows:
            raise NothingToRemind
        letters: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            letters.setdefault((row["customer_id"], row["currency"]), []).append(row)
        settings = settings_of(self.work)
        made = [self._made(UUID(customer), currency, debts, settings, day) for (customer, currency), debts in list(letters.items())[:MOST_AT_ONCE]]
        self.work.insert_many(tables.reminder, [row for row, _items in made])
        self.work.insert_many(tables.reminder_item, [item for _row, items in made for item in items])
        r = tables.reminder
        found = {row["id"]: as_record(Reminder, row) for row in self.work.rows(select(r).where(among(r.c.id, [row["id"] for row, _items in made])))}
        return tuple(found[row["id"]] for row, _items in made)

    def _made(self, customer_id: UUID, currency: str, debts: list[Row], settings: InvoicingSettings, day: date) -> tuple[Row, list[Row]]:
        letter = self._letter(customer_id, currency, debts, settings, day)
        key = new_id()
        row = {
            "id": key, "customer_id": customer_id, "level": letter.level, "reminded_on": day, "due_on": letter.due_on, "currency": currency, "open_amount": letter.open_amount,
            "fee": letter.fee, "interest": letter.interest, "content": msgspec.to_builtins(letter), "employee_id": self.actor.id, "created_at": self.work.now,
        }  # fmt: skip
        items = [{"id": new_id(), "reminder_id": key, "customer_id": customer_id, "posting_id": item.posting_id, "level": item.level} for item in letter.items]
        return row, items

    def _letter(self, customer_id: UUID, currency: str, debts: list[Row], settings: InvoicingSettings, day: date) -> ReminderLetter:
        order = fresh_order(self.work, customer_id, self.actor.id)
        items = tuple(_item(row) for row in debts)
        fee = letter_fee(items, day, late_rates(), currency) if settings.charges_reminder_fee else Decimal("0.00")
        account = settings.bank_account
        return ReminderLetter(
            reminded_on=day, due_on=day + timedelta(days=settings.reminder_days), level=max(item.level for item in items), seller=seller_of(self.work, settings),
            buyer=buyer_of(order.buyer, ""), items=items, fee=fee, currency=currency, account=account, iban=str(BankAccount(account).iban) if account else "",
            bic=settings.bic, language=order.language,
        )  # fmt: skip


def _is_hidden(row: Row) -> bool:
    """Whether it is a colleague's own customer, which the list tells as a number alone."""
    try:
        UUID(row["customer_id"])
    except ValueError:
        return True
    return False


def _item(row: Row) -> ReminderItem:
    return ReminderItem(
        posting_id=UUID(row["posting_id"]), document_number=row["document_number"] or "", kid=row["kid"] or "", due_on=row["due_on"], days_late=row["days_late"],
        open_amount=Decimal(row["open_minor"]).scaleb(-2), interest=Decimal(row["interest_minor"]).scaleb(-2), level=row["n_reminders"] + 1,
    )  # fmt: skip
