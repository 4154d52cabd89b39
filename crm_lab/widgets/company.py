"""CompanySettings: what every customer inherits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crm_lab.domain.terms import STANDARD, EffectiveTerm, TermSource
from crm_lab.errors import Faults, InvalidFields, InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.forms import Form
from crm_lab.widgets.terms import NAMES, NOTHING, TEXTS, group_labels, term_label, term_rows, term_values, terms_from

if TYPE_CHECKING:
    from crm_lab.domain.terms import Terms
    from crm_lab.widgets.shell import App


class CompanySettings(Form):
    """The company's standard; administrators only."""

    def __init__(self, app: App) -> None:
        self.title = _("Settings")
        self._employees = app.crm.employees.list()
        values = {name: "" if text == NOTHING else text for name, text in term_values(app.crm.company.terms()).items()}
        super().__init__("company.html", app, values, title=self.title)

    def shown(self) -> dict[str, Any]:
        """The settings in groups; an empty field shows nothing to inherit."""
        standard = {name: EffectiveTerm(getattr(STANDARD, name), TermSource.COMPANY) for name in NAMES}
        groups = [
            (label, [row | _plain(row) for row in term_rows(names, self.values, standard, self._employees)])
            for label, names in group_labels()
        ]
        return {"groups": groups}

    def faults(self) -> dict[str, str]:
        """What the rules say; here every number needs a value."""
        faults = Faults()
        self._terms(faults)
        return faults.found

    def _terms(self, faults: Faults) -> Terms:
        terms = terms_from(self.values, faults)
        for name in NAMES:
            with faults.at(f"terms.{name}"):
                if name not in TEXTS and not str(self.values[f"terms.{name}"]).strip():
                    raise InvalidInput(_("Enter a value: every customer inherits it."), name)
        empty: dict[str, Any] = {name: "" for name in TEXTS if getattr(terms, name) is None}
        return replace(terms, **empty)

    def label_of(self, part: str) -> str:
        """A setting in words."""
        return term_label(part.removeprefix("terms."))

    def store(self) -> None:
        """Save, and stay."""
        faults = Faults()
        terms = self._terms(faults)
        if faults.found:
            raise InvalidFields(faults.found)
        self.app.crm.company.set_terms(terms=terms)
        self.app.go("settings")
        self.app.toast(_("The settings are saved."), undo=True)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what it would inherit: nothing is above the company."""
    options = [option for option in row["options"] if option[0]]
    if options and row["name"] == "terms.approver":
        options = [("", _("Nobody")), *options]
    return {"is_own": False, "hint": "", "options": options, "placeholder": ""}
