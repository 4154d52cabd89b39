"""The reports of the ledger's screens: a menu, and the files it hands over."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from crm_lab.domain.addresses import AddressKind, effective_address
from crm_lab.domain.ledger import Ledger
from crm_lab.i18n import _, business_day
from crm_lab.reports import Form, ageing_report, open_items_report, reminders_report, statement
from crm_lab.settings import utc_now
from crm_lab.widgets.addresses import address_lines
from crm_lab.widgets.base import aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App

FORMS = {Form.PDF: "PDF", Form.EXCEL: "Excel", Form.HTML: "HTML"}
Asked = dict[str, Any]
"""What the screen shows: ledger, customer_id and as_of, as the ledger's actions take them."""


def report_names() -> dict[str, str]:
    """The reports in words."""
    return {"statement": _("Statement of account"), "ageing": _("Ageing"), "open": _("Open items"), "reminders": _("Reminders")}


def report_items(*names: str) -> list[dict[str, str]]:
    """Entries of a menu: each report as each kind of file."""
    return [
        {"do": f"{name}-{form}", "icon": "download", "label": f"{report_names()[name]}, {label}", "key": "", "cls": ""}
        for name in names for form, label in FORMS.items()
    ]  # fmt: skip


def report_actions(app: App, party: Customer | None, asked: Callable[[], Asked]) -> dict[str, Callable[[], None]]:
    """What the menu's entries do: make the report beside the page and hand it over."""
    makers = {"statement": _statement, "ageing": _ageing, "open": _open_items, "reminders": _reminders}

    def hand_over(name: str, form: Form) -> None:
        known = asked()
        on = known.get("as_of") or business_day(utc_now())
        who = f"-{party.number}" if party else ""
        file = f"{report_names()[name].lower().replace(' ', '-')}{who}-{on.isoformat()}.{form}"
        aside(app, partial(makers[name], app, party, known, on, form), lambda data: app.download(file, data))

    return {f"{name}-{form}": partial(hand_over, name, form) for name in makers for form in FORMS}


def _statement(app: App, party: Customer | None, asked: Asked, on: date, form: Form) -> bytes:
    if party is None:
        return _open_items(app, party, asked, on, form)
    address = effective_address(party.addresses, AddressKind.INVOICE)
    recipient = (party.display_name, *(address_lines(address) if address else ()))
    return statement(app.crm.ledger.all_items(**asked), company=app.company.name, recipient=recipient, on=on, form=form, contact=app.me.name)


def _ageing(app: App, _party: Customer | None, asked: Asked, on: date, form: Form) -> bytes:
    is_payable = asked["ledger"] is Ledger.PAYABLE
    return ageing_report(app.crm.ledger.balances(**asked), company=app.company.name, on=on, form=form, is_payable=is_payable)


def _open_items(app: App, _party: Customer | None, asked: Asked, on: date, form: Form) -> bytes:
    is_payable = asked["ledger"] is Ledger.PAYABLE
    return open_items_report(app.crm.ledger.open_items(**asked), company=app.company.name, on=on, form=form, is_payable=is_payable)


def _reminders(app: App, _party: Customer | None, _asked: Asked, on: date, form: Form) -> bytes:
    return reminders_report(app.crm.ledger.reminders(on=on), company=app.company.name, on=on, form=form)
