"""Projects on screen: the list, the page of one, and its form."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.projects import Project, ProjectStatus, clean_project
from crm_lab.errors import Faults, InvalidFields, InvalidInput
from crm_lab.i18n import _, business_day, day, kroner
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.forms import Form, Values
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live
from crm_lab.widgets.task_box import TaskBox, read_day

if TYPE_CHECKING:
    import pandas as pd

    from crm_lab.widgets.shell import App

MEMBER, PERSON = "member.", "person."
STATUS_CLASS = {ProjectStatus.ACTIVE: "ok", ProjectStatus.PAUSED: "warn"}
DAYS = ("starts_on", "ends_on")


def status_words(status: ProjectStatus) -> str:
    """How far a project has come."""
    return {
        ProjectStatus.PLANNED: _("Planned"), ProjectStatus.ACTIVE: _("Going on"), ProjectStatus.PAUSED: _("On hold"),
        ProjectStatus.DONE: _("Finished"), ProjectStatus.CANCELLED: _("Cancelled"),
    }[ProjectStatus(status)]  # fmt: skip


def project_row(project: Project) -> dict[str, Any]:
    """A project as a line of a card, and as the head of its page."""
    is_late = project.ends_on is not None and project.ends_on < business_day(utc_now()) and not project.is_closed
    return {
        "number": project.number, "name": project.name, "status": status_words(project.status), "status_class": STATUS_CLASS.get(project.status, ""),
        "leader": project.leader, "starts": day(project.starts_on) if project.starts_on else "",
        "ends": day(project.ends_on) if project.ends_on else "", "is_late": is_late, "is_closed": project.is_closed,
    }  # fmt: skip


def field_words() -> dict[str, str]:
    """The fields in words."""
    return {
        "name": _("Name"), "status": _("Status"), "starts_on": _("Start"), "ends_on": _("End"), "leader_id": _("Project leader"),
        "customer_id": _("Customer"), "budget": _("Budget, kr"), "text": _("Description"), "members": _("Members"), "contacts": _("Contacts"),
    }  # fmt: skip


class ProjectList(Stack):
    """Every project the employee may see."""

    classes = ("screen", "fixed")

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Projects")
        self.frame: pd.DataFrame
        self.head = Live("project_list.html", app, actions={"filter": self._filter}, base=app.base)
        states = {str(status): status_words(status) for status in ProjectStatus}
        self.grid = Grid(
            columns=[
                {"key": "number", "label": _("No."), "kind": "num", "width": 76},
                {"key": "name", "label": _("Project"), "min": 180, "grow": 3, "phone": 1, "fixed": True, "opens": True},
                {"key": "customer", "label": _("Customer"), "min": 150, "grow": 2, "phone": 3},
                {"key": "status", "label": _("Status"), "width": 110, "map": states, "phone": 2},
                {"key": "leader", "label": _("Project leader"), "min": 124, "phone": 4},
                {"key": "starts_on", "label": _("Start"), "kind": "date", "width": 96},
                {"key": "ends_on", "label": _("End"), "kind": "date", "width": 96},
                {"key": "budget_minor", "label": _("Budget"), "kind": "money", "width": 116},
                {"key": "n_tasks", "label": _("Tasks"), "kind": "num", "width": 84},
            ],
            sort=["number", -1], label=self.title, empty=_("No projects"), empty_hint=_("Add the first one with the button above."),
            on_open=guarded(app, self._open_row),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self.reload()

    def reload(self) -> None:
        """Read the list again."""
        self.frame = self.app.crm.projects.list()
        self.grid.show(self.frame)

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _open_row(self, row: int) -> None:
        if isinstance(row, int) and 0 <= row < len(self.frame):
            self.app.go(f"projects/{self.frame.number.iloc[row]}")


class ProjectPage(Live):
    """One project: its facts, people and tasks."""

    classes = ("screen",)

    def __init__(self, app: App, number: int) -> None:
        self.app, self._number = app, number
        self._read()
        self._task_box = TaskBox(app, {"project_id": self.project.id}, self.reload)
        self.title = self.project.name
        app.remember(f"projects/{number}", self.title)
        actions = self._task_box.actions | {"delete": self._ask, "delete_surely": self._delete, "cancel": self._cancel}
        super().__init__("project.html", app, actions=actions, base=app.base, deleting=False, **self._shown())

    def reload(self) -> None:
        """Read the project again."""
        self._read()
        self.refresh(**self._shown())

    def _read(self) -> None:
        self.project: Project = self.app.crm.projects.by_number(number=self._number)
        self._tasks = self.app.crm.tasks.of(project_id=self.project.id)

    def _shown(self) -> dict[str, Any]:
        p, names = self.project, {e.id: e.name for e in self.app.crm.employees.list()}
        contacts = [self.app.crm.contacts.get(id=key) for key in p.contacts]
        return {
            "p": p, "row": project_row(p), "budget": kroner(int(p.budget.scaleb(2))) if p.budget is not None else "",
            "members": [names[key] for key in p.members if key in names], "people": [(str(c.id), c.display_name) for c in contacts],
            "tasks": self._task_box.shown(self._tasks), "n_tasks": self._task_box.n_open(), "n_added": self._task_box.n_added,
        }  # fmt: skip

    def _ask(self) -> None:
        self.refresh(deleting=True)
        self.focus_on("[data-do=delete_surely]")

    def _cancel(self) -> None:
        self.refresh(deleting=False)

    def _delete(self) -> None:
        self.app.crm.projects.delete(id=self.project.id, version=self.project.version)
        self.app.forget(f"projects/{self._number}")
        self.app.go("projects")
        self.app.toast(_("{name} is deleted.", name=self.project.name), undo=True)


class ProjectForm(Form):
    """A project being written; without a number a new one, for a customer if that is named."""

    def __init__(self, app: App, number: int | None = None, customer_number: int | None = None) -> None:
        self.app, self._number = app, number
        self.employees = [e for e in app.crm.employees.list() if e.is_active]
        self._customers: list[tuple[str, str, str]] = []
        self._people: list[tuple[str, str, str]] = []
        self._names: dict[str, str] = {}
        values = self._stored() if number else self._fresh(customer_number)
        self.title = _("Edit {name}", name=str(values["name"])) if number else _("New project")
        actions = {
            "customer": self._customer, "customer_query": self._find_customer, "leader": self._leader, "member": self._member,
            "drop_member": self._drop, "person": self._person, "person_query": self._find_person, "drop_person": self._drop,
        }  # fmt: skip
        self._back = f"projects/{number}" if number else f"customers/{customer_number}" if customer_number else "projects"
        states = [(str(status), status_words(status)) for status in ProjectStatus]
        super().__init__("project_form.html", app, values, actions, title=self.title, states=states, back=self._back, is_new=number is None)

    def _fresh(self, customer_number: int | None) -> Values:
        blank: Values = dict.fromkeys(("name", "starts_on", "ends_on", "budget", "text", "customer_id"), "")
        blank |= {"status": str(ProjectStatus.PLANNED), "leader_id": str(self.app.me.id)}
        if customer_number is not None:
            party = self.app.crm.customers.by_number(number=customer_number)
            self._names[str(party.id)] = party.display_name
            blank["customer_id"] = str(party.id)
        return blank

    def _stored(self) -> Values:
        p: Project = self.app.crm.projects.by_number(number=self._number)
        self._project = p
        self._names |= {str(p.customer_id): p.customer} if p.customer_id else {}
        self._names |= {str(key): self.app.crm.contacts.get(id=key).display_name for key in p.contacts}
        return {
            "name": p.name, "status": str(p.status), "starts_on": p.starts_on.isoformat() if p.starts_on else "",
            "ends_on": p.ends_on.isoformat() if p.ends_on else "", "leader_id": str(p.leader_id or ""), "customer_id": str(p.customer_id or ""),
            "budget": "" if p.budget is None else str(p.budget).replace(".", ","), "text": p.text,
            **{f"{MEMBER}{key}": True for key in p.members}, **{f"{PERSON}{key}": True for key in p.contacts},
        }  # fmt: skip

    def stored(self) -> Values:
        """The project as it is saved now."""
        return self._stored()

    def shown(self) -> dict[str, Any]:
        """The people, and what may be chosen."""
        names = {str(e.id): e.name for e in self.employees}
        chosen = self._chosen(MEMBER)
        people = [(str(e.id), e.name, e.username) for e in self.employees]
        return {
            "labels": field_words(), "customer": self._names.get(str(self.values["customer_id"]), ""), "customers": self._customers,
            "leader": names.get(str(self.values["leader_id"]), ""), "leaders": people,
            "members": [(key, names.get(key, "?")) for key in chosen], "free": [p for p in people if p[0] not in chosen],
            "people": [(key, self._names.get(key, "?")) for key in self._chosen(PERSON)], "found": self._people,
        }  # fmt: skip

    def _chosen(self, prefix: str) -> list[str]:
        return [name.removeprefix(prefix) for name in self.values if name.startswith(prefix)]

    def label_of(self, part: str) -> str:
        """A part in words."""
        return {MEMBER: _("Members"), PERSON: _("Contacts")}.get(part.partition(".")[0] + ".") or field_words()[part]

    def words_for(self, values: Values) -> str:
        """Names instead of keys."""
        names = {str(e.id): e.name for e in self.employees} | self._names
        said = [names.get(name.partition(".")[2], "") if value is True else names.get(str(value), str(value)) for name, value in values.items()]
        return "\n".join(said)

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        faults = Faults()
        try:
            clean_project(self._fields(faults))
        except InvalidFields as error:
            faults.found |= error.fields
        return faults.found

    def _fields(self, faults: Faults) -> Any:
        given: dict[str, Any] = {"name": str(self.values["name"]), "text": str(self.values["text"]), "budget": None}
        given["status"] = ProjectStatus(str(self.values["status"])) if self.values["status"] in set(ProjectStatus) else ProjectStatus.PLANNED
        for name in DAYS:
            with faults.at(name):
                given[name] = read_day(str(self.values[name]), name)
        with faults.at("budget"):
            given["budget"] = read_amount(str(self.values["budget"]))
        for name in ("leader_id", "customer_id"):
            given[name] = UUID(str(self.values[name])) if self.values[name] else None
        return given | {"members": tuple(map(UUID, self._chosen(MEMBER))), "contacts": tuple(map(UUID, self._chosen(PERSON)))}

    def store(self) -> None:
        """Save and show the page."""
        faults = Faults()
        fields = self._fields(faults)
        faults.tell()
        crm = self.app.crm.projects
        saved = crm.change(id=self._project.id, version=self._project.version, **fields) if self._number else crm.create(**fields)
        self.app.go(f"projects/{saved.number}")
        self.app.toast(_("{name} is saved.", name=saved.name), undo=True)

    # choosing people

    def _find_customer(self, value: str) -> None:
        self._customers = [(str(c.id), c.name, str(c.number)) for c in self.app.crm.customers.suggest(text=str(value))]
        self.draw()

    def _find_person(self, value: str) -> None:
        hits = self.app.crm.search.find(text=str(value)).contacts.hits
        self._people = [(str(hit.id), hit.name, hit.place) for hit in hits if f"{PERSON}{hit.id}" not in self.values]
        self.draw()

    def _customer(self, id: str) -> None:  # noqa: A002 - the page's word
        self._choose("customer_id", id, self._customers)
        self._customers = []

    def _leader(self, id: str) -> None:  # noqa: A002
        self._choose("leader_id", id, [(str(e.id), e.name, "") for e in self.employees])

    def _choose(self, field: str, key: str, options: list[tuple[str, str, str]]) -> None:
        names = {value: name for value, name, _detail in options} | {"": ""}
        if key in names:
            self.values[field] = key
            self._names |= {key: names[key]} if key else {}
            self.redraw()

    def _member(self, id: str) -> None:  # noqa: A002
        if any(str(e.id) == id for e in self.employees):
            self.values[f"{MEMBER}{id}"] = True
            self.redraw()

    def _person(self, id: str) -> None:  # noqa: A002
        name = next((name for key, name, _detail in self._people if key == id), None)
        if name is not None:
            self._names[id], self.values[f"{PERSON}{id}"], self._people = name, True, []
            self.redraw()

    def _drop(self, id: str) -> None:  # noqa: A002
        for prefix in (MEMBER, PERSON):
            self.values.pop(f"{prefix}{id}", None)
        self.redraw()


def read_amount(text: str) -> Decimal | None:
    """Kroner as people write them, "1 250 000,50"; None where nothing is written. Raises `InvalidInput`."""
    plain = "".join(text.split()).replace("\u00a0", "").replace(",", ".").removesuffix(".-").removeprefix("kr")
    if not plain:
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        raise InvalidInput(_("{text} is not an amount.", text=text[:40]), "budget") from None
