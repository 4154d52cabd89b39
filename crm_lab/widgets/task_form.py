"""TaskForm: one task, a call or a meeting, with all there is to say of it; done, put off and handed over there too."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import UUID

from crm_lab.domain.ids import new_id
from crm_lab.domain.recurrence import rule_words, weekday_names
from crm_lab.domain.tasks import Task, TaskKind, TaskStatus, between, may_hand_over, moved
from crm_lab.errors import InvalidFields, InvalidInput
from crm_lab.i18n import OSLO, _, business_day, moment
from crm_lab.settings import utc_now
from crm_lab.widgets.forms import Form, Values
from crm_lab.widgets.task_box import due_words, read_day
from crm_lab.widgets.task_fields import (
    MEMBER,
    OWN_RULE,
    OWN_TIME,
    WEEKDAY,
    day_of,
    fields_from,
    kind_names,
    labels,
    member_ids,
    priority_names,
    remind_names,
    repeat_names,
    status_names,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crm_lab.domain.employees import Employee
    from crm_lab.widgets.shell import App

BACK = re.compile(r"tasks|calendar(\?[\w=&,-]*)?|(customers|contacts)/[\w-]+")
ONE, ALL = "one", "all"
MOST_OFFERED = 6


class TaskForm(Form):
    """One task; without an id a new one. `query` may say where it was opened from, and which time of a series is meant."""

    def __init__(self, app: App, task_id: UUID | None = None, query: str = "") -> None:
        self.app, self._id = app, task_id
        asked = {name: said[0] for name, said in parse_qs(query).items()}
        self._back = asked["from"] if BACK.fullmatch(asked.get("from", "")) else "tasks"
        self._employees: list[Employee] = [e for e in app.crm.employees.list() if e.is_active]
        self.task = self._read() if task_id else self._new(asked)
        self._at = _instant(asked.get("at", "")) if self.task.rrule else None
        self.title = self.task.title or (_("New appointment") if self.task.kind is TaskKind.MEETING else _("New task"))
        self._offered: list[tuple[str, str, str]] = []
        self._kinds: dict[str, str] = {}
        self._round = self._number = 0
        self._names = self._party_names()
        actions: dict[str, Callable[..., Any]] = {
            "party_query": self._party_query, "party": self._tie, "untie": self._untie, "member": self._add_member, "drop_member": self._drop_member,
            "done": self._done, "postpone": self._postpone, "delete": self._delete, "export": self._export,
        }  # fmt: skip
        super().__init__("task_form.html", app, self._values(), actions, title=self.title, back=self._back, is_new=task_id is None)

    def _read(self) -> Task:
        found: Task = self.app.crm.tasks.get(id=self._id)
        return found

    def _new(self, asked: Mapping[str, str]) -> Task:
        """An empty one, with what the place it was asked for from knows."""
        at, me = _instant(asked.get("at", "")), self.app.me.id
        is_meeting = asked.get("kind") == TaskKind.MEETING
        if is_meeting and at is None:
            at = utc_now().astimezone(OSLO).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        minutes = int(asked["minutes"]) if re.fullmatch(r"\d{1,3}", asked.get("minutes", ""), re.ASCII) else 60
        people = {str(e.id): e.id for e in self._employees}
        chosen = [people[key] for key in asked.get("people", "").split(",") if key in people]
        owner = me if me in chosen or not chosen else chosen[0]
        return Task(
            id=new_id(), title="", owner_id=owner, created_by=me, created_at=utc_now(), kind=TaskKind.MEETING if is_meeting else TaskKind.TASK,
            is_all_day=at is None, starts_at=at, minutes=minutes if at else None, members=tuple(p for p in chosen if p != owner),
        )  # fmt: skip

    def _values(self) -> Values:
        one = self._at is not None
        at = self._at or self.task.begins_at
        task = self.task if not one or at is None else _at_time(self.task, at)
        return values_of(task) | {"scope": ONE if one else ALL}

    # what the template shows

    def shown(self) -> dict[str, Any]:
        """What there is to choose from, and which fields go with what is chosen."""
        v, task = self.values, self.task
        is_all_day, is_meeting = v["all_day"] is True, v["kind"] == TaskKind.MEETING
        members = set(member_ids(v))
        is_owner = self._id is None or may_hand_over(self.app.me, task)
        people = [e for e in self._employees if e.id not in members and str(e.id) != v["owner_id"]]
        return {
            "labels": labels(), "kinds": list(kind_names().items()), "priorities": list(priority_names().items()), "states": list(status_names().items()),
            "is_meeting": is_meeting, "is_all_day": is_all_day, "is_owner": is_owner, "is_closed": task.is_closed,
            "owners": [(str(e.id), e.name) for e in self._employees if is_owner or str(e.id) == v["owner_id"]],
            "members": [(str(e.id), e.name) for e in self._employees if e.id in members], "people": [(str(e.id), e.name, "") for e in people],
            "party": self._names.get(str(v["contact_id"] or v["customer_id"]), ""), "party_path": self._party_path(), "offered": self._offered, "round": self._round,
            "repeats": repeat_names() + ([(OWN_RULE, rule_words(task.rrule))] if v["repeat"] == OWN_RULE else []), "repeat": v["repeat"],
            "rule_words": self._rule_words(), "weekdays": [(f"{WEEKDAY}{n}", name) for n, name in enumerate(weekday_names())], "ends": v["ends"],
            "reminds": remind_names(is_all_day), "own_time": v["remind"] == OWN_TIME, "scope": v["scope"], "is_series": self._at is not None,
            "occurrence": moment(self._at) if self._at else "", "due": due_words(task), "is_late": task.is_overdue(utc_now()),
        }  # fmt: skip

    def _rule_words(self) -> str:
        try:
            return rule_words(str(fields_from(self.values | {"title": "x"}).get("rrule", "")))
        except InvalidFields:
            return ""

    def _party_names(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.task.customer_id:
            (customer,) = self.app.crm.customers.named(ids=[self.task.customer_id])
            found[str(customer.id)], self._number = customer.name, customer.number
        if self.task.contact_id:
            found[str(self.task.contact_id)] = self.app.crm.contacts.get(id=self.task.contact_id).display_name
        return found

    def _party_path(self) -> str:
        """The card of the party, as it is saved."""
        v, task = self.values, self.task
        if v["contact_id"]:
            return f"contacts/{task.contact_id}" if str(task.contact_id) == v["contact_id"] else ""
        return f"customers/{self._number}" if task.customer_id and str(task.customer_id) == v["customer_id"] else ""

    def label_of(self, part: str) -> str:
        """A field in words."""
        words = labels()
        return words.get(part) or words["members" if part.startswith(MEMBER) else "weekdays" if part.startswith(WEEKDAY) else "party"]

    def words_for(self, values: Values) -> str:
        """Values as people read them."""
        known = {str(k): v for names in (kind_names(), priority_names(), status_names()) for k, v in names.items()}
        known |= {str(e.id): e.name for e in self._employees} | self._names | dict(repeat_names())
        return "\n".join(_("Yes") if v is True else _("No") if v is False else known.get(v, v) for v in values.values())

    # typing

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        try:
            fields_from(self.values)
        except InvalidFields as error:
            return error.fields
        return {}

    def take(self, values: Mapping[str, Any]) -> None:
        """Note what the page says, but not of what it cannot type: who takes part, and whom it is about."""
        super().take({k: v for k, v in values.items() if not k.startswith(MEMBER) and k not in {"customer_id", "contact_id"}})

    def noticed(self, name: str) -> None:
        """A meeting has a time of day; what is done is done to 100 per cent; one time or all of a series begin on their own days."""
        v = self.values
        if name == "kind" and v["kind"] == TaskKind.MEETING and not v["start_day"]:
            hour = utc_now().astimezone(OSLO) + timedelta(hours=1)
            v |= {"all_day": False, "start_day": v["due_day"] or f"{hour:%Y-%m-%d}", "start_time": f"{hour:%H}:00", "minutes": v["minutes"] or "60"}
        elif name == "status":
            v["percent"] = "100" if v["status"] == TaskStatus.DONE else "0" if v["percent"] == "100" else v["percent"]
        elif name == "all_day" and not v["all_day"] and v["start_day"] and v["start_time"] in {"", "00:00"}:
            v |= {"start_time": "09:00"}
        elif name == "scope" and self._at and self.task.begins_at:
            days = between(self.task.begins_at, self._at).days * (1 if v["scope"] == ONE else -1)
            found = {field: day_of(v, field) for field in ("start_day", "due_day", "remind_day")}
            v |= {field: (day + timedelta(days=days)).isoformat() for field, day in found.items() if day}
        else:
            return
        self.redraw()

    # whom it is about, and who takes part

    def _party_query(self, value: str) -> None:
        found = self.app.crm.search.find(text=value, limit=MOST_OFFERED) if value.strip() else None
        hits = [("customer_id", hit) for hit in found.customers.hits] + [("contact_id", hit) for hit in found.contacts.hits] if found else []
        self._names |= {str(hit.id): hit.name for _kind, hit in hits}
        self._kinds = {str(hit.id): kind for kind, hit in hits}
        self._offered = [(str(hit.id), hit.name, " · ".join(filter(None, (str(hit.number or ""), hit.place)))) for _kind, hit in hits]
        self.draw()

    def _tie(self, id: str) -> None:  # noqa: A002 - the page's word
        if id in (key for key, _name, _detail in self._offered):
            self.values |= {"customer_id": "", "contact_id": ""} | {self._kinds[id]: id}
            self._offered, self._round = [], self._round + 1
            self.redraw()

    def _untie(self) -> None:
        self.values |= {"customer_id": "", "contact_id": ""}
        self.redraw()

    def _add_member(self, id: str) -> None:  # noqa: A002
        if id in {str(e.id) for e in self._employees}:
            self.values[f"{MEMBER}{id}"] = True
            self._round += 1
            self.redraw()
            self.focus_on(f"#f-members-{self._round}")

    def _drop_member(self, id: str) -> None:  # noqa: A002
        self.values.pop(f"{MEMBER}{id}", None)
        self.redraw()

    # saving and doing

    def store(self) -> None:
        """Save and go back to where it was opened from."""
        given: dict[str, Any] = dict(fields_from(self.values))
        tasks = self.app.crm.tasks
        if self._id is None:
            saved = tasks.create(**given)
        elif self._at and self.values["scope"] == ONE:
            given.pop("rrule", None)
            saved = tasks.single_out(id=self._id, version=self.task.version, at=self._at, **given)
        else:
            saved = tasks.change(id=self._id, version=self.task.version, **given)
        self._leave(_("{title} is saved.", title=saved.title))

    def _leave(self, said: str) -> None:
        self.app.go(self._back)
        self.app.toast(said, undo=True)

    def stored(self) -> Values:
        """The task as it is saved now."""
        self.task = self._read()
        return self._values()

    def has_place_for(self, name: str) -> bool:
        """A field that the form has under this name, and now shows."""
        return super().has_place_for(name) and not (name in {"due_day", "due_time"} and self.values["kind"] == TaskKind.MEETING and not self.values["all_day"])

    def _single(self) -> Task:
        """The task that the buttons above the form are about: of a series opened at a later time, that time made a task of its own."""
        if self._at is None or self._at == self.task.begins_at:
            return self._read()
        found: Task = self.app.crm.tasks.single_out(id=self._id, version=self.task.version, at=self._at)
        return found

    def _done(self) -> None:
        task = self._single()
        if task.is_closed:
            self.app.crm.tasks.reopen(id=task.id, version=task.version)
            self._leave(_("{title} is taken up again.", title=task.title))
            return
        upcoming: Task | None = self.app.crm.tasks.complete(id=task.id, version=task.version)
        self._leave(_("Done. It comes again {day}.", day=due_words(upcoming)) if upcoming else _("{title} is done.", title=task.title))

    def _postpone(self, to: str = "", values: dict[str, Any] | None = None) -> None:
        today = business_day(utc_now())
        days = {"tomorrow": today + timedelta(days=1), "monday": today + timedelta(days=7 - today.weekday())}
        day: date | None = days.get(to) or read_day(str((values or {}).get("postpone_day", "")))
        if day is None:
            raise InvalidInput(_("Choose the day to put it off until."), "postpone_day")
        self.app.crm.tasks.postpone_to(ids=(self._single().id,), day=day)
        self._leave(_("{title} is put off.", title=self.task.title))

    def _export(self) -> None:
        self.app.download(_("appointment") + ".ics", self.app.crm.calendar.export(ids=(self._id,)).encode())

    def _delete(self) -> None:
        tasks = self.app.crm.tasks
        if self._at and self.values["scope"] == ONE:
            tasks.skip(id=self._id, version=self.task.version, at=self._at)
        else:
            tasks.delete(id=self._id, version=self.task.version)
        self._leave(_("{title} is deleted.", title=self.task.title))


def _instant(text: str) -> datetime | None:
    """A time from an address, on Oslo's clock where it names no other."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=OSLO)


def _at_time(series: Task, at: datetime) -> Task:
    begins = series.begins_at
    return replace(series, **moved(series, between(begins, at))) if begins else series  # type: ignore[arg-type]
