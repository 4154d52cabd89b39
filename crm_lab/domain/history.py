"""What was done to a record: who changed what, from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Recorded(StrEnum):
    """What has a history of its own; addresses, roles, categories and settings are told with it."""

    CUSTOMER = "customer"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that changed.

    Attributes
    ----------
    who : name of the employee, "" where the system did it.
    action : the action's name on the wire, "customers.rename".
    field : the column, "terms.discount" for a setting, "addresses", "roles" or "categories" for a part; "" for the record
        itself, which was made or deleted.
    before, after : as stored, None where there was nothing; names instead of ids.
    request_id : names the action, for undo.
    """

    done_at: datetime
    who: str
    action: str
    field: str
    before: str | None
    after: str | None
    request_id: UUID


class Touched(StrEnum):
    """What a list of recent changes holds."""

    CUSTOMER = "customer"
    CONTACT = "contact"
    OPPORTUNITY = "opportunity"
    TASK = "task"
    PROJECT = "project"
    ORDER = "sales_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentChange:
    """A record that was changed lately; `number` is that of a customer, a project or an order, `is_new` says that it was made then."""

    kind: Touched
    id: UUID
    number: int | None
    name: str
    done_at: datetime
    who: str
    is_new: bool
