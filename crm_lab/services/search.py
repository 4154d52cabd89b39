"""Searching one's own customers and contacts: as one types, and as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import ColumnElement, String, and_, cast, false, func, literal, null, or_, select, true, union_all

from crm_lab.domain.search import MOST_ROWS, SearchAnswer, SearchKind, understand
from crm_lab.services.actions import Service, reads
from crm_lab.services.customers import party_kind, shown_name, visiting_place
from crm_lab.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Select

    from crm_lab.store.search import PartyIndex

MOST_HITS = 50
TYPES = {"customer": tables.customer.c.is_customer, "supplier": tables.customer.c.is_supplier, "person": tables.customer.c.is_person}


class Search(Service):
    """Finding parties by name, number, phone, e-mail or a name they had."""

    @reads()
    def find(self, *, text: str, limit: int = 8, recent: tuple[str, ...] = ()) -> SearchAnswer:
        """The best hits among customers and contacts that are not archived; typing errors only where nothing else fits.

        `recent` are customer numbers and contact ids that the caller opened lately, newest first: of equally good hits
        those come first, then the caller's own, then the shorter name.
        """
        question, indexes = understand(text), self._indexes()
        asked: dict[str, Any] = {"limit": max(1, min(limit, MOST_HITS)), "recent": recent}
        found = {kind: index.find(self.work, question, **asked) for kind, index in indexes.items()}
        if not any(group.total for group in found.values()):
            found = {kind: index.guess(self.work, question, **asked) for kind, index in indexes.items()}
        return SearchAnswer(customers=found[SearchKind.CUSTOMER], contacts=found[SearchKind.CONTACT])

    @reads()
    def frame(
        self, *, text: str = "", type: str = "", category: str = "", owner: str = "", municipality: str = "",  # noqa: A002 - the wire's word
        industry: str = "", active: bool | None = True, incomplete: bool | None = None,
    ) -> pa.Table:  # fmt: skip
        """Customers and contacts that fit all that is given, one row each: the best hits of `text` first, else by name.

        `type` is customer, supplier, person or contact; `owner` a user name; `category` and `municipality` are names;
        `industry` is the beginning of a code or a part of its name. `active=False` are the archived ones, None is both;
        `incomplete=True` those registered by name alone. A text finds 2000 of each kind at most.
        """
        ids = self._matching(text, is_archived=None if active is None else not active)
        parts = []
        for kind, query in ((SearchKind.CUSTOMER, self._customers(type, municipality, industry)),
                            (SearchKind.CONTACT, self._contacts(type, municipality, industry))):  # fmt: skip
            t = tables.metadata.tables[kind]
            wanted = [self.work.visible_to(t), _labelled(kind, category), _owned_by(t, owner)]
            wanted += [] if active is None else [t.c.archived_at.is_(None) if active else t.c.archived_at.is_not(None)]
            wanted += [] if incomplete is None else [t.c.is_incomplete.is_(incomplete)]
            wanted += [] if ids is None else [t.c.id.in_(ids)]
            parts.append(query.where(*wanted))
        rows = union_all(*parts).subquery()
        table = self.work.frame(select(rows).order_by(self.work.alphabetical(rows.c.name), rows.c.id))
        return table if ids is None else _in_order(table, ids)

    def _indexes(self) -> dict[SearchKind, PartyIndex]:
        indexes: dict[SearchKind, PartyIndex] = self.work.connection.get_execution_options()["indexes"]
        return indexes

    def _matching(self, text: str, *, is_archived: bool | None) -> list[UUID] | None:
        """The parties a text finds, the best first; None where there is no text."""
        if not text.strip():
            return None
        question, indexes = understand(text), self._indexes().values()
        asked: dict[str, Any] = {"limit": MOST_ROWS, "is_archived": is_archived}
        ids = [hit.id for index in indexes for hit in index.find(self.work, question, **asked).hits]
        return ids or [hit.id for index in indexes for hit in index.guess(self.work, question, **asked).hits]

    def _customers(self, type_: str, municipality: str, industry: str) -> Select[Any]:
        c, e, visiting = tables.customer, tables.employee, visiting_place()
        trade = or_(c.c.industry_code.startswith(industry, autoescape=True), c.c.industry.icontains(industry, autoescape=True))
        return (
            select(
                cast(c.c.id, String).label("id"), party_kind().label("kind"), c.c.number, shown_name().label("name"),
                literal("").label("company"), c.c.organisation_number, func.coalesce(visiting.c.city, "").label("city"),
                func.coalesce(visiting.c.municipality, "").label("municipality"), c.c.industry, c.c.phone, c.c.email,
                func.coalesce(e.c.name, "").label("owner"), c.c.owner_only, c.c.is_incomplete,
                c.c.register_status, c.c.archived_at.is_not(None).label("is_archived"), c.c.created_at,
            )
            .outerjoin(visiting, visiting.c.customer_id == c.c.id)
            .outerjoin(e, e.c.id == c.c.owner_id)
            .where(
                TYPES.get(type_, false()) if type_ else true(),
                func.lower(visiting.c.municipality) == municipality.lower() if municipality else true(),
                trade if industry else true(),
            )
        )  # fmt: skip

    def _contacts(self, type_: str, municipality: str, industry: str) -> Select[Any]:
        """Contacts have no place and no industry of their own."""
        c, e, r, party = tables.contact, tables.employee, tables.contact_role, tables.customer
        rank = func.row_number().over(partition_by=r.c.contact_id, order_by=(r.c.is_decision_maker.desc(), r.c.id))
        now = and_(r.c.ended_on.is_(None), party.c.archived_at.is_(None), self.work.visible_to(party))
        roles = (
            select(r.c.contact_id, r.c.phone, r.c.email, shown_name().label("company"), rank.label("rank"))
            .join_from(r, party, party.c.id == r.c.customer_id).where(now).subquery()
        )  # fmt: skip
        role = select(roles).where(roles.c.rank == 1).subquery()
        return (
            select(
                cast(c.c.id, String).label("id"), literal("contact").label("kind"), null().label("number"),
                func.trim(c.c.first_name + " " + c.c.last_name).label("name"),
                func.coalesce(role.c.company, "").label("company"), literal("").label("organisation_number"), literal("").label("city"),
                literal("").label("municipality"), literal("").label("industry"),
                func.coalesce(func.nullif(role.c.phone, ""), func.nullif(c.c.mobile, ""), c.c.phone).label("phone"),
                func.coalesce(func.nullif(role.c.email, ""), c.c.email).label("email"),
                func.coalesce(e.c.name, "").label("owner"), c.c.owner_only, c.c.is_incomplete,
                literal("").label("register_status"), c.c.archived_at.is_not(None).label("is_archived"), c.c.created_at,
            )
            .outerjoin(role, role.c.contact_id == c.c.id)
            .outerjoin(e, e.c.id == c.c.owner_id)
            .where(true() if type_ in {"", "contact"} and not municipality and not industry else false())
        )  # fmt: skip


def _labelled(kind: SearchKind, category: str) -> ColumnElement[bool]:
    if not category:
        return true()
    label, link = tables.category, tables.category_link
    parties = select(link.c[f"{kind}_id"]).join_from(link, label, label.c.id == link.c.category_id)
    return tables.metadata.tables[kind].c.id.in_(parties.where(func.lower(label.c.name) == category.lower()))


def _owned_by(table: Any, username: str) -> ColumnElement[bool]:
    e = tables.employee
    return table.c.owner_id.in_(select(e.c.id).where(e.c.username == username)) if username else true()  # type: ignore[no-any-return]


def _in_order(table: pa.Table, ids: list[UUID]) -> pa.Table:
    place = {str(key): n for n, key in enumerate(ids)}
    keys = table["id"].to_pylist()
    return table.take(pa.array(sorted(range(len(keys)), key=lambda at: place[keys[at]]), pa.int64()))
