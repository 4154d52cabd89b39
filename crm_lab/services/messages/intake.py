"""Messages on their way in: kept once each, put into threads and on cards; and on their way out again with their last copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, delete, select, update

from crm_lab.domain.documents import SNIFFED, clean_name, media_type
from crm_lab.domain.ids import new_id
from crm_lab.domain.messages import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    LONGEST_PREVIEW,
    LONGEST_SUBJECT,
    MOST_REFERENCES,
    AddressRole,
    MailRead,
    ReadMail,
    bare_subject,
    is_answer,
)
from crm_lab.store import tables
from crm_lab.store.bulk import among, batched, load
from crm_lab.store.files import files_of
from crm_lab.store.messages import link

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.store.records import Row, Work

MOST_FILES, MOST_PEOPLE, LONGEST_BODY, LONGEST_ID = 300, 500, 2_000_000, 500
SAME_SUBJECT_FOR = timedelta(days=60)
"""So far apart an answer without references and what it answers may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose mailbox messages are in; `account_id` is None for those brought in by hand."""

    employee_id: UUID
    account_id: UUID | None = None
    folder_id: UUID | None = None


def take_in(work: Work, place: Place, arrived: Sequence[tuple[int | None, ReadMail]]) -> tuple[MailRead, list[UUID]]:
    """Keep messages, each with its number in the folder; what is known gets another copy. The same again changes nothing."""
    mails = {(mail.message_id, mail.digest): mail for _uid, mail in arrived}
    known = _known(work, mails.values())
    fresh = {key: mail for key, mail in mails.items() if key not in known}
    ids = known | {key: new_id() for key in fresh}
    files = files_of(work.connection)
    for mail in fresh.values():
        for file in mail.files:
            files.take(file.content, file.sha256)
    threads = _threads(work, {ids[key]: mail for key, mail in fresh.items()})
    _insert(work, {ids[key]: mail for key, mail in fresh.items()}, threads)
    _copy(work, place, [(uid, ids[mail.message_id, mail.digest]) for uid, mail in arrived])
    link(work, [ids[key] for key in fresh])
    return MailRead(n_new=len(fresh), n_known=len(mails) - len(fresh)), [ids[mail.message_id, mail.digest] for _uid, mail in arrived]


def told(mail: ReadMail) -> ReadMail:
    """A message as it may be kept when somebody else than our own reader tells it.

    A file is named by the content that came with it: else who knows a digest could fetch what is kept under it.
    """
    files = tuple(
        replace(file, sha256=sha256(file.content).hexdigest(), size=len(file.content), media_type=media_type(file.content[:SNIFFED]), name=clean_name(file.name))
        for file in mail.files[:MOST_FILES]
    )  # fmt: skip
    people = tuple(replace(one, address=one.address.lower()[:LONGEST_ADDRESS], name=one.name[:LONGEST_NAME]) for one in mail.people[:MOST_PEOPLE])
    text, html = mail.text[:LONGEST_BODY], mail.html[:LONGEST_BODY]
    said = (mail.digest, "cut") if mail.is_cut else (text, html, *(file.sha256 for file in files))
    digest = sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()
    return replace(
        mail, message_id=mail.message_id[:LONGEST_ID], digest=digest, references=mail.references[-MOST_REFERENCES:],
        subject=mail.subject[:LONGEST_SUBJECT], people=people, text=text, html=html, files=files,
    )  # fmt: skip


def lose_copies(work: Work, copies: Sequence[UUID], *, keep_days: int = 0) -> set[str]:
    """Copies are gone from their mailbox: their messages go with the last of them, or later where the company keeps them.

    Returns the digests of files that nothing needs any more.
    """
    c = tables.message_copy
    if keep_days:
        work.connection.execute(update(c).where(among(c.c.id, copies), c.c.gone_at.is_(None)).values(gone_at=work.now))
        return set()
    ids = set(work.connection.execute(select(c.c.message_id).where(among(c.c.id, copies))).scalars())
    work.connection.execute(delete(c).where(among(c.c.id, copies)))
    left = set(work.connection.execute(select(c.c.message_id).where(among(c.c.message_id, ids))).scalars())
    return _remove(work, ids - left)


def forget_gone(work: Work, keep_days: int) -> set[str]:
    """Remove what was deleted in its mailbox longer ago than it is kept; the digests of files that nothing needs any more."""
    c = tables.message_copy
    old = select(c.c.id).where(c.c.gone_at < work.now - timedelta(days=keep_days))
    copies = list(work.connection.execute(old).scalars())
    return lose_copies(work, copies) if copies else set()


def keep_days(work: Work) -> int:
    """For how many days deleted mail stays."""
    company = work.kept(tables.company)
    return int(((company[0]["mail_rules"] if company else None) or {}).get("keep_deleted_days", 0))


def _remove(work: Work, ids: set[UUID]) -> set[str]:
    f, d = tables.message_file, tables.document
    digests = set(work.connection.execute(select(f.c.sha256).where(among(f.c.message_id, ids))).scalars()) if ids else set()
    for part in batched(ids):
        for table in (tables.message_body, tables.message_address, tables.message_reference, f, tables.message_link, tables.message_doubt):
            work.connection.execute(delete(table).where(among(table.c.message_id, part)))
        o = tables.outgoing_message
        work.connection.execute(update(o).where(among(o.c.answers, part)).values(answers=None))
        work.connection.execute(delete(tables.message).where(among(tables.message.c.id, part)))
    for table in (f, d):
        digests -= set(work.connection.execute(select(table.c.sha256).where(among(table.c.sha256, digests))).scalars()) if digests else set()
    return digests


def _known(work: Work, mails: Iterable[ReadMail]) -> dict[tuple[str, str], UUID]:
    """The messages that are there already; another content under the same id is another message."""
    m = tables.message
    rows = work.rows(select(m.c.id, m.c.message_id, m.c.digest).where(among(m.c.message_id, {mail.message_id for mail in mails})))
    return {(row["message_id"], row["digest"]): row["id"] for row in rows}


def _copy(work: Work, place: Place, arrived: Sequence[tuple[int | None, UUID]]) -> None:
    """One copy by folder and number, or by employee where it was brought in by hand."""
    c = tables.message_copy
    same = c.c.folder_id == place.folder_id if place.folder_id else and_(c.c.folder_id.is_(None), c.c.employee_id == place.employee_id)
    rows = work.rows(select(c.c.id, c.c.message_id, c.c.uid).where(and_(same, among(c.c.message_id, {key for _uid, key in arrived}))))
    there = {(row["uid"], row["message_id"]) for row in rows}
    wanted = dict.fromkeys((uid, key) for uid, key in arrived if (uid, key) not in there)
    load(work.connection, c, [
        {"id": new_id(), "message_id": key, "employee_id": place.employee_id, "account_id": place.account_id, "folder_id": place.folder_id, "uid": uid, "gone_at": None}
        for uid, key in wanted
    ])  # fmt: skip
    if place.folder_id:
        waiting = and_(c.c.account_id == place.account_id, c.c.folder_id.is_(None), among(c.c.message_id, {key for _uid, key in arrived}))
        work.connection.execute(delete(c).where(waiting))  # sent from here, and now found in the mailbox


def _insert(work: Work, mails: dict[UUID, ReadMail], threads: dict[UUID, UUID]) -> None:
    rows: dict[str, list[Row]] = {name: [] for name in ("message", "message_body", "message_address", "message_reference", "message_file")}
    ours = _our_addresses(work)
    for key, mail in mails.items():
        sender = next((one for one in mail.people if one.role is AddressRole.FROM), None)
        rows["message"].append({
            "id": key, "message_id": mail.message_id, "digest": mail.digest, "thread_id": threads[key], "subject": mail.subject,
            "sender": sender.address if sender else "", "sender_name": sender.name if sender else "", "preview": " ".join(mail.text[:1000].split())[:LONGEST_PREVIEW],
            "sent_at": min(mail.sent_at or work.now, work.now + timedelta(days=1)), "size": mail.size, "n_files": sum(not file.is_inline for file in mail.files),
            "has_html": bool(mail.html), "is_cut": mail.is_cut, "is_outgoing": bool(sender and sender.address in ours), "created_at": work.now,
        })  # fmt: skip
        rows["message_body"].append({"message_id": key, "text": mail.text, "html": mail.html})
        rows["message_address"] += [
            {"message_id": key, "position": n, "role": str(one.role), "address": one.address, "name": one.name} for n, one in enumerate(mail.people)
        ]  # fmt: skip
        rows["message_reference"] += [{"message_id": key, "reference": reference} for reference in mail.references]
        rows["message_file"] += [
            {"id": new_id(), "message_id": key, "position": n, "name": file.name, "media_type": file.media_type, "sha256": file.sha256, "content_id": file.content_id, "size": file.size, "is_inline": file.is_inline}
            for n, file in enumerate(mail.files)
        ]  # fmt: skip
    for name, made in rows.items():
        load(work.connection, tables.metadata.tables[name], made)


def _our_addresses(work: Work) -> set[str]:
    a = tables.mail_account
    return {row["address"] for row in work.rows(select(a.c.address))} | {row["email"].lower() for row in work.kept(tables.employee) if row["email"]}


def _threads(work: Work, mails: dict[UUID, ReadMail]) -> dict[UUID, UUID]:
    """The thread of each new message: that of what it refers to, of what refers to it, or of what has its subject.

    Threads that turn out to be one become one. Who may read which message of a thread is asked of each.
    """
    m, r = tables.message, tables.message_reference
    by_id = {mail.message_id: key for key, mail in mails.items()}
    referred = {reference for mail in mails.values() for reference in mail.references}
    earlier: dict[str, set[UUID]] = {}
    for row in work.rows(select(m.c.message_id, m.c.thread_id).where(among(m.c.message_id, referred | by_id.keys()))) if mails else []:
        earlier.setdefault(row["message_id"], set()).add(row["thread_id"])
    later = select(r.c.reference, m.c.thread_id).join(m, m.c.id == r.c.message_id).where(among(r.c.reference, by_id.keys() | referred))
    for row in work.rows(later) if mails else []:
        earlier.setdefault(row["reference"], set()).add(row["thread_id"])
    subjects = _subjects(work, mails, earlier)
    groups = _Groups()
    for key, mail in mails.items():
        groups.join(key, f"<{mail.message_id}>", *(f"<{one}>" for one in mail.references), *(f"s{one}" for one in subjects.get(key, ())))
    for name, found in earlier.items():
        groups.join(f"<{name}>", *(("thread", one) for one in found))
    for name, thread in {(name, thread) for found in subjects.values() for name, thread in found.items()}:
        groups.join(f"s{name}", ("thread", thread))
    return _settled(work, mails, groups)


def _settled(work: Work, mails: dict[UUID, ReadMail], groups: _Groups) -> dict[UUID, UUID]:
    """A thread for each group: the oldest it has, else a new one."""
    m, chosen = tables.message, {}
    for root, members in groups.all().items():
        threads = sorted({one[1] for one in members if isinstance(one, tuple)}, key=str)
        chosen[root] = threads[0] if threads else new_id()
        if len(threads) > 1:
            work.connection.execute(update(m).where(m.c.thread_id.in_(threads[1:])).values(thread_id=threads[0]))
    return {key: chosen[groups.root(key)] for key in mails}


def _subjects(work: Work, mails: dict[UUID, ReadMail], earlier: dict[str, set[UUID]]) -> dict[UUID, dict[str, UUID]]:
    """For answers that refer to nothing we have: the thread of the same subject with the same correspondent not long ago."""
    m, a = tables.message, tables.message_address
    lonely = {key: mail for key, mail in mails.items() if is_answer(mail.subject) and not any(one in earlier for one in (*mail.references, mail.message_id))}
    addresses = {one.address for mail in lonely.values() for one in mail.people} - _our_addresses(work)
    if not addresses:
        return {}
    query = select(m.c.thread_id, m.c.subject, m.c.sent_at, a.c.address).join(a, a.c.message_id == m.c.id).where(among(a.c.address, addresses))
    wanted = {bare_subject(mail.subject) for mail in lonely.values()} - {""}
    rows = [row for row in work.rows(query) if bare_subject(row["subject"]) in wanted]
    found: dict[UUID, dict[str, UUID]] = {}
    for key, mail in lonely.items():
        subject, at = bare_subject(mail.subject), mail.sent_at or work.now
        people = {one.address for one in mail.people}
        fits = [row for row in rows if bare_subject(row["subject"]) == subject and row["address"] in people and abs(row["sent_at"] - at) < SAME_SUBJECT_FOR]
        if fits:
            thread = max(fits, key=lambda row: row["sent_at"])["thread_id"]
            found[key] = {f"{subject}\0{thread}": thread}
    return found


class _Groups:
    """What belongs together, joined pair by pair."""

    def __init__(self) -> None:
        self._parent: dict[Any, Any] = {}

    def root(self, one: Any) -> Any:
        path = [one]
        while (above := self._parent.setdefault(path[-1], path[-1])) != path[-1]:
            path.append(above)
        for each in path:
            self._parent[each] = path[-1]
        return path[-1]

    def join(self, first: Any, *others: Any) -> None:
        for other in others:
            self._parent[self.root(other)] = self.root(first)

    def all(self) -> dict[Any, list[Any]]:
        found: dict[Any, list[Any]] = {}
        for one in list(self._parent):
            found.setdefault(self.root(one), []).append(one)
        return found


def drop_unneeded(work: Work, digests: set[str]) -> None:
    """Let the contents go that no message and no document has, nor one that undoing may bring back."""
    a, files = tables.audit, files_of(work.connection)
    needed: set[str] = set()
    for table in (tables.message_file, tables.document):
        needed |= set(work.connection.execute(select(table.c.sha256).where(among(table.c.sha256, digests))).scalars())
    earlier = work.connection.execute(select(a.c.before).where(a.c.entity == tables.document.name, a.c.before.is_not(None))).scalars()
    needed |= {row.get("sha256", "") for row in earlier}
    for digest in digests - needed:
        files.drop(digest)
