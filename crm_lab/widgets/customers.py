"""Customers on screen: the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.imports import ImportKind
from crm_lab.i18n import _, ngettext
from crm_lab.widgets.customer_fields import KINDS, kind_text
from crm_lab.widgets.party_list import PartyList

if TYPE_CHECKING:
    import pandas as pd

    from crm_lab.widgets.shell import App


class CustomerList(PartyList):
    """Every party the employee may see."""

    kind, template, sorted_by = ImportKind.CUSTOMERS, "customer_list.html", "name"

    def __init__(self, app: App) -> None:
        self.title, self.empty = _("Customers"), _("No customers")
        super().__init__(app)

    def columns(self) -> list[dict[str, Any]]:
        """The columns of the grid."""
        kinds = {kind: kind_text(kind) for kind in KINDS}
        return [
            {"key": "number", "label": _("No."), "kind": "num", "width": 78},
            {"key": "name", "label": _("Name"), "min": 180, "grow": 3, "phone": 1, "fixed": True, "lock": "owner_only", "opens": True},
            {"key": "organisation_number", "label": _("Org. no."), "width": 104, "phone": 3},
            {"key": "kind", "label": _("Type"), "min": 92, "map": kinds},
            {"key": "city", "label": _("Place"), "min": 96, "phone": 4},
            {"key": "phone", "label": _("Phone"), "kind": "phone", "width": 112},
            {"key": "email", "label": _("E-mail"), "min": 110, "grow": 2},
            {"key": "owner", "label": _("Owner"), "min": 120, "phone": 2},
            {"key": "created_at", "label": _("Registered"), "kind": "date", "width": 104, "rare": True},
        ]

    def path_of(self, row: pd.Series[Any]) -> str:
        """The address of a row's card."""
        return f"customers/{row.number}"

    def question(self, n: int) -> str:
        """Who is to own `n` of them from now on."""
        return ngettext("New owner of {n} customer", "New owner of {n} customers", n)

    def assigned(self, n: int) -> str:
        """That `n` of them have a new owner."""
        return ngettext("{n} customer has a new owner.", "{n} customers have a new owner.", n)
