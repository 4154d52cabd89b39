"""Who may read a message, and on whose cards it is: by the addresses it is from and to, in a few statements for any number of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    delete,
    distinct,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy import cast as sql_cast

from crm_lab.domain.duplicates import PUBLIC_DOMAINS
from crm_lab.domain.ids import new_id
from crm_lab.domain.messages import LinkedBy
from crm_lab.store import tables
from crm_lab.store.aggregates import any_of
from crm_lab.store.bulk import among, load
from crm_lab.store.merges import now_of
from crm_lab.store.visibility import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from sqlalchemy import CTE, Select

    from crm_lab.store.records import Work

EMAIL, DOMAIN = "email ", "domain "


def readable(caller: UUID | None) -> ColumnElement[bool]:
    """Which messages somebody may read: those in a mailbox of their own; and those on cards they may all see.

    The latter as long as one who has the message shares their mail, or brought it in by hand. A message on a colleague's
    private card is no one else's, whichever other card it is on.
    """
    m, c, k, a = tables.message, tables.message_copy, tables.message_link, tables.mail_account
    own = select(c.c.message_id).where(c.c.employee_id == caller)
    sharing = select(a.c.id).where(a.c.is_on)
    shared = select(c.c.message_id).where(or_(c.c.account_id.is_(None), c.c.account_id.in_(sharing)))
    on_card = select(k.c.message_id).where(or_(k.c.customer_id.is_not(None), k.c.contact_id.is_not(None)))
    hidden = select(k.c.message_id).where(not_(visible(k, caller)))
    return or_(m.c.id.in_(own), and_(m.c.id.in_(shared), m.c.id.in_(on_card), m.c.id.not_in(hidden)))


def link(work: Work, ids: Collection[UUID]) -> int:
    """Put messages on the cards their addresses stand on; how many links are new. What somebody placed by hand stays.

    An address on several cards is put into doubt, for whoever has the mail to decide.
    """
    wanted, rules = list(ids), _rules(work)
    if not wanted:
        return 0
    k, d = tables.message_link, tables.message_doubt
    work.connection.execute(delete(d).where(among(d.c.message_id, wanted)))
    said = _said(wanted)
    owners = _owners(said, by_domain=bool(rules.get("by_domain")))
    there = k.alias()
    same = and_(
        there.c.message_id == said.c.message_id, there.c.customer_id.is_not_distinct_from(owners.c.customer_id),
        there.c.contact_id.is_not_distinct_from(owners.c.contact_id),
    )  # fmt: skip
    by_hand = select(there.c.message_id).where(there.c.how == LinkedBy.HAND)
    fresh = (
        select(said.c.message_id, owners.c.customer_id, owners.c.contact_id, func.min(owners.c.how).label("how"))
        .join(owners, owners.c.address == said.c.address)
        .where(and_(owners.c.n_customers <= 1, owners.c.n_contacts <= 1, said.c.message_id.not_in(by_hand), not_(select(there.c.id).where(same).exists())))
        .group_by(said.c.message_id, owners.c.customer_id, owners.c.contact_id)
    )  # fmt: skip
    rows = [row | {"id": new_id(), "version": 1} for row in work.rows(fresh)]
    load(work.connection, k, rows)
    doubtful = (
        select(said.c.message_id, said.c.address).distinct().join(owners, owners.c.address == said.c.address)
        .where(and_(or_(owners.c.n_customers > 1, owners.c.n_contacts > 1), said.c.message_id.not_in(by_hand)))
    )  # fmt: skip
    work.connection.execute(insert(d).from_select(["message_id", "address"], doubtful))
    return len(rows)


def follow_addresses(work: Work, clues: Iterable[str]) -> None:
    """Put mail that is on no card on those whose addresses these now are."""
    addresses = {clue.removeprefix(EMAIL) for clue in clues if clue.startswith(EMAIL)}
    if not addresses:
        return
    a, k = tables.message_address, tables.message_link
    ids = work.connection.execute(select(a.c.message_id).distinct().where(among(a.c.address, addresses), a.c.message_id.not_in(select(k.c.message_id)))).scalars()
    link(work, list(ids))


def _rules(work: Work) -> dict[str, Any]:
    company = work.kept(tables.company)
    return dict((company[0]["mail_rules"] if company else None) or {})


def _said(ids: list[UUID]) -> CTE:
    """The addresses of messages, but for those of our own mailboxes."""
    a = tables.message_address
    ours = union(select(func.lower(tables.mail_account.c.address)), select(func.lower(tables.employee.c.email)))
    return select(a.c.message_id, a.c.address).distinct().where(among(a.c.message_id, ids), a.c.address.not_in(ours)).cte("said")


def _owners(said: CTE, *, by_domain: bool) -> CTE:
    """Of each address the customer and the contact, and how many of each stand for it. Private cards come before all others."""
    standing = _standing(said)
    found = _chosen(standing, LinkedBy.ADDRESS)
    if not by_domain:
        return found.cte("owners")
    direct = found.cte("direct")
    domain = func.split_part(said.c.address, "@", 2)
    clue, c = tables.clue, tables.customer
    rest = (
        select(said.c.address, now_of(c).label("customer_id"), sql_cast(null(), c.c.id.type).label("contact_id"), c.c.owner_only.label("is_private"))
        .select_from(said.join(clue, clue.c.value == literal(DOMAIN) + domain).join(c, c.c.id == clue.c.source_id))
        .where(and_(said.c.address.not_in(select(direct.c.address)), domain.not_in(sorted(PUBLIC_DOMAINS))))
        .distinct().cte("by_domain")
    )  # fmt: skip
    return union_all(select(direct), _chosen(rest, LinkedBy.DOMAIN)).cte("owners")


def _chosen(standing: CTE, how: LinkedBy) -> Select[Any]:
    """Who an address belongs to, where all that it stands on agree; only the private cards count where there are any."""
    of_private = select(standing.c.address).where(standing.c.is_private)
    counted = or_(standing.c.is_private, standing.c.address.not_in(of_private))
    return (
        select(
            standing.c.address, any_of(standing.c.customer_id).label("customer_id"), any_of(standing.c.contact_id).label("contact_id"),
            func.count(distinct(standing.c.customer_id)).label("n_customers"), func.count(distinct(standing.c.contact_id)).label("n_contacts"),
            sql_cast(literal(str(how)), String).label("how"),
        )
        .where(counted).group_by(standing.c.address)
    )  # fmt: skip


def _standing(said: CTE) -> CTE:
    """What each address stands on: customers, contacts with the one customer they work at, and contacts at a customer."""
    clue, c, p, r = tables.clue, tables.customer, tables.contact, tables.contact_role
    addresses = select(said.c.address).distinct().cte("addresses")
    hits = select(addresses.c.address, clue.c.source_id).join(clue, clue.c.value == literal(EMAIL) + addresses.c.address).cte("hits")
    nobody = sql_cast(null(), c.c.id.type)
    customers = select(hits.c.address, now_of(c).label("customer_id"), nobody.label("contact_id"), c.c.owner_only.label("is_private")).select_from(hits.join(c, c.c.id == hits.c.source_id))
    here = r.c.ended_on.is_(None)
    one = (
        select(r.c.contact_id, any_of(r.c.customer_id).label("customer_id")).where(and_(here, r.c.contact_id.in_(select(hits.c.source_id))))
        .group_by(r.c.contact_id).having(func.count(distinct(r.c.customer_id)) == 1).cte("one")
    )  # fmt: skip
    people = (
        select(hits.c.address, now_of(c), now_of(p), or_(p.c.owner_only, func.coalesce(c.c.owner_only, literal(value=False))))
        .select_from(hits.join(p, p.c.id == hits.c.source_id).outerjoin(one, one.c.contact_id == p.c.id).outerjoin(c, c.c.id == one.c.customer_id))
    )  # fmt: skip
    roles = (
        select(hits.c.address, now_of(c), now_of(p), or_(p.c.owner_only, c.c.owner_only))
        .select_from(hits.join(r, and_(r.c.id == hits.c.source_id, here)).join(p, p.c.id == r.c.contact_id).join(c, c.c.id == r.c.customer_id))
    )  # fmt: skip
    return union_all(customers, people, roles).cte("standing")


