"""The rules of matching: how often each would have been right, which may link by themselves, what they did, what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.access import Role
from crm_lab.domain.ledger import EVIDENT, Ledger, MatchRule
from crm_lab.i18n import _, ngettext, number
from crm_lab.widgets.base import Stack, aside
from crm_lab.widgets.ledger import rule_texts
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    import pandas as pd

    from crm_lab.widgets.shell import App

SHOWN_HABITS = 100


class RuleScreen(Stack):
    """For those who keep the books; administrators switch rules on."""

    classes = ("screen", "ledger")

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Rules and runs")
        self.ledger = Ledger.RECEIVABLE
        self._rates: pd.DataFrame | None = None
        self._is_busy = False
        actions = {"ledger": self._choose_ledger, "rehearse": self._rehearse, "switch": self._switch, "run": self._run, "undo": self._undo}
        self.page = Live("rules.html", app, actions=actions, base=app.base, may_switch=app.me.has(Role.ADMIN), **self._told())
        super().__init__([self.page])

    def reload(self) -> None:
        """Read switches and runs again; what was rehearsed stays."""
        self.page.refresh(**self._told())

    def _told(self) -> dict[str, Any]:
        crm = self.app.crm
        self._on = set(crm.ledger.automatic_rules())
        self._runs = {str(run.id): run for run in crm.ledger.runs()}
        return {
            "ledgers": [(Ledger.RECEIVABLE, _("Customer"), None), (Ledger.PAYABLE, _("Supplier"), None)], "ledger": self.ledger,
            "rates": self._rows(), "is_busy": self._is_busy, "is_rehearsed": self._rates is not None, "any_on": bool(self._on),
            "runs": list(self._runs.values()), "habits": crm.payments.habits()[:SHOWN_HABITS],
        }  # fmt: skip

    def _rows(self) -> list[dict[str, Any]]:
        """One row a rule: those that may run by themselves first, then what else was tried."""
        found: dict[str, dict[Any, Any]] = {} if self._rates is None else {row["rule"]: row for row in self._rates.to_dict("records")}
        first = [rule for rule in MatchRule if rule in EVIDENT]
        others = [rule for rule in MatchRule if rule not in EVIDENT and rule in found]
        return [
            {
                "rule": str(rule), "name": rule_texts()[rule], "may_run": rule in EVIDENT, "is_on": rule in self._on, "tried": found.get(rule),
                "hit": _percent(found[rule]["hit_rate"]) if rule in found else "", "error": _percent(found[rule]["error_rate"]) if rule in found else "",
            }
            for rule in (*first, *others)
        ]  # fmt: skip

    def _choose_ledger(self, value: str) -> None:
        self.ledger = Ledger(value) if value in set(Ledger) else self.ledger
        self._rates = None
        self.reload()

    def _rehearse(self) -> None:
        """Run the rules over what is closed, beside the page."""
        if self._is_busy:
            return
        self._is_busy, ledger = True, self.ledger
        self.reload()

        def ask() -> pd.DataFrame:
            try:
                rates: pd.DataFrame = self.app.crm.ledger.what_if(ledger)
                return rates
            finally:
                self._is_busy = False

        def have(rates: pd.DataFrame) -> None:
            self._rates = rates if self.ledger is ledger else self._rates
            self.reload()

        aside(self.app, ask, have)

    def _switch(self, rule: str, value: bool) -> None:  # noqa: FBT001 - the page's word
        if rule not in EVIDENT:
            return
        wanted = self._on | {MatchRule(rule)} if value is True else self._on - {MatchRule(rule)}
        self.app.crm.ledger.set_automatic_rules(rules=sorted(wanted))
        self.reload()
        self.app.toast(_("The rule is switched on.") if value is True else _("The rule is switched off."), undo=True)

    def _run(self) -> None:
        """Run the rules that are switched on now."""

        def have(n: int) -> None:
            self.reload()
            self.app.toast(ngettext("{n} match made by the rules", "{n} matches made by the rules", n) + ".", undo=bool(n))

        aside(self.app, self.app.crm.ledger.run_rules, have)

    def _undo(self, id: str) -> None:  # noqa: A002 - the page's word
        if id not in self._runs:
            return
        n = self.app.crm.ledger.undo_run(id=UUID(id))
        self.reload()
        self.app.toast(ngettext("{n} match is taken back.", "{n} matches are taken back.", n), undo=True)


def _percent(share: float) -> str:
    return f"{number(share * 100, 1)} %"
