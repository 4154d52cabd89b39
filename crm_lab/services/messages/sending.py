"""Mail that employees write: queued in the caller's own name, sent by the store, and on the card as soon as it is sent."""

from __future__ import annotations

import re
from email.message import EmailMessage
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from sqlalchemy import and_, delete, insert, select, update

from crm_lab.domain.documents import Upload, clean_name, media_type
from crm_lab.domain.ids import new_id
from crm_lab.domain.mail_accounts import MOST_TRIES, LoginBy, MailAccount, Outgoing, OutgoingState, Security, wait_after
from crm_lab.domain.messages import LONGEST_SUBJECT, LinkedBy
from crm_lab.domain.values import Email, clean_text
from crm_lab.errors import CrmError, InvalidInput
from crm_lab.exchange.imap import mailbox_of
from crm_lab.exchange.mail import MailServer, compose, new_message_id, send_mail
from crm_lab.exchange.mime import read_mail
from crm_lab.i18n import _
from crm_lab.services.messages.intake import Place, take_in
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.files import files_of
from crm_lab.store.records import NoSuchRecord, Work, as_record, as_row
from crm_lab.store.secrets import decrypt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.store.records import Row

log = structlog.get_logger()
LONGEST_TEXT, MOST_RECIPIENTS = 100_000, 50


def send_due(database: Database) -> int:
    """Send what waits, one after the other; how many were tried."""
    o, n = tables.outgoing_message, 0
    with database.reading() as connection:
        due = Work(connection, None, utc_now()).rows(select(o.c.id).where(and_(o.c.state == OutgoingState.QUEUED, o.c.next_at <= utc_now())).order_by(o.c.queued_at))
    for row in due:
        _send_one(database, row["id"])
        n += 1
    return n


def stop_half_sent(work: Work) -> None:
    """What was being handed in when the store stopped may have gone out: its writer decides, for twice is worse than late."""
    o = tables.outgoing_message
    reason = _("The program stopped while this was being sent. Look among your sent messages before you send it again.")
    work.connection.execute(update(o).where(o.c.state == OutgoingState.UNDER_WAY).values(state=str(OutgoingState.FAILED), error=reason))


def _send_one(database: Database, key: UUID) -> None:
    """Hand one message in; whatever happens is written down."""
    with database.writing() as connection:
        found = _taken(Work(connection, None, utc_now()), key)
    if found is None:
        return
    row, account, secret = found
    try:
        with database.reading() as connection:
            message = _composed(Work(connection, None, utc_now()), row, account)
        send_mail(_server(account, secret), message)
    except CrmError as error:
        with database.writing() as connection:
            _failed(Work(connection, None, utc_now()), row, error.message, may_retry=not isinstance(error, InvalidInput))
        return
    data = message.as_bytes()
    with database.writing() as connection:
        _sent(Work(connection, None, utc_now()), row, account, data)
    try:
        with mailbox_of(account, secret) as mailbox:
            mailbox.keep_sent(data)
    except CrmError as error:
        log.warning("a sent message could not be put among the sent ones", reason=error.message)


def _taken(work: Work, key: UUID) -> tuple[Row, MailAccount, str] | None:
    o, a, k = tables.outgoing_message, tables.mail_account, tables.mail_secret
    row = work.one(select(o).where(and_(o.c.id == key, o.c.state == OutgoingState.QUEUED)))
    if row is None:
        return None
    account = work.one(select(a).where(a.c.id == row["account_id"]))
    kept = work.scalar(select(k.c.secret).where(k.c.account_id == row["account_id"]))
    try:
        secret = decrypt(work.connection, kept or "")
    except CrmError as error:
        _failed(work, row, error.message, may_retry=False)
        return None
    work.connection.execute(update(o).where(o.c.id == key).values(state=str(OutgoingState.UNDER_WAY)))
    return (row, as_record(MailAccount, account), secret) if account else None


def _server(account: MailAccount, secret: str) -> MailServer:
    is_token = account.login_by is LoginBy.TOKEN
    return MailServer(
        host=account.smtp_host, port=account.smtp_port, user=account.user_name, password="" if is_token else secret, token=secret if is_token else "",
        is_tls=account.smtp_security is Security.TLS, is_plain=account.smtp_security is Security.PLAIN,
    )  # fmt: skip


def _composed(work: Work, row: Row, account: MailAccount) -> EmailMessage:
    m, r, e = tables.message, tables.message_reference, tables.employee
    answered = work.scalar(select(m.c.message_id).where(m.c.id == row["answers"])) if row["answers"] else None
    earlier = [one["reference"] for one in work.rows(select(r.c.reference).where(r.c.message_id == row["answers"]))] if answered else []
    name = work.scalar(select(e.c.name).where(e.c.id == row["employee_id"])) or ""
    files = [(file["name"], file["media_type"], files_of(work.connection).read(file["sha256"], 0, file["size"])) for file in row["files"] or []]
    return compose(
        sender=account.address, sender_name=name, to=row["recipients"].split(), copies=row["copies"].split(), subject=row["subject"], text=row["text"], files=files,
        message_id=row["message_id"], references=[*earlier, answered] if answered else [], at=row["queued_at"],
    )  # fmt: skip


def _failed(work: Work, row: Row, reason: str, *, may_retry: bool) -> None:
    o, tries = tables.outgoing_message, row["tries"] + 1
    again = may_retry and tries < MOST_TRIES
    state = OutgoingState.QUEUED if again else OutgoingState.FAILED
    work.connection.execute(update(o).where(o.c.id == row["id"]).values(state=str(state), tries=tries, error=reason[:500], next_at=work.now + wait_after(tries)))


def _sent(work: Work, row: Row, account: MailAccount, data: bytes) -> None:
    """It is sent: on the card it was written on, before the mailbox tells of it."""
    o, k = tables.outgoing_message, tables.message_link
    _read, (key,) = take_in(work, Place(employee_id=account.employee_id, account_id=account.id), [(None, read_mail(data))])
    work.connection.execute(delete(o).where(o.c.id == row["id"]))
    if row["customer_id"] or row["contact_id"]:
        party = k.c.customer_id == row["customer_id"] if row["customer_id"] else k.c.contact_id == row["contact_id"]
        there = work.scalar(select(k.c.id).where(and_(k.c.message_id == key, party)))
        if there is None:
            work.insert_many(k, [{"id": new_id(), "version": 1, "message_id": key, "customer_id": row["customer_id"], "contact_id": row["contact_id"], "how": str(LinkedBy.HAND)}])


def queue(
    work: Work, *, employee_id: UUID, account_id: UUID, to: str, copies: str, subject: str, text: str, answers: UUID | None, customer_id: UUID | None,
    contact_id: UUID | None, uploads: Sequence[Upload],
) -> Outgoing:  # fmt: skip
    """Put a message among those to be sent. Raises `InvalidInput` naming the field, `NotFound`."""
    a, o = tables.mail_account, tables.outgoing_message
    account = work.one(select(a).where(and_(a.c.id == account_id, a.c.employee_id == employee_id)))
    if account is None:
        raise NoSuchRecord
    if not account["smtp_host"]:
        raise InvalidInput(_("The account {address} cannot send. Name its server for outgoing mail.", address=account["address"]), "account_id")
    people, others = _addresses(to, "to"), _addresses(copies, "copies")
    if not people:
        raise InvalidInput(_("Write who it is for."), "to")
    body = clean_text(text, "text", max_length=LONGEST_TEXT, lines=True)
    if not body:
        raise InvalidInput(_("Write something."), "text")
    kept = [(upload, files_of(work.connection).kept(employee_id, upload.id)) for upload in uploads]
    made = Outgoing(
        id=new_id(), employee_id=employee_id, account_id=account_id, recipients=" ".join(people), copies=" ".join(others),
        subject=clean_text(subject, "subject", max_length=LONGEST_SUBJECT), text=body, answers=answers, customer_id=customer_id, contact_id=contact_id,
        queued_at=work.now, next_at=work.now,
    )  # fmt: skip
    files = [{"name": clean_name(upload.name), "media_type": media_type(one.beginning), "sha256": one.sha256, "size": one.size} for upload, one in kept]
    row = as_row(made, o) | {"files": files, "message_id": new_message_id(account["address"]).strip("<>")}
    work.connection.execute(insert(o), [row])
    return made


def try_again(work: Work, employee_id: UUID, key: UUID) -> None:
    """Let what failed wait no longer."""
    o = tables.outgoing_message
    _require(work, employee_id, key)
    work.connection.execute(update(o).where(o.c.id == key).values(state=str(OutgoingState.QUEUED), tries=0, next_at=work.now))


def throw_away(work: Work, employee_id: UUID, key: UUID) -> None:
    """Send it never."""
    _require(work, employee_id, key)
    work.connection.execute(delete(tables.outgoing_message).where(tables.outgoing_message.c.id == key))


def _require(work: Work, employee_id: UUID, key: UUID) -> None:
    o = tables.outgoing_message
    mine = and_(o.c.id == key, o.c.employee_id == employee_id, o.c.state != OutgoingState.UNDER_WAY)
    if work.scalar(select(o.c.id).where(mine)) is None:
        raise NoSuchRecord


def _addresses(text: str, field: str) -> list[str]:
    """Addresses by commas, semicolons, blanks or lines."""
    found = [word for word in re.split(r"[\s,;]+", text) if word]
    if len(found) > MOST_RECIPIENTS:
        raise InvalidInput(_("A message goes to {n} at most.", n=MOST_RECIPIENTS), field)
    try:
        return [str(Email.parse(word)) for word in found]
    except InvalidInput as error:
        raise InvalidInput(error.message, field) from None


def of_employee(work: Work, employee_id: UUID) -> list[Outgoing]:
    """What somebody has written that is not sent, the newest first."""
    o = tables.outgoing_message
    query = select(o).where(o.c.employee_id == employee_id).order_by(o.c.queued_at.desc())
    return [as_record(Outgoing, row) for row in work.rows(query)]
