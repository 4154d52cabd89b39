"""The customers that a file may name."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from crm_lab.domain.columns import header_key
from crm_lab.domain.values import OrgNumber
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.services.customers import shown_name
from crm_lab.store import tables

if TYPE_CHECKING:
    from uuid import UUID

    from crm_lab.store.records import Work

LONGEST_NUMBER = 15


class Companies:
    """Every party the caller may see, by what a file may call it; `names` are those shown."""

    def __init__(self, work: Work) -> None:
        c = tables.customer
        self._known: dict[tuple[str, Any], list[UUID]] = defaultdict(list)
        self.names: list[str] = []
        query = select(c.c.id, c.c.number, c.c.organisation_number, shown_name().label("shown"))
        for row in work.rows(query.where(and_(c.c.archived_at.is_(None), work.visible_to(c))).order_by(c.c.number)):
            self._known["number", row["number"]].append(row["id"])
            self._known["name", header_key(row["shown"])].append(row["id"])
            self.names.append(row["shown"])
            if row["organisation_number"]:
                self._known["organisation", row["organisation_number"]].append(row["id"])

    def called(self, text: str) -> list[UUID]:
        """The parties that a customer number, an organisation number or a name means."""
        bare = "".join(text.split())
        if bare.isascii() and bare.isdigit() and len(bare) <= LONGEST_NUMBER and ("number", int(bare)) in self._known:
            return self._known["number", int(bare)]
        try:
            return self._known.get(("organisation", str(OrgNumber.parse(text))), [])
        except InvalidInput:
            return self._known.get(("name", header_key(text)), [])


def several(name: str) -> str:
    """The fault of a name that more than one customer has."""
    return _("Several customers are called {name}. Write the customer number instead.", name=name[:60])


def nobody(name: str) -> str:
    """The fault of a name that no customer has."""
    return _("There is no customer {name} that you may see. Write a customer number, an organisation number or the exact name.", name=name[:60])
