"""Threads and messages as their readers see them: nothing that somebody may not read is shown, found or counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, or_, select, true

from crm_lab.domain.messages import (
    AddressRole,
    Candidate,
    Correspondent,
    Doubt,
    LinkedBy,
    MailFile,
    MailLink,
    Message,
    Thread,
    ThreadPage,
)
from crm_lab.services.customers import shown_name
from crm_lab.store import tables
from crm_lab.store.aggregates import newest_of
from crm_lab.store.bulk import among
from crm_lab.store.merges import all_of, now_of
from crm_lab.store.messages import readable
from crm_lab.store.records import NoSuchRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.store.records import Row, Work

MOST_PEOPLE, MOST_DOUBTS, MOST_WORDS = 4, 200, 8


def on_card(customer_id: UUID | None, contact_id: UUID | None) -> Select[tuple[UUID]]:
    """The keys of the messages that are on a card: a customer's own, and those of contacts there who are linked to no customer."""
    k, r = tables.message_link, tables.contact_role
    if contact_id:
        return select(k.c.message_id).where(k.c.contact_id.in_(all_of(tables.contact, contact_id)))
    assert customer_id is not None  # noqa: S101 - one of the two is
    people = select(r.c.contact_id).where(r.c.customer_id == customer_id, r.c.ended_on.is_(None))
    theirs = or_(k.c.customer_id.in_(all_of(tables.customer, customer_id)), and_(k.c.customer_id.is_(None), k.c.contact_id.in_(people)))
    return select(k.c.message_id).where(theirs)


def own(caller: UUID | None) -> Select[tuple[UUID]]:
    """The keys of the messages in somebody's own mailboxes."""
    c = tables.message_copy
    return select(c.c.message_id).where(c.c.employee_id == caller)


def matching(text: str) -> ColumnElement[bool]:
    """Which messages hold all words of a text: in the subject, the names and addresses, or the text."""
    m, b, a = tables.message, tables.message_body, tables.message_address
    return and_(true(), *(
        or_(
            m.c.subject.icontains(word, autoescape=True),
            m.c.id.in_(select(b.c.message_id).where(b.c.text.icontains(word, autoescape=True))),
            m.c.id.in_(select(a.c.message_id).where(or_(a.c.address.icontains(word, autoescape=True), a.c.name.icontains(word, autoescape=True)))),
        )
        for word in text.split()[:MOST_WORDS]
    ))  # fmt: skip


def thread_page(work: Work, among_these: Select[tuple[UUID]], text: str, start: int, limit: int) -> ThreadPage:
    """Conversations among some messages, the newest first."""
    m = tables.message
    wanted = and_(m.c.id.in_(among_these), readable(work.caller), matching(text))
    seen = select(m.c.id, m.c.thread_id, m.c.sent_at, m.c.n_files).where(wanted).cte("seen")
    n = func.count().over().label("n_threads")
    ids = func.string_agg(cast(seen.c.id, String), " ").label("ids")
    query = (
        select(seen.c.thread_id, func.count().label("n"), func.max(seen.c.sent_at).label("latest_at"), func.sum(seen.c.n_files).label("n_files"), n, ids)
        .group_by(seen.c.thread_id).order_by(func.max(seen.c.sent_at).desc(), seen.c.thread_id).limit(limit).offset(start)
    )  # fmt: skip
    threads = work.rows(query)
    keys = [UUID(key) for row in threads for key in row["ids"].split()]  # what may be read has been asked
    rows = work.rows(
        select(m.c.id, m.c.thread_id, m.c.subject, m.c.sender, m.c.sender_name, m.c.preview, m.c.is_outgoing)
        .where(among(m.c.id, keys)).order_by(m.c.sent_at.desc(), m.c.id)
    ) if keys else []  # fmt: skip
    told: dict[UUID, list[Row]] = {}
    for row in rows:
        told.setdefault(row["thread_id"], []).append(row)
    found = tuple(_thread(row, told[row["thread_id"]]) for row in threads)
    return ThreadPage(threads=found, n=threads[0]["n_threads"] if threads else 0)


def _thread(row: Row, messages: list[Row]) -> Thread:
    newest = messages[0]
    names = dict.fromkeys(one["sender_name"] or one["sender"] for one in messages)
    return Thread(
        id=row["thread_id"], newest_id=newest["id"], subject=messages[-1]["subject"], people=tuple(names)[:MOST_PEOPLE], preview=newest["preview"], n=row["n"],
        n_files=int(row["n_files"]), latest_at=row["latest_at"], is_outgoing=newest["is_outgoing"],
    )  # fmt: skip


def messages_where(work: Work, wanted: ColumnElement[bool], *, limit: int = 200) -> list[Message]:
    """Messages that the caller may read, the oldest first, with what belongs to them."""
    m, b = tables.message, tables.message_body
    query = select(m, b.c.text).join(b, b.c.message_id == m.c.id).where(and_(wanted, readable(work.caller))).order_by(m.c.sent_at.desc(), m.c.id.desc()).limit(limit)
    rows = work.rows(query)[::-1]
    ids = [row["id"] for row in rows]
    people, files, links = _people(work, ids), _files(work, ids), links_of(work, ids)
    mine = set(work.connection.execute(own(work.caller).where(among(tables.message_copy.c.message_id, ids))).scalars()) if ids else set()
    return [
        Message(
            id=row["id"], thread_id=row["thread_id"], message_id=row["message_id"], subject=row["subject"], sent_at=row["sent_at"], people=tuple(people.get(row["id"], ())),
            text=row["text"], has_html=row["has_html"], files=tuple(files.get(row["id"], ())), links=tuple(links.get(row["id"], ())), is_mine=row["id"] in mine, is_cut=row["is_cut"],
        )
        for row in rows
    ]  # fmt: skip


def message_of(work: Work, key: UUID) -> Message:
    """One message. Raises `NotFound`, also where it is hidden."""
    found = messages_where(work, tables.message.c.id == key)
    if not found:
        raise NoSuchRecord
    return found[0]


def _people(work: Work, ids: list[UUID]) -> dict[UUID, list[Correspondent]]:
    found: dict[UUID, list[Correspondent]] = {}
    for row in sorted(work.rows_of(tables.message_address, "message_id", ids), key=lambda row: row["position"]) if ids else []:
        found.setdefault(row["message_id"], []).append(Correspondent(role=AddressRole(row["role"]), address=row["address"], name=row["name"]))
    return found


def _files(work: Work, ids: list[UUID]) -> dict[UUID, list[MailFile]]:
    found: dict[UUID, list[MailFile]] = {}
    for row in sorted(work.rows_of(tables.message_file, "message_id", ids), key=lambda row: row["position"]) if ids else []:
        found.setdefault(row["message_id"], []).append(MailFile(id=row["id"], name=row["name"], media_type=row["media_type"], size=row["size"], is_inline=row["is_inline"]))
    return found


def links_of(work: Work, ids: Iterable[UUID]) -> dict[UUID, list[MailLink]]:
    """The cards that messages are on, as far as the caller may see them."""
    k, c, p = tables.message_link, tables.customer, tables.contact
    name = func.coalesce(func.trim(p.c.first_name + " " + p.c.last_name), "").label("contact")
    query = (
        select(k, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"), name)
        .outerjoin(c, c.c.id == k.c.customer_id).outerjoin(p, p.c.id == k.c.contact_id)
        .where(and_(among(k.c.message_id, ids), or_(k.c.customer_id.is_not(None), k.c.contact_id.is_not(None)), work.visible_to(k)))
    )  # fmt: skip
    found: dict[UUID, list[MailLink]] = {}
    for row in work.rows(query):
        kept = {field: row[field] for field in ("id", "version", "customer_id", "customer", "customer_number", "contact_id", "contact")}
        found.setdefault(row["message_id"], []).append(MailLink(how=LinkedBy(row["how"]), **kept))
    return found


def doubts_of(work: Work) -> list[Doubt]:
    """Addresses of the caller's own mail that stand on several cards, with those of them the caller may see."""
    d, m = tables.message_doubt, tables.message
    latest = func.max(m.c.sent_at).label("latest_at")
    query = (
        select(d.c.address, func.count().label("n"), newest_of(m.c.subject, m.c.sent_at).label("subject"), latest)
        .join(m, m.c.id == d.c.message_id).where(d.c.message_id.in_(own(work.caller))).group_by(d.c.address).order_by(latest.desc()).limit(MOST_DOUBTS)
    )  # fmt: skip
    rows = work.rows(query)
    candidates = _candidates(work, [row["address"] for row in rows])
    return [Doubt(**row, candidates=tuple(candidates.get(row["address"], ()))) for row in rows]


def _candidates(work: Work, addresses: list[str]) -> dict[str, list[Candidate]]:
    clue, c, p, r = tables.clue, tables.customer, tables.contact, tables.contact_role
    if not addresses:
        return {}
    hits = select(clue.c.value, clue.c.source_id).where(among(clue.c.value, [f"email {address}" for address in addresses])).cte("hits")
    firms = select(hits.c.value, now_of(c).label("id"), shown_name().label("name"), literal("customer_id").label("kind")).select_from(hits.join(c, c.c.id == hits.c.source_id)).where(work.visible_to(c))
    name = func.trim(p.c.first_name + " " + p.c.last_name)
    at = or_(p.c.id == hits.c.source_id, p.c.id.in_(select(r.c.contact_id).where(r.c.id == hits.c.source_id, r.c.ended_on.is_(None))))
    people = select(hits.c.value, now_of(p), name, literal("contact_id")).select_from(hits.join(p, at)).where(work.visible_to(p))
    found: dict[str, list[Candidate]] = {}
    for query in (firms, people):
        for value, key, words, kind in work.connection.execute(query.distinct()):
            found.setdefault(value.removeprefix("email "), []).append(Candidate(name=words, **{kind: key}))
    return {address: sorted(them, key=lambda one: (one.contact_id is not None, one.name)) for address, them in found.items()}


def rows_for_frame(work: Work, limit: int) -> Select[Any]:
    """The newest messages that the caller may read, with the cards they are on; one row a card."""
    m, k, c, p = tables.message, tables.message_link, tables.customer, tables.contact
    linked = select(k).where(work.visible_to(k)).subquery()
    return (
        select(
            cast(m.c.id, String).label("id"), cast(m.c.thread_id, String).label("thread_id"), m.c.sent_at, m.c.subject, m.c.sender, m.c.sender_name, m.c.is_outgoing,
            m.c.n_files, m.c.size, m.c.preview, c.c.number.label("customer_number"), func.coalesce(shown_name(), "").label("customer"),
            cast(linked.c.contact_id, String).label("contact_id"), func.coalesce(func.trim(p.c.first_name + " " + p.c.last_name), "").label("contact"),
        )
        .outerjoin(linked, linked.c.message_id == m.c.id).outerjoin(c, c.c.id == linked.c.customer_id).outerjoin(p, p.c.id == linked.c.contact_id)
        .where(readable(work.caller)).order_by(m.c.sent_at.desc(), m.c.id).limit(limit)
    )  # fmt: skip
