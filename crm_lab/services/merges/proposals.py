"""What the search for doubles among all customers or contacts reads: one row each, with everything that tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import String, and_, case, cast, func, literal, select

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.duplicates import EMAILS, PHONES
from crm_lab.services.customers import shown_name
from crm_lab.store import tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Table

    from crm_lab.store.records import Work

TEXTS = ("organisation_number", "bank_account", *PHONES, *EMAILS, "website")
SEPARATOR = "\n"


def clues(work: Work, table: Table) -> pa.Table:
    """The customers or contacts the caller may see, not archived, oldest first.

    Returns
    -------
    id, number, name, is_person, birth_date, name_key, `TEXTS`, n_filled, owner_only, created_at, work_phones, work_emails,
    former_keys, postal_code, street, owner; `work_phones`, `work_emails` and `former_keys` hold a value on each line, `n_filled` counts the
    fields that are not empty.
    """
    key, e = f"{table.name}_id", tables.employee
    a, r, f = _address(key), _roles(work, table, key), _former(key)
    query = (
        select(
            *_told(table),
            func.coalesce(r.c.phones, "").label("work_phones"),
            func.coalesce(r.c.emails, "").label("work_emails"),
            func.coalesce(f.c.former, "").label("former_keys"),
            func.coalesce(a.c.postal_code, "").label("postal_code"),
            func.coalesce(a.c.street, "").label("street"),
            func.coalesce(e.c.name, "").label("owner"),
        )
        .outerjoin(e, e.c.id == table.c.owner_id)
        .outerjoin(a, a.c.party_id == table.c.id)
        .outerjoin(r, r.c.party_id == table.c.id)
        .outerjoin(f, f.c.party_id == table.c.id)
        .where(and_(table.c.archived_at.is_(None), work.visible_to(table)))
        .order_by(table.c.created_at, table.c.id)
    )
    return work.frame(query)


def _told(table: Table) -> list[ColumnElement[Any]]:
    """What the row itself says; a contact has none of some of it."""
    t, empty = table.c, literal("")
    known = {text: func.coalesce(t[text], "") if text in t else empty for text in TEXTS}
    if table is tables.customer:
        own = [t.number, shown_name().label("name"), t.is_person, empty.label("birth_date")]
    else:
        no_number = cast(literal(None), tables.customer.c.number.type).label("number")
        born = func.coalesce(cast(t.birth_date, String), "").label("birth_date")
        own = [no_number, func.trim(t.first_name + " " + t.last_name).label("name"), literal(value=True).label("is_person"), born]
    filled: list[ColumnElement[int]] = [case((value != "", 1), else_=0) for value in known.values()]
    n_filled = sum(filled[1:], filled[0]).label("n_filled")
    return [
        cast(t.id, String).label("id"), *own, t.name_key, *(value.label(text) for text, value in known.items()), n_filled, t.owner_only, t.created_at,
    ]  # fmt: skip


def _address(key: str) -> Any:
    """The visiting address, else the postal one."""
    a = tables.address
    rank = func.row_number().over(partition_by=a.c[key], order_by=(a.c.kind.desc(), a.c.position))
    here = and_(a.c[key].is_not(None), a.c.kind.in_((AddressKind.VISITING, AddressKind.POSTAL)))
    ranked = select(a.c[key].label("party_id"), a.c.street, a.c.postal_code, rank.label("rank")).where(here).subquery()
    return select(ranked).where(ranked.c.rank == 1).subquery()


def _roles(work: Work, table: Table, key: str) -> Any:
    """Phones and e-mail addresses of the roles whose both ends the caller may see; a company is not known by its people's."""
    r = tables.contact_role
    is_theirs = and_(work.visible_to(r), literal(table is not tables.customer))
    told = {name: func.string_agg(func.nullif(r.c[name], ""), SEPARATOR) for name in ("phone", "email")}
    query = select(r.c[key].label("party_id"), told["phone"].label("phones"), told["email"].label("emails"))
    return query.where(is_theirs).group_by(r.c[key]).subquery()


def _former(key: str) -> Any:
    """The names a party had."""
    f = tables.former_name
    keys = func.string_agg(f.c.name_key, SEPARATOR).label("former")
    return select(f.c[key].label("party_id"), keys).where(f.c[key].is_not(None)).group_by(f.c[key]).subquery()
