"""CallSettingsForm: how long calls are kept, which are logged, and what employees are told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_lab.domain.calls import CallSettings, clean_call_settings
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.forms import Form, Values

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

LONGEST_TYPED = 6


class CallSettingsForm(Form):
    """The company's rules of the call log; administrators only."""

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Calls")
        super().__init__("call_settings.html", app, self.stored(), title=self.title)

    def stored(self) -> Values:
        """The settings as they are saved now."""
        now: CallSettings = self.app.crm.calls.settings()
        return {"kept_days": str(now.kept_days), "logs_unknown": now.logs_unknown, "notice": now.notice}

    def label_of(self, part: str) -> str:
        """A field in words."""
        return {"kept_days": _("Days that calls are kept"), "logs_unknown": _("Log calls of numbers that are on no card"), "notice": _("What employees are told")}[part]

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        try:
            self._given()
        except InvalidInput as error:
            return {error.field: error.message}
        return {}

    def _given(self) -> CallSettings:
        days = str(self.values["kept_days"]).strip()
        if not (days.isascii() and days.isdigit() and len(days) <= LONGEST_TYPED):
            raise InvalidInput(_("Write a whole number of days; 0 keeps calls for ever."), "kept_days")
        return clean_call_settings(CallSettings(kept_days=int(days), logs_unknown=self.values["logs_unknown"] is True, notice=str(self.values["notice"])))

    def store(self) -> None:
        """Save, and stay."""
        self.app.crm.calls.set_settings(settings=self._given())
        self.app.go("settings/calls")
        self.app.toast(_("The settings are saved."), undo=True)
