"""One's own calendar elsewhere on screen: found, connected, switched on and off, with what clashes and what went wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.calendar_sync import CalendarConflict, Shape, Side, When
from crm_lab.domain.recurrence import rule_words
from crm_lab.domain.tasks import Priority
from crm_lab.errors import CrmError, InvalidInput, Unavailable
from crm_lab.i18n import _, business_day, day, moment
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.domain.calendar_accounts import CalendarAccount
    from crm_lab.widgets.shell import App

TEXTS = ("url", "user_name", "secret", "name")


class CalendarAccountScreen(Live):
    """The employee's calendar account, its form, and appointments that were changed on both sides."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Calendar account")
        self._is_open = self._is_removing = False
        self._values: dict[str, Any] = {}
        self._errors: dict[str, str] = {}
        self._found: list[dict[str, str]] = []
        self._account: CalendarAccount | None = None
        actions = {
            "edit": self._edit, "cancel": self._cancel, "save": self._save, "find": self._find, "choose": self._choose, "typed": self._typed, "switch": self._switch, "ask": self._ask,
            "remove": self._remove, "keep": self._keep,
        }  # fmt: skip
        super().__init__("calendar_accounts.html", app, actions=actions, base=app.base, **self._shown())

    @property
    def is_begun(self) -> bool:
        """Whether the form is open."""
        return self._is_open

    def reload(self) -> None:
        """Read again, unless somebody fills in the form."""
        if not self.is_begun:
            self._draw()

    def _draw(self) -> None:
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        crm = self.app.crm.calendar_accounts
        self._account = next(iter(crm.list()), None)
        return {
            "account": _row(self._account) if self._account else None, "is_open": self._is_open, "values": self._values, "errors": self._errors, "found": self._found,
            "removing": self._is_removing, "conflicts": [_conflict(one) for one in crm.conflicts()] if self._account and self._account.n_conflicts else [],
        }  # fmt: skip

    def _edit(self) -> None:
        one = self._account
        self._values = dict.fromkeys(TEXTS, "") | {"are_private": True}
        if one is not None:
            self._values |= {"url": one.url, "user_name": one.user_name, "name": one.name, "are_private": one.are_private}
        self._is_open, self._errors, self._found = True, {}, []
        self._draw()
        self.focus_on("#f-url")

    def _cancel(self) -> None:
        self._is_open = self._is_removing = False
        self._draw()

    def _typed(self, values: dict[str, Any], **_which: Any) -> None:
        """Remember what is typed: another button than the form's own may be pressed."""
        self._values |= {name: str(values[name]).strip() for name in TEXTS if name in values} | {"are_private": bool(values.get("are_private"))}

    def _find(self) -> None:
        """Log in with what the form says, and list the calendars there."""
        wanted = {name: self._values[name] for name in ("url", "user_name", "secret")}
        try:
            self._found = [{"url": one.url, "name": one.shown()} for one in self.app.crm.calendar_accounts.try_out(**wanted)]
        except (InvalidInput, Unavailable) as error:
            self._wrong(error)
            return
        self._errors = {}
        if len(self._found) == 1:
            self._values |= self._found[0]
        self._draw()

    def _choose(self, url: str) -> None:
        self._values |= next(one for one in self._found if one["url"] == url)
        self._draw()

    def _save(self, values: dict[str, Any]) -> None:
        self._typed(values)
        crm, one = self.app.crm.calendar_accounts, self._account
        try:
            if one is None:
                crm.add(**self._values)
            else:
                crm.change(id=one.id, version=one.version, **self._values)
        except InvalidInput as error:
            self._wrong(error)
            return
        self._is_open = False
        self._values["secret"] = ""
        self._draw()
        self.app.toast(_("The account is saved."))

    def _wrong(self, error: CrmError) -> None:
        """What is wrong, at its field."""
        if isinstance(error, Unavailable) and error.service != "url":
            raise error
        self._errors = {getattr(error, "field", "") or "url": error.message}
        self._draw()

    def _switch(self) -> None:
        one = self._account
        assert one is not None  # noqa: S101 - its button is shown
        self.app.crm.calendar_accounts.switch(id=one.id, version=one.version, is_on=not one.is_on)
        self._draw()
        self.app.toast(_("Appointments no longer go to and fro.") if one.is_on else _("Appointments go both ways now."), undo=True)

    def _ask(self) -> None:
        self._is_removing = True
        self._draw()

    def _remove(self) -> None:
        one = self._account
        assert one is not None  # noqa: S101 - its button is shown
        self.app.crm.calendar_accounts.remove(id=one.id, version=one.version)
        self._is_removing = False
        self._draw()
        self.app.toast(_("The account is removed."))

    def _keep(self, id: str, side: str) -> None:  # noqa: A002 - the page's word
        self.app.crm.calendar_accounts.settle(id=UUID(id), keep=Side(side))
        self._draw()
        self.app.toast(_("The version here holds in both calendars.") if side == Side.OURS else _("The other calendar's version holds in both."))


def _row(one: CalendarAccount) -> dict[str, Any]:
    said = _("Off: appointments do not go to and fro.")
    if one.error:
        said = one.error
    elif one.is_on:
        said = _("Last compared {moment}", moment=moment(one.synced_at)) if one.synced_at else _("Being compared for the first time …")
    return {"name": one.name or one.url, "url": one.url, "is_on": one.is_on, "said": said, "is_bad": bool(one.error), "n": one.n_kept, "left_out": one.left_out, "has_secret": one.has_secret}


def _conflict(one: CalendarConflict) -> dict[str, Any]:
    labels = {"title": _("Subject"), "text": _("Text"), "when": _("Time"), "ahead": _("Reminder"), "priority": _("Priority"), "owner_only": _("Private"), "is_cancelled": _("Cancelled")}
    lines = [{"label": labels[unit], "ours": _said(one.ours, unit), "theirs": _said(one.theirs, unit)} for unit in one.units]
    return {"id": str(one.id), "task": str(one.task_id), "title": one.ours.title, "lines": lines}


def _said(shape: Shape, unit: str) -> str:
    """One unit of an appointment as people read it."""
    value = getattr(shape, unit)
    if isinstance(value, When):
        return _span(value)
    if isinstance(value, timedelta):
        return _("{n} minutes before", n=round(value.total_seconds() / 60))
    if isinstance(value, Priority):
        return {Priority.LOW: _("Low"), Priority.NORMAL: _("Normal"), Priority.HIGH: _("High")}[value]
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value or _("None"))


def _span(when: When) -> str:
    last = when.ends - timedelta(minutes=1) if when.is_all_day else when.ends
    if when.is_all_day:
        told = day(business_day(when.begins)) if business_day(when.begins) == business_day(last) else f"{day(business_day(when.begins))}-{day(business_day(last))}"
    elif business_day(when.begins) == business_day(last):
        told = f"{moment(when.begins)}-{moment(last)[-5:]}"
    else:
        told = f"{moment(when.begins)} - {moment(last)}"
    return f"{told}, {rule_words(when.rule)}" if when.rule else told
