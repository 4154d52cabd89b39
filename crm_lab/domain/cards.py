"""What a card shows of one party, all together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from crm_lab.domain.categories import Category
from crm_lab.domain.contacts import Contact
from crm_lab.domain.customers import Customer, CustomerName
from crm_lab.domain.ledger import Standing
from crm_lab.domain.merges import Merge
from crm_lab.domain.notes import Note
from crm_lab.domain.opportunities import Opportunity
from crm_lab.domain.projects import Project
from crm_lab.domain.tasks import Task
from crm_lab.domain.terms import EffectiveTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerOwner:
    """Who owned a party, and until when."""

    name: str
    left_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedContact:
    """A person with a role at a party, as the party's card shows it; phone and e-mail are those of the role, else private ones.

    Of several roles here it is the one that lasts longest, `role_id`; `work_phone` and `work_email` are its own.
    """

    id: UUID
    role_id: UUID
    name: str
    title: str = ""
    phone: str = ""
    email: str = ""
    work_phone: str = ""
    work_email: str = ""
    is_decision_maker: bool = False
    started_on: date | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCard:
    """A customer or supplier with what is linked to it, as far as the caller may see it.

    Attributes
    ----------
    owner : name of the employee, "" where nobody owns it.
    former_names, former_owners : newest first.
    contacts : everybody with a role here, also an ended one, by name.
    notes : the newest, pinned ones first.
    tasks : what is to be done first, then what was done last.
    opportunities : open ones first, without the customer's name.
    projects : open ones first, without their people.
    merges : what was merged into it and still is, newest first.
    standing : what stands open today, one a ledger and currency.
    terms : every setting as it applies, and where it comes from.
    """

    customer: Customer
    owner: str
    former_names: tuple[str, ...]
    former_owners: tuple[FormerOwner, ...]
    categories: tuple[Category, ...]
    contacts: tuple[LinkedContact, ...]
    notes: tuple[Note, ...]
    tasks: tuple[Task, ...]
    opportunities: tuple[Opportunity, ...]
    projects: tuple[Project, ...]
    merges: tuple[Merge, ...]
    standing: tuple[Standing, ...]
    terms: dict[str, EffectiveTerm]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """A person with what is linked to it, as far as the caller may see it; `companies` are the parties of its roles."""

    contact: Contact
    owner: str
    former_names: tuple[str, ...]
    former_owners: tuple[FormerOwner, ...]
    categories: tuple[Category, ...]
    companies: tuple[CustomerName, ...]
    notes: tuple[Note, ...]
    tasks: tuple[Task, ...]
    projects: tuple[Project, ...]
    merges: tuple[Merge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedCard:
    """A card an employee follows: that of a customer, by its number, or of a contact."""

    name: str
    customer_number: int | None = None
    contact_id: UUID | None = None
