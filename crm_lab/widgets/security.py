"""Security on screen: one's second factor, where one is signed in, and tokens; for administrators everybody's sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import segno

from crm_lab.domain.access import READ, WRITE, Role
from crm_lab.errors import CrmError, InvalidInput, Unavailable
from crm_lab.i18n import _
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

FIELDS = ("code", "name", "days")
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"))
"""What browsers say of themselves, the first that fits: others' names stand in it too."""


def browser_name(agent: str) -> str:
    """A browser and its system, as people call them."""
    found = [next((name for sign, name in signs if sign in agent), "") for signs in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, found)) or _("Unknown")


class Security(Live):
    """Who else could be you, and how to stop it."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Security")
        actions = {
            "begin": self._begin, "confirm": self._confirm, "remove": self._remove, "revoke": self._revoke, "require": self._require,
            "make_token": self._make_token, "revoke_token": self._revoke_token,
        }  # fmt: skip
        blank = dict.fromkeys(FIELDS, "")
        data = {"values": blank | {"days": "365"}, "errors": blank, "qr": "", "secret": "", "codes": [], "made": "", "round": 0}
        super().__init__("security.html", app, actions=actions, base=app.base, is_admin=app.me.has(Role.ADMIN), lacks=app.me.lacks_second_factor, browser=browser_name, **data, **self._shown())

    def _shown(self) -> dict[str, Any]:
        sessions = self.app.crm.sessions
        everybodys = sessions.everybodys() if self.app.me.has(Role.ADMIN) and not self.app.me.lacks_second_factor else []
        mine = sessions.mine()
        return {"state": self.app.crm.second_factors.state(), "mine": mine, "others": [s for s in everybodys if s.employee_id != self.app.me.id], "tokens": sessions.tokens()}

    def _again(self, **data: Any) -> None:
        self.refresh(errors=dict.fromkeys(FIELDS, ""), round=self.data["round"] + 1, **data, **self._shown())

    def _refused(self, error: CrmError, field: str, **data: Any) -> None:
        if isinstance(error, Unavailable):
            raise error
        self.refresh(errors=dict.fromkeys(FIELDS, "") | {field: error.message}, **data)

    def _begin(self) -> None:
        made = self.app.crm.second_factors.begin()
        self._again(qr=segno.make(made.uri, error="m").svg_data_uri(scale=5, border=2, light="#fff"), secret=made.secret, codes=[])
        self.focus_on("#f-code")

    def _confirm(self, values: dict[str, Any]) -> None:
        try:
            codes = self.app.crm.second_factors.confirm(code=str(values.get("code", "")))
        except InvalidInput as error:
            self._refused(error, "code")
            return
        self.app.me = self.app.crm.sessions.who()
        self._again(qr="", secret="", codes=codes, lacks=False)
        self.app.toast(_("The second factor is on."))

    def _remove(self, values: dict[str, Any]) -> None:
        try:
            self.app.crm.second_factors.remove(code=str(values.get("code", "")))
        except CrmError as error:
            self._refused(error, "code")
            return
        self._again(codes=[])
        self.app.toast(_("The second factor is off."))

    def _revoke(self, id: str) -> None:  # noqa: A002 - the page's word
        if any(str(one.id) == id for one in [*self.data["mine"], *self.data["others"]]):
            self.app.crm.sessions.revoke(id=UUID(id))
            self._again()
            self.app.toast(_("The session is ended."))

    def _require(self, value: bool) -> None:  # noqa: FBT001 - the page tells a tick
        try:
            self.app.crm.second_factors.require(is_required=value)
        finally:
            self._again()
        self.app.toast(_("The setting is saved."), undo=True)

    def _make_token(self, values: dict[str, Any]) -> None:
        name, days = str(values.get("name", "")).strip(), str(values.get("days", "")).strip()
        typed = self.data["values"] | {"name": name, "days": days}
        if not name:
            self._refused(InvalidInput(_("Enter a name.")), "name", values=typed)
            return
        if days and not days.isdigit():
            self._refused(InvalidInput(_("Enter a whole number of days, or nothing.")), "days", values=typed)
            return
        scopes = (READ, WRITE) if values.get("scope") == WRITE else (READ,)
        try:
            made = self.app.crm.sessions.create_token(name=name, scopes=scopes, days=int(days) if days else None)
        except InvalidInput as error:
            self._refused(error, "days", values=typed)
            return
        self._again(made=made.token, values=self.data["values"] | {"name": ""})
        self.focus_on("#f-made")

    def _revoke_token(self, id: str) -> None:  # noqa: A002 - the page's word
        found = next((one for one in self.data["tokens"] if str(one.id) == id), None)
        if found is not None:
            self.app.crm.sessions.revoke_token(id=found.id)
            self._again(made="")
            self.app.toast(_("The token no longer works."))
