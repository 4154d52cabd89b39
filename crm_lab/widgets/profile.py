"""One's own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

FIELDS = ("old", "new")


class Profile(Live):
    """Language, theme, password, and the addresses one's calendar is read at."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("My profile")
        themes = [("auto", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))]
        densities = [("full", "CRM"), ("compact", _("Classic"))]
        actions = {
            "locale": self._locale, "theme": self._theme, "density": self._density, "password": self._password, "open_feed": self._open_feed,
            "close_feed": self._close_feed,
        }  # fmt: skip
        blank = dict.fromkeys(FIELDS, "")
        super().__init__(
            "profile.html", app, actions=actions, base=app.base, me=app.me, themes=themes, densities=densities, values=blank, errors=blank, round=0, url="",
            feeds=app.crm.calendar.feeds(),
        )  # fmt: skip

    def _locale(self, value: str) -> None:
        self.app.prefer(locale=str(value))

    def _theme(self, value: str) -> None:
        self.app.prefer(theme=str(value))
        self.refresh(me=self.app.me)

    def _density(self, value: str) -> None:
        self.app.prefer(density=str(value))
        self.refresh(me=self.app.me)

    def _password(self, values: dict[str, Any]) -> None:
        blank = dict.fromkeys(FIELDS, "")
        try:
            self.app.crm.sessions.change_password(old=str(values.get("old", "")), new=str(values.get("new", "")))
        except InvalidInput as error:
            self.refresh(errors=blank | {error.field: error.message})
            return
        self.refresh(errors=blank, round=self.data["round"] + 1)  # a new form: what was typed is gone
        self.app.toast(_("The password is changed. Other sessions are ended."))

    def _open_feed(self) -> None:
        """A new address; it is shown now and never again."""
        made = self.app.crm.calendar.open_feed()
        self.refresh(url=f"{self.app.router.site or '/'}feed/{made.token}.ics", feeds=self.app.crm.calendar.feeds())
        self.focus_on("#f-feed")

    def _close_feed(self, id: str) -> None:  # noqa: A002 - the page's word
        found = next((feed for feed in self.data["feeds"] if str(feed.id) == id), None)
        if found is not None:
            self.app.crm.calendar.close_feed(id=found.id)
            self.refresh(url="", feeds=self.app.crm.calendar.feeds())
            self.app.toast(_("The address no longer works."))
