"""A task as fields of a form: days and times as the browser writes them, repetition and reminder as choices."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from crm_lab.domain.recurrence import Every, Repeat, clean_repeat, plain_repeat
from crm_lab.domain.tasks import Priority, TaskKind, TaskStatus, clean_task, start_of
from crm_lab.errors import Faults, InvalidFields, InvalidInput
from crm_lab.i18n import OSLO, _, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_lab.domain.tasks import Task, TaskFields
    from crm_lab.widgets.forms import Values

MEMBER, WEEKDAY = "member:", "day:"
NEVER, UNTIL, TIMES = "never", "until", "times"
OWN_RULE, OWN_TIME = "own", "own"
MORNING = time(8)
"""Of what lasts all day one is reminded in the morning."""
BEFORE = (0, 5, 15, 30, 60, 120, 1440, 2880)
FORM_NAMES = {
    "starts_at": "start_day", "due_at": "due_day", "remind_at": "remind", "rrule": "repeat", "is_all_day": "all_day",
}  # fmt: skip
"""Where the form shows the fault of a field that it has under another name."""


def kind_names() -> dict[TaskKind, str]:
    """The kinds in words."""
    return {TaskKind.TASK: _("Task"), TaskKind.CALL: _("Phone call"), TaskKind.MEETING: _("Meeting")}


def status_names() -> dict[TaskStatus, str]:
    """How far it has come, in words."""
    return {TaskStatus.OPEN: _("To do"), TaskStatus.STARTED: _("Begun"), TaskStatus.DONE: _("Done"), TaskStatus.CANCELLED: _("Dropped")}


def priority_names() -> dict[Priority, str]:
    """How much it matters, in words."""
    return {Priority.LOW: _("Low"), Priority.NORMAL: _("Normal"), Priority.HIGH: _("High")}


def labels() -> dict[str, str]:
    """Fields in words."""
    return {
        "title": _("Subject"), "text": _("Description"), "kind": _("Type"), "priority": _("Priority"), "status": _("Status"), "percent": _("% done"),
        "start_day": _("Starts"), "start_time": _("Start time"), "due_day": _("Due"), "due_time": _("Due at"), "all_day": _("All day"),
        "minutes": _("Duration"), "owner_id": _("Owner"), "owner_only": _("Visible to the owner only"), "members": _("Collaborators"),
        "repeat": _("Repeats"), "interval": _("How often"), "weekdays": _("On"), "ends": _("Ends"), "until": _("Last day"), "times": _("Number of times"),
        "remind": _("Reminder"), "remind_day": _("Reminder day"), "remind_time": _("Reminder time"), "party": _("Customer or contact"),
    }  # fmt: skip


def repeat_names() -> list[tuple[str, str]]:
    """The periods to choose from."""
    return [("", _("Never")), (Every.DAY, _("Daily")), (Every.WEEK, _("Weekly")), (Every.MONTH, _("Monthly")), (Every.YEAR, _("Yearly"))]


def remind_names(is_all_day: bool) -> list[tuple[str, str]]:  # noqa: FBT001 - a fact of the task
    """How long before to choose from."""
    if is_all_day:
        said = [("0", _("The same day at 8")), ("1440", _("The day before at 8")), ("2880", _("Two days before at 8"))]
    else:
        said = [(str(n), _before(n)) for n in BEFORE]
    return [("", _("None")), *said, (OWN_TIME, _("At another time"))]


def _before(minutes: int) -> str:
    if minutes == 0:
        return _("When it begins")
    if minutes < 60:  # noqa: PLR2004 - an hour
        return ngettext("{n} minute before", "{n} minutes before", minutes)
    if minutes < 1440:  # noqa: PLR2004 - a day
        return ngettext("{n} hour before", "{n} hours before", minutes // 60)
    return ngettext("{n} day before", "{n} days before", minutes // 1440)


def values_of(task: Task) -> Values:
    """A task as values of the form."""
    repeat = plain_repeat(task.rrule) if task.rrule else None
    repeats = "" if not task.rrule else str(repeat.every) if repeat else OWN_RULE
    chosen = repeat or Repeat(every=Every.WEEK)
    values: Values = {
        "title": task.title, "text": task.text, "kind": str(task.kind), "priority": str(task.priority), "status": str(task.status),
        "percent": str(task.percent), "all_day": task.is_all_day, "minutes": duration_text(task.minutes), "owner_id": str(task.owner_id),
        "owner_only": task.owner_only, "customer_id": str(task.customer_id or ""), "contact_id": str(task.contact_id or ""),
        "repeat": repeats, "interval": str(chosen.interval), "ends": UNTIL if chosen.until else TIMES if chosen.times else NEVER,
        "until": chosen.until.isoformat() if chosen.until else "", "times": str(chosen.times or ""), "scope": "all",
    }  # fmt: skip
    values |= {f"{WEEKDAY}{n}": n in chosen.weekdays for n in range(7)}
    values |= {f"{MEMBER}{member}": True for member in task.members}
    for name, at in (("start", task.starts_at), ("due", task.due_at), ("remind", task.remind_at)):
        local = at.astimezone(OSLO) if at else None
        values |= {f"{name}_day": f"{local:%Y-%m-%d}" if local else "", f"{name}_time": f"{local:%H:%M}" if local else ""}
    return values | {"remind": _remind_choice(task)}


def _remind_choice(task: Task) -> str:
    if task.remind_at is None:
        return ""
    begins = task.begins_at
    base = None if begins is None else _morning(begins) if task.is_all_day else begins
    ahead = (base - task.remind_at).total_seconds() / 60 if base else -1
    known = {value for value, _name in remind_names(task.is_all_day)}
    return f"{ahead:.0f}" if f"{ahead:.0f}" in known else OWN_TIME


def _morning(begins: datetime) -> datetime:
    return datetime.combine(begins.astimezone(OSLO).date(), MORNING, OSLO)


def duration_text(minutes: int | None) -> str:
    """Minutes as people write them: 45, or 1:30."""
    if minutes is None:
        return ""
    return str(minutes) if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}"  # noqa: PLR2004 - an hour


def read_duration(text: str) -> int | None:
    """Minutes from "45", "1:30", "1.30" or "2 t"; None where it is empty. Raises `InvalidInput`."""
    typed = text.strip().lower()
    if not typed:
        return None
    if found := re.fullmatch(r"(\d{1,5})(?: ?m(?:in)?\.?)?", typed, re.ASCII):
        return int(found[1])
    if found := re.fullmatch(r"(\d{1,3})(?:[:.]([0-5]\d)| ?[th](?:imer?|ours?)?(?: ?([0-5]?\d)(?: ?m(?:in)?)?)?)", typed, re.ASCII):
        return int(found[1]) * 60 + int(found[2] or found[3] or 0)
    raise InvalidInput(_("{text} is no duration. Write minutes, or hours and minutes as 1:30.", text=text), "minutes")


def fields_from(values: Values) -> TaskFields:
    """What the service takes, made of the values. Raises `InvalidFields` with the names of the form."""
    faults = Faults()
    given = _plain(values, faults)
    is_all_day, is_meeting = values["all_day"] is True, values["kind"] == TaskKind.MEETING
    starts, due = (_instant(values, name, faults, is_all_day=is_all_day) for name in ("start", "due"))
    if is_meeting and not is_all_day:
        due = None  # how long it lasts says when it ends
    with faults.at("minutes"):
        minutes = None if is_all_day else read_duration(str(values["minutes"]))
        given |= {"minutes": minutes}
    given |= {"starts_at": starts, "due_at": due, "is_all_day": is_all_day, "remind_at": _remind_at(values, starts or due, faults)}
    if is_meeting and starts is None:
        faults.note("start_day", _("Say when the meeting is."))
    given |= {"rrule": _rule(values, faults)} if values["repeat"] != OWN_RULE else {}
    try:
        clean_task(cast("TaskFields", given))
    except InvalidFields as error:
        for name, sentence in error.fields.items():
            faults.note(FORM_NAMES.get(name, name), sentence)
    faults.tell()
    return cast("TaskFields", given)


def _plain(values: Values, faults: Faults) -> dict[str, Any]:
    with faults.at("percent"):
        if not re.fullmatch(r"\d{0,3}", str(values["percent"]).strip(), re.ASCII):
            raise InvalidInput(_("Write a number of per cent from 0 to 100."), "percent")
    percent = "" if "percent" in faults.found else str(values["percent"]).strip()
    known = {"kind": TaskKind, "priority": Priority, "status": TaskStatus}
    chosen = {name: cls(str(values[name])) if str(values[name]) in list(cls) else next(iter(cls)) for name, cls in known.items()}
    keys = {name: UUID(str(values[name])) if values[name] else None for name in ("customer_id", "contact_id")}
    return {
        "title": str(values["title"]), "text": str(values["text"]), "percent": int(percent or 0), "owner_id": UUID(str(values["owner_id"])),
        "owner_only": values["owner_only"] is True, "members": member_ids(values), **chosen, **keys,
    }  # fmt: skip


def member_ids(values: Mapping[str, Any]) -> tuple[UUID, ...]:
    """Those who take part."""
    return tuple(UUID(name.removeprefix(MEMBER)) for name, value in values.items() if name.startswith(MEMBER) and value)


def day_of(values: Values, name: str) -> date | None:
    """The day in a date field, None where there is none."""
    try:
        return date.fromisoformat(str(values[name]))
    except ValueError:
        return None


def _instant(values: Values, name: str, faults: Faults, *, is_all_day: bool) -> datetime | None:
    day, clock = day_of(values, f"{name}_day"), str(values[f"{name}_time"])
    if day is None:
        if values[f"{name}_day"]:
            faults.note(f"{name}_day", _("{text} is not a date. Write it as 31.12.2026.", text=values[f"{name}_day"]))
        return None
    if is_all_day:
        return start_of(day)
    try:
        return datetime.combine(day, time.fromisoformat(clock), OSLO)
    except ValueError:
        faults.note(f"{name}_time", _("Write the time as 09:30, or choose all day."))
        return None


def _remind_at(values: Values, begins: datetime | None, faults: Faults) -> datetime | None:
    choice = str(values["remind"])
    if choice == OWN_TIME:
        at = _instant(values, "remind", faults, is_all_day=False)
        if at is None:
            faults.note("remind_day", _("Say when you want to be reminded."))
        return at
    if not choice:
        return None
    if begins is None:
        faults.note("remind", _("Give the task a day first, or choose another time."))
        return None
    base = _morning(begins) if values["all_day"] is True else begins
    minutes = int(choice) if re.fullmatch(r"\d{1,4}", choice, re.ASCII) else 0
    return base.astimezone(OSLO) - timedelta(minutes=minutes)


def _rule(values: Values, faults: Faults) -> str:
    if str(values["repeat"]) not in list(Every):
        return ""
    numbers = {name: int(text) if re.fullmatch(r"\d{1,4}", text := str(values[name]).strip(), re.ASCII) else 0 for name in ("interval", "times")}
    weekdays = tuple(n for n in range(7) if values[f"{WEEKDAY}{n}"] is True)
    until = day_of(values, "until") if values["ends"] == UNTIL else None
    if values["ends"] == UNTIL and until is None:
        faults.note("until", _("Say which day is the last."))
    repeat = Repeat(
        every=Every(str(values["repeat"])), interval=numbers["interval"], weekdays=weekdays, until=until,
        times=numbers["times"] if values["ends"] == TIMES else None,
    )  # fmt: skip
    try:
        return clean_repeat(repeat).rule
    except InvalidFields as error:
        for name, sentence in error.fields.items():
            faults.note(name, sentence)
    return ""
