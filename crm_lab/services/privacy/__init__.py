"""Personal data: reports on persons, erasure, consents, looks at what is private, and how long things are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, func, insert, select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.privacy import (
    LONGEST_HOW,
    LONGEST_PURPOSE,
    Consent,
    DueItem,
    Erasure,
    ErasurePlan,
    Look,
    LookKind,
    OtherCard,
    PersonKind,
    PersonReport,
    RetentionKind,
    RetentionRule,
    clean_months,
    clean_reason,
)
from crm_lab.domain.tasks import Task, TaskKind
from crm_lab.domain.values import clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.privacy import retention
from crm_lab.services.privacy.erasure import erase, erasure_of, keys_of, plan
from crm_lab.services.privacy.report import parts_of
from crm_lab.services.privacy.strings import distinctive, other_cards
from crm_lab.store import tables
from crm_lab.store.records import NoSuchRecord, as_record, as_row

if TYPE_CHECKING:
    from sqlalchemy import Select, Table

    from crm_lab.store.records import Row

MOST_LISTED, MOST_DUE = 1000, 200
PARTIES = {PersonKind.CONTACT: tables.contact, PersonKind.CUSTOMER: tables.customer}


class Privacy(Service):
    """What is held on persons. A report tells what its reader may see; an administrator who states a reason sees all, and the owner is told."""

    @writes(remembered=False)
    def report(self, *, kind: PersonKind, id: UUID, reason: str = "") -> PersonReport:  # noqa: A002 - the wire's word
        """All that is held on a person, for the person (GDPR articles 15 and 20). The look is logged.

        Parameters
        ----------
        reason : why an administrator is to see what is private to colleagues; they are told of it.

        Raises `NotFound`, also where it is hidden, and `InvalidInput`.
        """
        party, is_open = PARTIES[kind], False
        row = self._row(party, id)
        if reason and self.actor.has(Role.ADMIN):
            reason, is_open = clean_reason(reason), True
            self._tell_owner(party, row, reason)
        elif row["owner_only"] and row["owner_id"] != self.actor.id:
            raise NoSuchRecord
        self._note_look(party, row, LookKind.BREAK_GLASS if self._is_anothers(row) else LookKind.REPORT, reason)
        ids = keys_of(self.work, party, id)
        strings = distinctive(self.work, party, ids)
        parts, n_hidden = parts_of(self.work, party, ids, strings.pattern, sees_all=is_open)
        others = tuple(OtherCard(kind=PersonKind(table.name), id=key, name=name) for table, key, name in other_cards(self.work, party, ids))
        erased = erasure_of(self.work, party, id)
        name = f"{row['first_name']} {row.get('last_name', row.get('name', ''))}".strip()
        return PersonReport(
            kind=kind, id=id, name=name, made_at=self.work.now, made_by=self.actor.name, parts=parts, n_hidden=n_hidden, others=others,
            erased_at=erased["erased_at"] if erased else None,
        )  # fmt: skip

    @reads(needs=Role.ADMIN)
    def plan(self, *, kind: PersonKind, id: UUID) -> ErasurePlan:  # noqa: A002
        """What erasing a person would do. Raises `NotFound`, also where it is hidden."""
        self._visible(PARTIES[kind], id)
        return plan(self.work, PARTIES[kind], id)

    @writes(needs=Role.ADMIN, remembered=False)
    def erase(self, *, kind: PersonKind, id: UUID, reason: str, keep_documents: bool = False) -> Erasure:  # noqa: A002
        """Erase a person for good; it cannot be undone. What bookkeeping law keeps stays until its day.

        Raises `InvalidInput`, `NotFound` also where it is hidden, `AlreadyErased`, `StillOpen`.
        """
        party = PARTIES[kind]
        row = self._visible(party, id)
        if kind is PersonKind.CUSTOMER and not (row["is_person"] or row["organisation_form"] == "ENK"):
            raise InvalidInput(_("This is a company, not a person: archive it. Its contacts are erased one by one."), "id")
        return erase(self.work, party, id, reason=clean_reason(reason), keep_documents=keep_documents)

    @reads()
    def erasure(self, *, kind: PersonKind, id: UUID) -> Erasure | None:  # noqa: A002
        """When and why a person was erased, None where it was not. Raises `NotFound`, also where it is hidden."""
        self._visible(PARTIES[kind], id)
        row = erasure_of(self.work, PARTIES[kind], id)
        return self._erasure(row) if row else None

    @reads(needs=Role.ADMIN)
    def erasures(self) -> list[Erasure]:
        """Everybody who was erased, the last first."""
        e = tables.erasure
        return [self._erasure(row) for row in self.work.rows(select(e).order_by(e.c.erased_at.desc(), e.c.id).limit(MOST_LISTED))]

    @reads(needs=Role.ACCOUNTANT)
    def kept_names(self) -> dict[int, str]:
        """What erased customers were called, by their number, while the specification of customers must say so (bokføringsforskriften § 3-1 no. 3)."""
        e, c = tables.erasure, tables.customer
        query = select(c.c.number, e.c.kept).join(c, c.c.id == e.c.customer_id).where(and_(e.c.expired_at.is_(None), self.work.visible_to(c)))
        return {row["number"]: row["kept"]["name"] for row in self.work.rows(query) if row["kept"]}

    def _erasure(self, row: Row) -> Erasure:
        return as_record(Erasure, row | {"erased_by": self.work.employee_names().get(row["erased_by"], "")})

    # consents

    @reads()
    def consents(self, *, kind: PersonKind, id: UUID) -> list[Consent]:  # noqa: A002
        """The consent log of a person, the newest first. Raises `NotFound`, also where it is hidden."""
        self._visible(PARTIES[kind], id)
        c, names = tables.consent, self.work.employee_names()
        query = select(c).where(c.c[f"{kind}_id"] == id).order_by(c.c.said_on.desc(), c.c.noted_at.desc())
        return [as_record(Consent, row | {"who": names.get(row["noted_by"], "")}) for row in self.work.rows(query)]

    @writes()
    def note_consent(
        self, *, kind: PersonKind, id: UUID, purpose: str, is_given: bool, how: str, text_version: str = "", said_on: date | None = None  # noqa: A002
    ) -> Consent:
        """Write in the consent log that a person agreed to something, or agrees no more. Raises `InvalidInput`, `NotFound`."""
        self._visible(PARTIES[kind], id)
        today = business_day(self.work.now)
        clean: Any = {
            "purpose": clean_text(purpose, "purpose", max_length=LONGEST_PURPOSE), "how": clean_text(how, "how", max_length=LONGEST_HOW),
            "text_version": clean_text(text_version, "text_version", max_length=LONGEST_PURPOSE),
        }  # fmt: skip
        if not clean["purpose"]:
            raise InvalidInput(_("Write what the consent is for."), "purpose")
        if not clean["how"]:
            raise InvalidInput(_("Write how it was said: in a meeting, by e-mail, on a form."), "how")
        if said_on and said_on > today:
            raise InvalidInput(_("A consent cannot be from a day to come."), "said_on")
        keys: Any = {f"{kind}_id": id}
        made = Consent(id=new_id(), is_given=is_given, said_on=said_on or today, noted_at=self.work.now, noted_by=self.actor.id, **clean, **keys)
        self.work.insert(tables.consent, as_row(made, tables.consent))
        return made

    # looks

    @reads(needs=Role.ADMIN)
    def looks(self, *, since: date | None = None) -> list[Look]:
        """Who looked at what is held on persons, and at what is private; names only of those the caller may see."""
        return self._looks(tables.look.c.looked_at.is_not(None), since)

    @reads()
    def looks_at_mine(self) -> list[Look]:
        """Who looked at what is private to the caller."""
        t = tables.look
        return self._looks(and_(t.c.owner_id == self.actor.id, t.c.employee_id != self.actor.id), None)

    def _looks(self, wanted: Any, since: date | None) -> list[Look]:
        t, c, p, names = tables.look, tables.customer, tables.contact, self.work.employee_names()
        known: dict[UUID, str] = {}
        queries: list[Select[Any]] = [
            select(c.c.id, shown_name().label("name")).where(self.work.visible_to(c)),
            select(p.c.id, func.trim(p.c.first_name + " " + p.c.last_name).label("name")).where(self.work.visible_to(p)),
        ]
        rows = self.work.rows(select(t).where(wanted).order_by(t.c.looked_at.desc(), t.c.id).limit(MOST_LISTED))
        keys = {key for row in rows for key in (row["customer_id"], row["contact_id"]) if key}
        for query, table in zip(queries, (c, p), strict=True):
            known |= {row["id"]: row["name"] for row in self.work.rows(query.where(table.c.id.in_(keys)))}
        hidden = {"customer_id": None, "contact_id": None, "name": _("Private")}
        return [
            as_record(Look, row | {
                "who": names.get(row["employee_id"], ""), "owner": names.get(row["owner_id"], ""),
            } | ({"name": known[key]} if (key := row["customer_id"] or row["contact_id"]) in known else hidden))
            for row in rows if since is None or business_day(row["looked_at"]) >= since
        ]  # fmt: skip

    # how long things are kept

    @reads(needs=Role.ADMIN)
    def rules(self) -> list[RetentionRule]:
        """How long each kind is kept, and how much is due now."""
        return retention.rules(self.work)

    @writes(needs=Role.ADMIN)
    def set_rule(self, *, kind: RetentionKind, months: int, is_on: bool) -> RetentionRule:
        """Say how long something is kept, and whether it goes by itself at night. Raises `InvalidInput`."""
        return retention.set_rule(self.work, kind, clean_months(months), is_on=is_on)

    @reads(needs=Role.ADMIN)
    def due(self, *, kind: RetentionKind, limit: int = MOST_DUE) -> list[DueItem]:
        """A dry run: what a rule would take now, the oldest first; names only of what the caller may see."""
        return retention.due(self.work, kind, max(1, min(limit, MOST_LISTED)))

    @writes(needs=Role.ADMIN, remembered=False)
    def apply_rules(self, *, kinds: tuple[RetentionKind, ...]) -> dict[str, int]:
        """Do now what rules say, of these kinds; how many of each went. It cannot be undone."""
        return retention.apply(self.work, kinds)

    # who may see

    def _visible(self, party: Table, party_id: UUID) -> Row:
        self.work.require(party, party_id)
        return self._row(party, party_id)

    def _row(self, party: Table, party_id: UUID) -> Row:
        row = self.work.one(select(party).where(and_(party.c.id == party_id, party.c.merged_into.is_(None))))
        if row is None:
            raise NoSuchRecord
        return row

    def _is_anothers(self, row: Row) -> bool:
        return bool(row["owner_only"]) and row["owner_id"] != self.actor.id

    def _note_look(self, party: Table, row: Row, kind: LookKind, reason: str) -> None:
        told: Row = {
            "id": new_id(), f"{party.name}_id": row["id"], "kind": kind, "reason": reason, "looked_at": self.work.now, "employee_id": self.actor.id,
            "owner_id": row["owner_id"] if self._is_anothers(row) else None,
        }  # fmt: skip
        self.work.connection.execute(insert(tables.look), [told])

    def _tell_owner(self, party: Table, row: Row, reason: str) -> None:
        """A task of the owner's own, which reminds at once."""
        if not self._is_anothers(row):
            return
        title = _("{who} has looked at your private card {name}", who=self.actor.name, name=f"{row['first_name']} {row.get('last_name', row.get('name', ''))}".strip())
        told = Task(
            id=new_id(), title=title, text=_("Reason: {reason}", reason=reason), kind=TaskKind.TASK, owner_id=row["owner_id"], owner_only=True,
            customer_id=row["id"] if party is tables.customer else None, contact_id=row["id"] if party is tables.contact else None,
            created_by=self.actor.id, created_at=self.work.now, remind_at=self.work.now,
        )  # fmt: skip
        replace(self.work, actor=None).insert(tables.task, as_row(told, tables.task))  # nobody's to undo


