"""E-mail on cards: read by thread, searched, moved to other cards, brought in from files, and written."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pyarrow as pa
from sqlalchemy import and_, select

from crm_lab.domain.access import Role
from crm_lab.domain.documents import LARGEST_SLICE, Upload
from crm_lab.domain.ids import new_id
from crm_lab.domain.mail_accounts import Outgoing
from crm_lab.domain.messages import LONGEST_SUBJECT, Doubt, LinkedBy, MailRead, MailRules, Message, ReadMail, ThreadPage
from crm_lab.domain.values import clean_text
from crm_lab.errors import InvalidInput
from crm_lab.exchange.mail_html import SafeHtml, safe_html
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.messages.intake import Place, take_in, told
from crm_lab.services.messages.reading import (
    doubts_of,
    message_of,
    messages_where,
    on_card,
    own,
    rows_for_frame,
    thread_page,
)
from crm_lab.services.messages.sending import of_employee, queue, throw_away, try_again
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.files import files_of
from crm_lab.store.messages import link, readable
from crm_lab.store.records import NoSuchRecord

if TYPE_CHECKING:
    from crm_lab.store.records import Row

MOST_ON_PAGE, MOST_LISTED, LONGEST_KEPT, MOST_INLINE = 100, 5000, 3650, 5_000_000
LONGEST_TEMPLATE_NAME, LONGEST_TEMPLATE = 80, 20_000


class Messages(Service):
    """Mail that the caller may read: their own, and what colleagues share that is on cards the caller may see."""

    @reads()
    def of(self, *, customer_id: UUID | None = None, contact_id: UUID | None = None, text: str = "", start: int = 0, limit: int = 30) -> ThreadPage:
        """Conversations with a customer and its contacts, or with one contact. Raises `NotFound`, also where it is hidden."""
        self._require(customer_id, contact_id)
        return thread_page(self.work, on_card(customer_id, contact_id), text, max(0, start), max(1, min(limit, MOST_ON_PAGE)))

    @reads()
    def mine(self, *, text: str = "", start: int = 0, limit: int = 30) -> ThreadPage:
        """Conversations in the caller's own mailboxes."""
        return thread_page(self.work, own(self.actor.id), text, max(0, start), max(1, min(limit, MOST_ON_PAGE)))

    @reads()
    def thread(self, *, id: UUID, customer_id: UUID | None = None, contact_id: UUID | None = None) -> list[Message]:  # noqa: A002 - the wire's word
        """The messages of a conversation that the caller may read, the oldest first; of one card where that is named."""
        m = tables.message
        wanted = m.c.thread_id == id
        if customer_id or contact_id:
            self._require(customer_id, contact_id)
            wanted = and_(wanted, m.c.id.in_(on_card(customer_id, contact_id)))
        return messages_where(self.work, wanted)

    @reads()
    def get(self, *, id: UUID) -> Message:  # noqa: A002
        """One message. Raises `NotFound`, also where it is hidden."""
        return message_of(self.work, id)

    @reads()
    def page(self, *, id: UUID, with_remote: bool = False) -> SafeHtml:  # noqa: A002
        """The HTML of a message, made harmless, with its own pictures. Raises `NotFound`, also where it is hidden."""
        message_of(self.work, id)
        b, f = tables.message_body, tables.message_file
        html = self.work.scalar(select(b.c.html).where(b.c.message_id == id)) or ""
        inline: dict[str, str] = {}
        room = MOST_INLINE
        for row in self.work.rows(select(f).where(f.c.message_id == id, f.c.is_inline)):
            if row["size"] <= room:
                room -= row["size"]
                inline[row["content_id"]] = _data_url(row["media_type"], files_of(self.work.connection).read(row["sha256"], 0, row["size"]))
        return safe_html(html, inline, with_remote=with_remote)

    @reads()
    def file(self, *, id: UUID, at: int = 0) -> bytes:  # noqa: A002
        """The slice of a file that came with a message that begins at byte `at`, empty at its end. Raises `NotFound`, also where it is hidden."""
        row = self._file(id)
        if at < 0:
            raise InvalidInput(_("A file begins at byte 0."), "at")
        return files_of(self.work.connection).read(row["sha256"], at, LARGEST_SLICE)

    @reads()
    def file_facts(self, *, id: UUID) -> Upload:  # noqa: A002
        """Name and size of such a file. Raises `NotFound`, also where it is hidden."""
        row = self._file(id)
        return Upload(id=row["id"], name=row["name"], size=row["size"])

    @reads()
    def doubts(self) -> list[Doubt]:
        """Addresses of the caller's own mail that stand on several cards."""
        return doubts_of(self.work)

    @writes()
    def settle(self, *, address: str, customer_id: UUID | None = None, contact_id: UUID | None = None) -> int:
        """Say whose the caller's mail with a doubtful address is; how many messages follow. Raises `NotFound`, also where the card is hidden."""
        self._require(customer_id, contact_id)
        d = tables.message_doubt
        ids = list(self.work.connection.execute(select(d.c.message_id).where(d.c.address == address.lower(), d.c.message_id.in_(own(self.actor.id)))).scalars())
        rows = [{"id": new_id(), "version": 1, "message_id": key, "customer_id": customer_id, "contact_id": contact_id, "how": str(LinkedBy.HAND)} for key in ids]
        self.work.insert_many(tables.message_link, rows)
        self.work.connection.execute(d.delete().where(and_(d.c.address == address.lower(), among(d.c.message_id, ids))))
        return len(ids)

    @writes()
    def move(self, *, id: UUID, customer_id: UUID | None = None, contact_id: UUID | None = None) -> Message:  # noqa: A002
        """Put a message on another card, and off those it was on that the caller may see. Raises `NotFound`, also where either is hidden."""
        message_of(self.work, id)
        self._require(customer_id, contact_id)
        self._take_off(id)
        made = {"id": new_id(), "version": 1, "message_id": id, "customer_id": customer_id, "contact_id": contact_id, "how": str(LinkedBy.HAND)}
        self.work.insert(tables.message_link, made)
        return message_of(self.work, id)

    @writes()
    def take_off(self, *, id: UUID) -> None:  # noqa: A002
        """Take a message off the cards that the caller may see; only one's own mail. Raises `NotFound`, also where it is hidden."""
        if not message_of(self.work, id).is_mine:
            raise NoSuchRecord
        self._take_off(id)
        nobody = {"id": new_id(), "version": 1, "message_id": id, "customer_id": None, "contact_id": None, "how": str(LinkedBy.HAND)}
        self.work.insert(tables.message_link, nobody)

    @writes()
    def record(self, *, messages: list[ReadMail], customer_id: UUID | None = None, contact_id: UUID | None = None) -> MailRead:
        """Bring messages in that were read from files, onto a card where one is named. The same again changes nothing."""
        if customer_id or contact_id:
            self._require(customer_id, contact_id)
        read, ids = take_in(self.work, Place(employee_id=self.actor.id), [(None, told(mail)) for mail in messages])
        if customer_id or contact_id:
            k = tables.message_link
            same = and_(k.c.customer_id.is_not_distinct_from(customer_id), k.c.contact_id.is_not_distinct_from(contact_id))
            there = set(self.work.connection.execute(select(k.c.message_id).where(same, among(k.c.message_id, ids))).scalars())
            self.work.insert_many(k, [
                {"id": new_id(), "version": 1, "message_id": key, "customer_id": customer_id, "contact_id": contact_id, "how": str(LinkedBy.HAND)}
                for key in dict.fromkeys(ids) if key not in there
            ])  # fmt: skip
        return read

    @writes()
    def write(
        self, *, account_id: UUID, to: str, subject: str, text: str, copies: str = "", answers: UUID | None = None, customer_id: UUID | None = None,
        contact_id: UUID | None = None, uploads: tuple[Upload, ...] = (),
    ) -> Outgoing:  # fmt: skip
        """Send a message from one of the caller's accounts, within a second or as soon as the server takes it. Addresses by commas or blanks.

        Raises `InvalidInput` naming the field, `NotFound`.
        """
        if customer_id or contact_id:
            self._require(customer_id, contact_id)
        if answers:
            message_of(self.work, answers)
        return queue(
            self.work, employee_id=self.actor.id, account_id=account_id, to=to, copies=copies, subject=subject, text=text, answers=answers, customer_id=customer_id,
            contact_id=contact_id, uploads=uploads,
        )  # fmt: skip

    @reads()
    def outgoing(self) -> list[Outgoing]:
        """What the caller has written that is not sent, the newest first."""
        return of_employee(self.work, self.actor.id)

    @writes()
    def send_again(self, *, id: UUID) -> None:  # noqa: A002
        """Try once more what could not be sent. Raises `NotFound`."""
        try_again(self.work, self.actor.id, id)

    @writes()
    def discard(self, *, id: UUID) -> None:  # noqa: A002
        """Throw away what is not sent. Raises `NotFound`."""
        throw_away(self.work, self.actor.id, id)

    @reads()
    def rules(self) -> MailRules:
        """What the company has decided about mail."""
        return msgspec.convert(self._company()["mail_rules"] or {}, MailRules)

    @writes(needs=Role.ADMIN)
    def set_rules(self, *, rules: MailRules) -> MailRules:
        """Decide it. A domain that counts from now on puts mail that is on no card on those of its customer. Raises `InvalidInput`."""
        if not 0 <= rules.keep_deleted_days <= LONGEST_KEPT:
            raise InvalidInput(_("Write 0 to {n} days.", n=LONGEST_KEPT), "keep_deleted_days")
        names = [clean_text(one.name, "name", max_length=LONGEST_TEMPLATE_NAME) for one in rules.templates]
        if len(set(names)) != len(names) or not all(names):
            raise InvalidInput(_("Every template needs a name of its own."), "name")
        for one in rules.templates:
            clean_text(one.subject, "subject", max_length=LONGEST_SUBJECT)
            clean_text(one.text, "text", max_length=LONGEST_TEMPLATE, lines=True)
        row = self._company()
        self.work.change(tables.company, row["id"], row["version"], mail_rules=msgspec.to_builtins(rules))
        if rules.by_domain:
            m, k = tables.message, tables.message_link
            link(self.work, list(self.work.connection.execute(select(m.c.id).where(m.c.id.not_in(select(k.c.message_id)))).scalars()))
        return rules

    @reads()
    def list(self) -> pa.Table:
        """The newest `MOST_LISTED` messages the caller may read, one row for each card a message is on.

        Columns: id, thread_id, sent_at, subject, sender, sender_name, is_outgoing, n_files, size (bytes), preview, customer_number, customer,
        contact_id, contact.
        """
        return self.work.frame(rows_for_frame(self.work, MOST_LISTED))

    def _take_off(self, key: UUID) -> None:
        k = tables.message_link
        self.work.remove_many(k, self.work.rows(select(k).where(and_(k.c.message_id == key, self.work.visible_to(k)))))

    def _file(self, key: UUID) -> Row:
        f, m = tables.message_file, tables.message
        row = self.work.one(select(f).join(m, m.c.id == f.c.message_id).where(and_(f.c.id == key, readable(self.work.caller))))
        if row is None:
            raise NoSuchRecord
        return row

    def _company(self) -> Row:
        row = self.work.one(select(tables.company))
        assert row is not None  # noqa: S101 - a file has its company
        return row

    def _require(self, customer_id: UUID | None, contact_id: UUID | None) -> None:
        if (customer_id is None) == (contact_id is None):
            raise InvalidInput(_("Name one customer or one contact."), "customer_id")
        self.work.require(tables.customer if customer_id else tables.contact, customer_id or contact_id)


def _data_url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
