"""The ledger on screen: postings of all parties or of one, and linking them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import ipywidgets
import pandas as pd

from crm_lab.domain.access import Role
from crm_lab.domain.ledger import ItemState, Ledger, MatchRule, PostingKind
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _, business_day, kroner, ngettext, number, unit
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.ledger_reports import report_actions, report_items
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App


def kind_text(kind: PostingKind) -> str:
    """What a posting is, in words."""
    return {
        PostingKind.OPENING: _("Opening"), PostingKind.INVOICE: _("Invoice"), PostingKind.CREDIT_NOTE: _("Credit note"),
        PostingKind.PAYMENT: _("Payment"), PostingKind.REFUND: _("Refund"), PostingKind.FEE: _("Fee"),
        PostingKind.INTEREST: _("Interest"), PostingKind.DIFFERENCE: _("Difference"), PostingKind.MANUAL: _("Manual"),
    }[kind]  # fmt: skip


def rule_texts() -> dict[str, str]:
    """Why postings were or would be linked, in a word or two."""
    return {
        MatchRule.MANUAL: _("By hand"), MatchRule.REVERSAL: _("Taken back"), MatchRule.KID: "KID", MatchRule.KID_OTHER_AMOUNT: _("KID, other amount"),
        MatchRule.INVOICE_NUMBER: _("Number in text"), MatchRule.CREDIT_NOTE: _("Credit note"), MatchRule.EXACT_AMOUNT: _("Same amount"),
        MatchRule.OLDEST: _("Oldest in a row"), MatchRule.SUBSET_SUM: _("Unique sum"), MatchRule.WHOLE_BALANCE: _("Whole balance"),
        MatchRule.TOLERANCE: _("Nearly the amount"), MatchRule.FIFO: _("Oldest first"), MatchRule.KID_REPAIR: _("KID put right"),
        MatchRule.ALIAS: _("Payer's habit"),
    }  # fmt: skip


def keeps_books(app: App) -> bool:
    """Whether the employee may post and link."""
    return app.me.has(Role.ACCOUNTANT) or app.me.has(Role.ADMIN)


class LedgerScreen(Stack):
    """The ledger of customers or suppliers; of one party where `customer_number` names it."""

    classes = ("screen", "fixed", "ledger")

    def __init__(self, app: App, customer_number: int | None = None) -> None:
        self.app = app
        self.card: CustomerCard | None = None
        self.party: Customer | None = None
        if customer_number is not None:
            self.card = CustomerCard(app, customer_number, tab="ledger")
            self.party = self.card.party
        only_supplier = self.party is not None and self.party.is_supplier and not self.party.is_customer
        self.ledger = Ledger.PAYABLE if only_supplier else Ledger.RECEIVABLE
        self.state = ItemState.OPEN
        self.as_of: date | None = None
        self.title = f"{_('Ledger')}, {self.party.display_name}" if self.party else _("Ledger")
        self.reports = ("statement", "ageing") if self.party else ("ageing", "open")
        actions = {
            "ledger": self._choose_ledger, "state": self._choose_state, "as_of": self._choose_day, "filter": self._filter,
            **report_actions(app, self.party, self._asked),
        }  # fmt: skip
        self._read()
        self.head = Live(
            "ledger.html", app, actions=actions, base=app.base, party=self.party, may_write=keeps_books(app),
            reports=report_items(*self.reports), **self._shown(),
        )  # fmt: skip
        self.grid = Grid(
            columns=self._columns(), sort=["posted_on", -1], label=_("Ledger"), empty=_("No postings here"),
            empty_hint=_("Invoices and payments are shown here."), menu=self._menu_items(), sum_key="amount_minor",
            sum_by="currency", band="match_number", identity="number", on_open=guarded(app, self._open_row), on_menu=guarded(app, self._menu),
        )  # fmt: skip
        self.detail = Live("match.html", app, actions={"hide": self._hide}, base=app.base, match=None)
        body = ipywidgets.Box([self.grid, self.detail])
        body.add_class("beside")
        super().__init__([*([self.card] if self.card else []), self.head, body])
        self._show()

    # what is shown

    def reload(self) -> None:
        """Read the postings again, where the ledger changed since; view, filter and selection stay."""
        if self.card:
            self.card.reload()
        if self.app.crm.ledger.stamp() != self._stamp:
            self._read_again()

    def _read_again(self) -> None:
        self._read()
        self.head.refresh(**self._shown())
        self._show()

    def _asked(self) -> dict[str, Any]:
        return {"ledger": self.ledger, "customer_id": self.party.id if self.party else None, "as_of": self.as_of}

    def _read(self) -> None:
        self._stamp: str = self.app.crm.ledger.stamp()
        asked = self._asked()
        self.frame: pd.DataFrame = self.app.crm.ledger.all_items(**asked)
        self._ages: pd.DataFrame = self.app.crm.ledger.ageing(**asked)
        side = 1 if self.ledger is Ledger.RECEIVABLE else -1
        owed = (self.frame.amount_minor * side > 0) & (self.frame.residual_minor * side > 0)
        today = self.as_of or business_day(utc_now())
        late = (self.frame.due_on < today).fillna(value=False) & self.frame.closed_on.isna() & owed
        self.frame["late"] = late.astype(bool)

    def _show(self) -> None:
        """Show the postings of the chosen state."""
        is_open = self.frame.closed_on.isna()
        wanted = {ItemState.OPEN: is_open, ItemState.CLOSED: ~is_open, ItemState.ALL: is_open | True}[self.state]
        self.shown = self.frame[wanted].reset_index(drop=True)
        self.grid.show(self.shown, in_order_of="posted_on")

    def _shown(self) -> dict[str, Any]:
        n_closed = int(self.frame.closed_on.notna().sum())
        n = len(self.frame)
        states = [(ItemState.OPEN, _("Open"), n - n_closed), (ItemState.CLOSED, _("Closed"), n_closed), (ItemState.ALL, _("All"), n)]
        return {
            "ledgers": [(Ledger.RECEIVABLE, _("Customer"), None), (Ledger.PAYABLE, _("Supplier"), None)], "ledger": self.ledger,
            "states": states, "state": self.state, "as_of": self.as_of, "standing": [self._standing(row) for row in self._balances()],
        }  # fmt: skip

    def _balances(self) -> list[dict[str, Any]]:
        """The ageing by currency, kroner first; kroner alone where there is nothing."""
        found = [{str(key): value for key, value in row.items()} for row in self._ages.to_dict("records")]
        rows = sorted(found, key=lambda row: (row["currency"] != "NOK", row["currency"]))
        return rows or [dict.fromkeys(self._ages.columns, 0) | {"currency": "NOK"}]

    def _standing(self, row: dict[str, Any]) -> dict[str, Any]:
        ages = [
            (_("Not due"), "not_due", "fresh"), (_("1–30 days"), "d1_30", ""), (_("31–60 days"), "d31_60", ""),
            (_("61–90 days"), "d61_90", "old"), (_("Over 90 days"), "d91_on", "old"),
        ]  # fmt: skip
        owed = sum(row[f"{key}_minor"] for _label, key, _cls in ages) or 1
        unplaced = _("Unplaced payments") if self.ledger is Ledger.RECEIVABLE else _("Paid in advance")
        stats = [(_("Open balance"), "balance", ""), (_("Overdue"), "overdue", "late"), (unplaced, "unplaced", "")]
        return {
            "currency": row["currency"], "unit": unit(row["currency"]),
            "stats": [(label, kroner(row[f"{key}_minor"]), cls if row[f"{key}_minor"] else "") for label, key, cls in stats],
            "ages": [(label, kroner(row[f"{key}_minor"]), round(row[f"{key}_minor"] / owed, 3), cls) for label, key, cls in ages],
        }  # fmt: skip

    def _columns(self) -> list[dict[str, Any]]:
        kinds = {str(kind): kind_text(kind) for kind in PostingKind}
        parties = [
            {"key": "customer_number", "label": _("No."), "kind": "num", "width": 76, "rare": True},
            {"key": "customer_name", "label": _("Name"), "min": 130, "grow": 2, "phone": 1, "opens": True},
        ]  # fmt: skip
        return [
            {"key": "posted_on", "label": _("Date"), "kind": "date", "width": 94, "phone": 4},
            {"key": "voucher", "label": _("Voucher"), "width": 78},
            *([] if self.party else parties),
            {"key": "kind", "label": _("Type"), "kind": "tag", "width": 96, "map": kinds, "phone": 3},
            {"key": "text", "label": _("Text"), "min": 110, "grow": 3, **({"phone": 1} if self.party else {})},
            {"key": "document_number", "label": _("Invoice no."), "width": 92, "rare": True},
            {"key": "kid", "label": "KID", "width": 134, "rare": self.party is None},
            {"key": "due_on", "label": _("Due"), "kind": "date", "width": 94, "late": "late"},
            {"key": "amount_minor", "label": _("Amount"), "kind": "money", "width": 108, "fixed": True, "phone": 2},
            {"key": "residual_minor", "label": _("Residual"), "kind": "money", "width": 108, "dash": True},
            {"key": "currency", "label": _("Currency"), "width": 64, "rare": set(self.frame.currency.unique()) <= {"NOK"}},
            {"key": "match_number", "label": _("Match ID"), "kind": "num", "width": 90},
            {"key": "closed_on", "label": _("Closed on"), "kind": "date", "width": 98, "rare": True},
            {"key": "payer_name", "label": _("Payer"), "width": 140, "rare": True},
        ]

    def _menu_items(self) -> list[dict[str, Any]]:
        """What may be done with marked postings: in the past, and without the role, they are looked at only."""
        look = {"id": "show", "label": _("Show the link"), "key": "V", "needs": {"least": 1, "filled": "match_number", "same": ["match_number"]}}
        if self.as_of or not keeps_books(self.app):
            return [look]
        return [
            {"id": "link", "label": _("Link postings"), "key": "K", "needs": {"least": 2, "same": ["customer_number", "account", "currency"]}},
            {"id": "unlink", "label": _("Remove link"), "key": "U", "needs": {"least": 1, "filled": "match_number"}},
            {"id": "remove", "label": _("Remove posting from link"), "key": "R", "needs": {"least": 1, "filled": "match_number"}},
            look,
            {"id": "reverse", "label": _("Reverse posting"), "key": "T", "needs": {"least": 1}},
        ]

    # what is done with it

    def _choose_ledger(self, value: str) -> None:
        self.ledger = Ledger(value) if value in set(Ledger) else self.ledger
        self._read_again()

    def _choose_state(self, value: str) -> None:
        self.state = ItemState(value) if value in set(ItemState) else self.state
        self.head.refresh(state=self.state)
        self.grid.sort = ["match_number", 1] if self.state is ItemState.CLOSED else ["posted_on", -1]
        self._show()

    def _choose_day(self, value: str) -> None:
        try:
            self.as_of = date.fromisoformat(value) if value else None
        except ValueError:
            raise InvalidInput(_("Choose a day."), "as_of") from None
        self.grid.menu = self._menu_items()
        self._read_again()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if not isinstance(row, int) or not 0 <= row < len(self.shown):
            return
        chosen = self.shown.iloc[row]
        if self.party:
            self._look(None if pd.isna(chosen.match_number) else int(chosen.match_number))
        elif chosen.customer_id != str(chosen.customer_number):  # else somebody's private one
            self.app.go(f"customers/{chosen.customer_number}/ledger")

    def _menu(self, id: str) -> None:  # noqa: A002 - the grid's word
        act = {"link": self._link, "unlink": self._unlink, "remove": self._remove, "reverse": self._reverse}.get(id)
        chosen = self.shown.iloc[self.grid.selected_rows]
        if chosen.empty or id not in {item["id"] for item in self.grid.menu}:
            return
        if act is None:
            numbers = chosen.match_number.dropna().unique()
            self._look(int(numbers[0]) if len(numbers) else None)
            return
        try:
            said = act([UUID(key) for key in chosen.posting_id], [int(n) for n in chosen.match_number.dropna().unique()])
        except Conflict:
            self._read_again()
            raise
        self._read_again()
        self.app.toast(said, undo=True)

    def _look(self, match: int | None) -> None:
        """Show a link close up: who, when, by which rule, why, and what became of it."""
        told = None if match is None else self.app.crm.ledger.match_details(number=match)
        self.detail.refresh(match=told, rule=rule_texts()[told.rule] if told else "", lines=[
            {"link": link, "kind": kind_text(link.kind), "amount": number(link.amount, 2)} for link in (told.links if told else ())
        ], residual=number(told.residual, 2) if told else "")  # fmt: skip

    def _hide(self) -> None:
        self.detail.refresh(match=None)

    def _reverse(self, keys: list[UUID], _numbers: list[int]) -> str:
        n = self.app.crm.ledger.reverse(posting_ids=keys)
        return ngettext("{n} posting is reversed.", "{n} postings are reversed.", n)

    def _link(self, keys: list[UUID], numbers: list[int]) -> str:
        made = self.app.crm.ledger.match(posting_ids=keys, merging=numbers)
        if not made.residual:
            return ngettext("{n} posting is linked and closed.", "{n} postings are linked and closed.", made.n_postings)
        amount = f"{number(made.residual, 2)} {made.currency}"
        return _("Link {match}: {n} postings, {amount} remains.", match=made.number, n=number(made.n_postings), amount=amount)

    def _unlink(self, _keys: list[UUID], numbers: list[int]) -> str:
        n = self.app.crm.ledger.unmatch(numbers=numbers)
        return ngettext("{n} posting is open again.", "{n} postings are open again.", n)

    def _remove(self, keys: list[UUID], _numbers: list[int]) -> str:
        n = self.app.crm.ledger.remove_from_match(posting_ids=keys)
        return ngettext("{n} posting is taken out of its link.", "{n} postings are taken out of their links.", n)
