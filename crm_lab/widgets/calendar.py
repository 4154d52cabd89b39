"""The calendar: one's own and colleagues' days side by side; moved by hand or keyboard, free time looked for."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote
from uuid import UUID

import traitlets

from crm_lab.domain.calendar import Appointment, Slot
from crm_lab.domain.tasks import Task
from crm_lab.errors import InvalidFields, InvalidInput
from crm_lab.i18n import OSLO, _, business_day, long_day, month, ngettext, short_day
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, View, guarded, script
from crm_lab.widgets.calendar_layout import days_of, hours_of, on_day, placed, step, style
from crm_lab.widgets.live import Live
from crm_lab.widgets.task_box import read_day
from crm_lab.widgets.task_fields import duration_text, read_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.domain.employees import Employee
    from crm_lab.widgets.calendar_layout import Placed
    from crm_lab.widgets.shell import App

VIEWS = ("day", "week", "month")
MOST_PEOPLE = 8
"""More columns than these no screen shows."""
IN_A_CELL = 4
LOOK_AHEAD = 14
A_DAY = 24 * 60


class Drag(View):
    """Moving by pointer and keyboard inside the calendar beside it.

    Events: `move(key, day, minute, minutes)`, where minute -1 keeps the time of day and minutes 0 the length;
    `new(day, minute, person)` for an empty place; `narrow()` where the screen is a phone's.
    """

    _esm = script("calendar")
    step = traitlets.Int(15).tag(sync=True)


class Calendar(Stack):
    """The days of one view, for some people."""

    classes = ("screen",)

    def __init__(self, app: App, query: str = "") -> None:
        self.app, self.title = app, _("Calendar")
        asked = {name: said[0] for name, said in parse_qs(query).items()}
        self._is_default = asked.get("view") not in VIEWS
        self._view = "week" if self._is_default else asked["view"]
        self._day = _day_or(asked.get("day", ""), business_day(utc_now()))
        self._employees: list[Employee] = [e for e in app.crm.employees.list() if e.is_active]
        known = {str(e.id): e.id for e in self._employees}
        chosen = [known[key] for key in asked.get("people", "").split(",") if key in known]
        self._people: list[UUID] = list(dict.fromkeys(chosen))[:MOST_PEOPLE] or [app.me.id]
        self._standing: dict[str, Appointment] = {}
        self._found: dict[str, Any] = {"free": None, "errors": {}, "asked": {"minutes": "60", "since": business_day(utc_now()).isoformat(), "opens": "08:00", "closes": "16:00"}}
        self._round = 0
        actions = {"person": self._add, "drop_person": self._drop, "free": self._look_for_time, "export": self._export}
        self.board = Live("calendar.html", app, actions=actions, base=app.base, **self._shown())
        self.drag = Drag(on_move=guarded(app, self._move), on_new=guarded(app, self._make), on_narrow=guarded(app, self._narrow))
        super().__init__([self.board, self.drag])

    def reload(self) -> None:
        """Read what stands there again."""
        self.board.refresh(**self._shown())

    # addresses

    def _path(self, view: str = "", day: date | None = None, people: list[UUID] | None = None) -> str:
        chosen = self._people if people is None else people
        others = "" if chosen == [self.app.me.id] else f"&people={','.join(map(str, chosen))}"
        return f"calendar?view={view or self._view}&day={day or self._day}{others}"

    def _task_path(self, appointment: Appointment) -> str:
        at = f"&at={quote(appointment.starts_at.isoformat())}" if appointment.recurs else ""
        return f"tasks/{appointment.task_id}?from={quote(self._path())}{at}"

    def _new_path(self, at: datetime | None, minutes: int = 60, people: Iterable[UUID] = ()) -> str:
        when = f"&at={quote(at.astimezone(OSLO).replace(tzinfo=None).isoformat())}&minutes={minutes}" if at else ""
        return f"tasks/new?kind=meeting{when}&people={','.join(map(str, people or self._people))}&from={quote(self._path())}"

    # what the template shows

    def _shown(self) -> dict[str, Any]:
        days = days_of(self._view, self._day)
        found = self.app.crm.calendar.between(since=days[0], until=days[-1] + timedelta(days=1), people=tuple(self._people))
        self._standing = {}
        names = {e.id: e.name for e in self._employees}
        today = business_day(utc_now())
        body = self._month(days, found, today) if self._view == "month" else self._columns(days, found, today)
        return body | self._found | {
            "view": self._view, "heading": self._heading(days), "is_default": self._is_default, "round": self._round,
            "views": [(view, name, self._path(view)) for view, name in zip(VIEWS, (_("Day"), _("Week"), _("Month")), strict=True)],
            "before": self._path(day=step(self._view, self._day, -1)), "after": self._path(day=step(self._view, self._day, 1)),
            "trouble": self._trouble(), "today": self._path(day=today), "new": self._new_path(None), "many": len(self._people) > 1,
            "people": [(str(p), names[p]) for p in self._people],
            "others": [(str(e.id), e.name, "") for e in self._employees if e.id not in self._people],
        }  # fmt: skip

    def _trouble(self) -> str:
        """What keeps this calendar and the one elsewhere from being alike."""
        for one in self.app.crm.calendar_accounts.list():
            if one.error or one.n_conflicts:
                return one.error or ngettext("{n} appointment was changed in both calendars.", "{n} appointments were changed in both calendars.", one.n_conflicts)
        return ""

    def _heading(self, days: list[date]) -> str:
        if self._view == "day":
            return long_day(self._day)
        if self._view == "month":
            return month(self._day)
        return _("Week {n}, {month}", n=days[0].isocalendar().week, month=month(days[3]))

    def _columns(self, days: list[date], found: list[Appointment], today: date) -> dict[str, Any]:
        names = {e.id: e.name for e in self._employees}
        pairs = [(day, person) for day in days for person in self._people]
        standing = [on_day(found, day, person) for day, person in pairs]
        timed = [placed(items, day) for items, (day, _person) in zip(standing, pairs, strict=True)]
        first, last = hours_of(timed)
        columns = [
            {
                "day": day.isoformat(), "person": str(person), "name": names[person], "is_today": day == today,
                "label": short_day(day), "path": self._path("day", day), "is_first": person == self._people[0],
                "all_day": [self._chip(a, person) for a in items if a.is_all_day],
                "timed": [self._item(one, person, first, last) for one in column],
            }
            for (day, person), items, column in zip(pairs, standing, timed, strict=True)
        ]  # fmt: skip
        return {"columns": columns, "weeks": [], "hours": list(range(first, last)), "first": first, "last": last, "n_people": len(self._people)}

    def _month(self, days: list[date], found: list[Appointment], today: date) -> dict[str, Any]:
        cells = []
        for day in days:
            standing = on_day(found, day)
            cells.append({
                "day": day.isoformat(), "n": day.day, "path": self._path("day", day), "is_today": day == today, "is_outside": day.month != self._day.month,
                "chips": [self._chip(a, a.people[0]) for a in standing[:IN_A_CELL]], "more": max(0, len(standing) - IN_A_CELL), "label": long_day(day),
            })  # fmt: skip
        weeks = [{"n": days[n].isocalendar().week, "cells": cells[n : n + 7]} for n in range(0, len(cells), 7)]
        return {"columns": [], "weeks": weeks, "weekdays": [short_day(day).split()[0] for day in days[:7]]}

    def _chip(self, a: Appointment, person: UUID) -> dict[str, Any]:
        """One appointment as the template shows it; what is not told has neither a key nor a page."""
        names = {e.id: e.name for e in self._employees}
        key = "" if a.is_hidden else f"{a.task_id}.{a.starts_at:%Y%m%d%H%M}"
        if key:
            self._standing[key] = a
        begins, ends = a.starts_at.astimezone(OSLO), a.ends_at.astimezone(OSLO)
        clock = "" if a.is_all_day else f"{begins:%H.%M}"
        return {
            "key": key, "id": f"{key}.{person.hex[-4:]}" if key else "", "path": "" if a.is_hidden else self._task_path(a), "title": _("Busy") if a.is_hidden else a.title,
            "party": a.party, "clock": clock, "hours": clock and f"{clock}–{ends:%H.%M}", "person": names.get(person, ""), "is_closed": a.is_closed,
            "owner_only": a.owner_only, "recurs": a.recurs, "is_hidden": a.is_hidden, "minutes": int((a.ends_at - a.starts_at).total_seconds()) // 60,
            "is_all_day": a.is_all_day, "is_short": True,
        }  # fmt: skip

    def _item(self, one: Placed, person: UUID, first: int, last: int) -> dict[str, Any]:
        return self._chip(one.appointment, person) | style(one, first, last) | {"from": one.top, "is_short": one.bottom - one.top < 40}  # noqa: PLR2004 - two lines

    # who

    def _add(self, id: str) -> None:  # noqa: A002 - the page's word
        person = next((e.id for e in self._employees if str(e.id) == id), None)
        if person and len(self._people) >= MOST_PEOPLE:
            raise InvalidInput(_("The calendar shows {n} colleagues at most. Remove one first.", n=MOST_PEOPLE), "people")
        if person and person not in self._people:
            self.app.go(self._path(people=[*self._people, person]))

    def _drop(self, id: str) -> None:  # noqa: A002
        rest = [p for p in self._people if str(p) != id]
        self.app.go(self._path(people=rest or [self.app.me.id]))

    # moving

    def _move(self, key: str, day: str, minute: int, minutes: int) -> None:
        a = self._standing.get(key) if isinstance(key, str) else None
        to_day = _day_or(day, None)
        if a is None or a.task_id is None or to_day is None or not _is_minute(minute, -1) or not _is_minute(minutes, 0):
            return
        begins = a.starts_at.astimezone(OSLO)
        clock = time() if a.is_all_day else begins.time() if minute < 0 else time(*divmod(minute, 60))
        to = datetime.combine(to_day, clock, OSLO)
        saved: Task = self.app.crm.calendar.move(id=a.task_id, version=a.version, at=a.starts_at, to=to, minutes=minutes or None)
        self.reload()
        self.board.focus_on(f'[data-key^="{saved.id}"]')
        if a.recurs:
            self.app.toast(_("Only this one time is moved."), undo=True)
        else:
            self.app.toast(_("The duration is changed.") if minutes else _("It is moved."), undo=True)

    def _make(self, day: str, minute: int, person: str) -> None:
        on, who = _day_or(day, None), next((e.id for e in self._employees if str(e.id) == person), self._people[0])
        if on is not None and _is_minute(minute, -1):
            at = datetime.combine(on, time(*divmod(minute, 60)) if minute >= 0 else time(9), OSLO)
            self.app.go(self._new_path(at, people=[who]))

    def _narrow(self) -> None:
        """A phone shows one day."""
        if self._is_default:
            self.app.go(self._path("day"))

    def _export(self) -> None:
        self.app.download(_("calendar") + ".ics", self.app.crm.calendar.export().encode())

    # free time

    def _look_for_time(self, values: dict[str, Any]) -> None:
        asked = {name: str(values.get(name, "")) for name in ("minutes", "since", "opens", "closes")}
        self._found = {"asked": asked, "errors": {}, "free": None}
        try:
            self._found["free"] = [self._slot(slot) for slot in self._free(asked)]
        except InvalidFields as error:
            self._found["errors"] = error.fields
        except InvalidInput as error:
            self._found["errors"] = {error.field: error.message}
        self.reload()

    def _free(self, asked: dict[str, str]) -> list[Slot]:
        since, minutes = read_day(asked["since"]) or business_day(utc_now()), read_duration(asked["minutes"]) or 0
        clocks = {name: _clock(asked[name], name) for name in ("opens", "closes")}
        until = since + timedelta(days=LOOK_AHEAD)
        found: list[Slot] = self.app.crm.calendar.free(people=tuple(self._people), minutes=minutes, since=since, until=until, **clocks)
        return found

    def _slot(self, slot: Slot) -> dict[str, str]:
        begins, ends = slot.starts_at.astimezone(OSLO), slot.ends_at.astimezone(OSLO)
        minutes = int((slot.ends_at - slot.starts_at).total_seconds()) // 60
        words = f"{long_day(begins.date())} {begins:%H.%M}–{ends:%H.%M}"
        return {"words": words, "path": self._new_path(slot.starts_at, minutes), "lasts": duration_text(minutes)}


def _clock(text: str, field: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise InvalidInput(_("Write the time as 09:30."), field) from None


def _day_or(text: str, other: Any) -> Any:
    """A day of an address or a message, `other` where it is none."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return other
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return other
    return found if 1900 < found.year < 2200 else other  # noqa: PLR2004 - what calendars show


def _is_minute(value: Any, least: int) -> bool:
    return type(value) is int and least <= value < A_DAY
