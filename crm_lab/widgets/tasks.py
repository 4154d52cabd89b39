"""The list of tasks: one's own, a team's, done ones; added on one line, done and put off many at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.tasks import Priority, TaskView, start_of
from crm_lab.i18n import _, business_day, ngettext
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import Live
from crm_lab.widgets.task_box import read_day
from crm_lab.widgets.task_fields import kind_names, status_names

if TYPE_CHECKING:
    import pandas as pd

    from crm_lab.widgets.shell import App

SHOWN_DAYS = 92
"""Done tasks of about three months are listed, unless all are asked for."""


def view_names() -> dict[str, str]:
    """The views in words."""
    return {
        TaskView.MINE: _("Mine"), TaskView.COLLABORATING: _("Where I take part"), TaskView.ACTIVE: _("Everybody's, active"),
        TaskView.FUTURE: _("Later"), TaskView.DONE: _("Done"), TaskView.ALL: _("All"),
    }  # fmt: skip


class TaskList(Stack):
    """What is to be done, by view."""

    classes = ("screen", "fixed")

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Tasks")
        self._view = TaskView.MINE
        self.n_added = 0
        self.frame: pd.DataFrame
        actions = {"view": self._choose, "filter": self._filter, "add": self._add}
        self.head = Live("task_list.html", app, actions=actions, base=app.base, views=view_names(), view=self._view, n_added=0)
        self.grid = Grid(
            columns=_columns(), label=self.title, empty=_("Nothing is to be done here."),
            empty_hint=_("Add a task on the line above."),
            menu=[
                {"id": "done", "label": _("Done")},
                {"id": "postpone_1", "label": _("Put off by one day")},
                {"id": "postpone_7", "label": _("Put off by a week")},
                {"id": "open", "label": _("Show the customer or contact")},
            ],
            on_open=guarded(app, self._open), on_menu=guarded(app, self._menu),
        )  # fmt: skip
        super().__init__([self.head, self.grid])
        self.reload()

    def reload(self) -> None:
        """Read the list again."""
        since = None if self._view is TaskView.ALL else business_day(utc_now()) - timedelta(days=SHOWN_DAYS)
        self.frame = self.app.crm.tasks.list(view=self._view, since=since)
        self.grid.show(self.frame.assign(due=self.frame.due_at.fillna(self.frame.starts_at)))

    def _choose(self, view: str) -> None:
        self._view = TaskView(view)
        self.head.refresh(view=self._view)
        self.reload()

    def _filter(self, value: str) -> None:
        self.grid.filter = str(value)

    def _add(self, values: dict[str, Any]) -> None:
        due = read_day(str(values.get("due", "")))
        self.app.crm.tasks.create(title=str(values.get("title", "")), due_at=start_of(due) if due else None)
        self.n_added += 1
        self.head.refresh(n_added=self.n_added)
        self.reload()
        self.app.toast(_("The task is added."), undo=True)

    def _open(self, row: int) -> None:
        if not isinstance(row, int) or not 0 <= row < len(self.frame):
            return
        self.app.go(f"tasks/{self.frame.id.iloc[row]}")

    def _show_party(self, row: int) -> None:
        task = self.frame.iloc[row]
        if task.contact_id:
            self.app.go(f"contacts/{task.contact_id}")
        elif task.party:
            self.app.go(f"customers/{task.party_number}")

    def _menu(self, id: str) -> None:  # noqa: A002 - the grid's word
        rows = self.grid.selected_rows
        if id == "open" and rows:
            self._show_party(rows[0])
        elif id == "done" and rows:
            self._finish(rows)
        elif id in {"postpone_1", "postpone_7"} and rows:
            n = self.app.crm.tasks.postpone(ids=self._ids(rows), days=int(id[-1]))
            self.reload()
            self.app.toast(ngettext("{n} task is put off.", "{n} tasks are put off.", n), undo=True)

    def _finish(self, rows: list[int]) -> None:
        n = self.app.crm.tasks.complete_many(ids=self._ids(rows))
        self.reload()
        self.app.toast(ngettext("{n} task is done.", "{n} tasks are done.", n), undo=True)

    def _ids(self, rows: list[int]) -> tuple[UUID, ...]:
        return tuple(UUID(self.frame.id.iloc[row]) for row in rows)


def _columns() -> list[dict[str, Any]]:
    weights = {Priority.LOW: _("Low"), Priority.NORMAL: "", Priority.HIGH: _("High")}
    return [
        {"key": "title", "label": _("Task"), "min": 220, "grow": 3, "phone": 1, "fixed": True, "lock": "owner_only", "opens": True},
        {"key": "due", "label": _("Due"), "kind": "date", "width": 108, "phone": 2},
        {"key": "party", "label": _("Customer or contact"), "min": 160, "grow": 2, "phone": 3},
        {"key": "kind", "label": _("Type"), "width": 96, "map": kind_names()},
        {"key": "priority", "label": _("Priority"), "width": 92, "map": weights},
        {"key": "status", "label": _("Status"), "width": 96, "map": status_names(), "phone": 4},
        {"key": "owner", "label": _("Owner"), "min": 130},
    ]
