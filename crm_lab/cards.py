"""A card as frames: everything about one customer or contact, for analysts. `crm.customers.card(10001)`, `crm.contacts.card(id)`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from crm_lab.domain.addresses import Address
from crm_lab.domain.cards import FormerOwner, LinkedContact
from crm_lab.domain.categories import Category
from crm_lab.domain.contacts import Contact, ContactRole
from crm_lab.domain.customers import Customer
from crm_lab.domain.history import Change
from crm_lab.domain.notes import Note
from crm_lab.domain.opportunities import Opportunity
from crm_lab.domain.projects import Project
from crm_lab.domain.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal
    from uuid import UUID

    from crm_lab.connection import Connection
    from crm_lab.domain.ledger import Standing

PARTS = {"addresses", "categories", "roles", "terms", "sources", "members", "contacts", "documents"}
MOST_NOTES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFrames:
    """What the screen of one party shows, as the caller may see it; every frame has its columns, also an empty one.

    Attributes
    ----------
    facts : the fields of the customer or contact, indexed by name.
    people : of a customer everybody with a role there; of a contact its roles, with `company` and `company_number`.
    addresses, categories, notes, tasks, projects, former_owners : one row each; instants in UTC, `n_documents` on a note, `budget_minor` in øre.
    opportunities : the same, `amount_minor` and `weighted_minor` in øre; of a contact empty.
    standing : ledger, currency, balance_minor and overdue_minor in øre; of a contact empty.
    postings : all of them in both ledgers, columns of `crm.ledger.all_items`; of a contact empty.
    changes : who changed what, newest first.
    """

    facts: pd.Series[Any]
    people: pd.DataFrame
    addresses: pd.DataFrame
    categories: pd.DataFrame
    notes: pd.DataFrame
    tasks: pd.DataFrame
    opportunities: pd.DataFrame
    projects: pd.DataFrame
    former_owners: pd.DataFrame
    standing: pd.DataFrame
    postings: pd.DataFrame
    changes: pd.DataFrame


def card_frames(crm: Connection, noun: str, which: int | str | UUID) -> CardFrames:
    """The card of a customer, by its number or id, or of a contact, by its id. Raises `NotFound`, also where it is hidden."""
    return _customer(crm, which) if noun == "customers" else _contact(crm, which)


def _customer(crm: Connection, which: int | str | UUID) -> CardFrames:
    number = which if isinstance(which, int) else crm.customers.get(id=which).number
    card = crm.cards.customer(number=number)
    party: Customer = card.customer
    about = {"customer_id": party.id}
    postings = [crm.ledger.all_items(ledger=ledger, **about) for ledger in ("AR", "AP")]
    return CardFrames(
        people=_frame(LinkedContact, card.contacts), standing=_standing(card.standing),
        opportunities=_opportunities(card.opportunities),
        postings=pd.concat([part for part in postings if len(part)] or postings[:1], ignore_index=True),
        **_shared(crm, "customer", party, card, about),
    )  # fmt: skip


def _contact(crm: Connection, which: int | str | UUID) -> CardFrames:
    card = crm.cards.contact(id=which)
    party: Contact = card.contact
    companies = {company.id: company for company in card.companies}
    people = _frame(ContactRole, (role for role in party.roles if role.customer_id in companies))
    people["company"] = [companies[key].name for key in people.customer_id]
    people["company_number"] = pd.array([companies[key].number for key in people.customer_id], dtype="Int64")
    nothing = crm.ledger.all_items(customer_id=party.id).head(0)
    shared = _shared(crm, "contact", party, card, {"contact_id": party.id})
    return CardFrames(people=people, standing=_standing([]), postings=nothing, opportunities=_opportunities(()), **shared)


def _shared(crm: Connection, entity: str, party: Customer | Contact, card: Any, about: dict[str, UUID]) -> dict[str, Any]:
    facts = {f.name: getattr(party, f.name) for f in fields(party) if f.name not in PARTS}
    projects = _frame(Project, card.projects)
    noted = crm.notes.of(**about, limit=MOST_NOTES)
    notes = _frame(Note, noted)
    notes["n_documents"] = pd.array([len(note.documents) for note in noted], dtype="Int64")
    projects["budget_minor"] = _minor(projects.pop("budget"))
    return {
        "facts": pd.Series(facts | {"owner": card.owner, "former_names": ", ".join(card.former_names)}, name=party.display_name, dtype=object),
        "addresses": _frame(Address, party.addresses), "categories": _frame(Category, card.categories),
        "notes": notes, "tasks": _frame(Task, card.tasks), "projects": projects,
        "former_owners": _frame(FormerOwner, card.former_owners), "changes": _frame(Change, crm.history.of(entity=entity, id=party.id)),
    }  # fmt: skip


def _frame(cls: Any, records: Iterable[Any]) -> pd.DataFrame:
    """Records of one dataclass as rows; what is a list of its own is left out."""
    names = [f.name for f in fields(cls) if f.name not in PARTS]
    return pd.DataFrame([[getattr(record, name) for name in names] for record in records], columns=names)


def _opportunities(records: Iterable[Opportunity]) -> pd.DataFrame:
    found = list(records)
    frame = _frame(Opportunity, found)
    frame["amount_minor"], frame["weighted_minor"] = _minor(frame.pop("amount")), _minor(o.weighted for o in found)
    return frame.drop(columns=["customer", "customer_number"])


def _minor(amounts: Iterable[Decimal | None]) -> Any:
    """Kroner in øre."""
    return pd.array([None if amount is None else int(amount.scaleb(2)) for amount in amounts], dtype="Int64")


def _standing(found: Iterable[Standing]) -> pd.DataFrame:
    rows = [(str(s.ledger), s.balance.currency, s.balance.minor, s.overdue.minor) for s in found]
    frame = pd.DataFrame(rows, columns=["ledger", "currency", "balance_minor", "overdue_minor"])
    return frame.astype({"balance_minor": "Int64", "overdue_minor": "Int64"})
