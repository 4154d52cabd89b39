"""The tasks of a card: added on one line, done, put off and taken away in place."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

from crm_lab.domain.tasks import start_of
from crm_lab.errors import InvalidInput
from crm_lab.i18n import OSLO, _, business_day, day
from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crm_lab.domain.tasks import Task
    from crm_lab.widgets.shell import App

MOST_DONE = 3
"""So many done tasks stay on a card; the others are in the list of tasks."""


class TaskBox:
    """The part of a card that `task_box.html` draws; `about` names the party, `reload` draws the card again.

    `n_added` tasks were added here: it names the form, so that each begins with an empty one.
    """

    def __init__(self, app: App, about: dict[str, UUID], reload: Callable[[], None]) -> None:
        self._app, self._about, self._reload = app, about, reload
        self._tasks: dict[str, Task] = {}
        self.n_added = 0

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What its template may do."""
        return {"task_add": self._add, "task_done": self._done, "task_postpone": self._postpone, "task_delete": self._delete}

    def shown(self, tasks: Iterable[Task]) -> list[dict[str, Any]]:
        """The tasks as the template shows them: all that is to be done, and what was done last."""
        self._tasks = {str(task.id): task for task in tasks}
        now = utc_now()
        closed = [task for task in self._tasks.values() if task.is_closed][:MOST_DONE]
        listed = [*(task for task in self._tasks.values() if not task.is_closed), *closed]
        back = quote(self._app.router.path)
        return [{"id": str(t.id), "path": f"tasks/{t.id}?from={back}", "task": t, "due": due_words(t), "late": t.is_overdue(now)} for t in listed]

    def n_open(self) -> int:
        """How many are to be done."""
        return sum(not task.is_closed for task in self._tasks.values())

    def _add(self, values: dict[str, Any]) -> None:
        due = read_day(str(values.get("due", "")))
        self._app.crm.tasks.create(title=str(values.get("title", "")), due_at=start_of(due) if due else None, **self._about)
        self.n_added += 1
        self._reload()
        self._app.toast(_("The task is added."), undo=True)

    def _done(self, id: str) -> None:  # noqa: A002 - the page's word
        task = self._tasks[id]
        if task.is_closed:
            self._app.crm.tasks.reopen(id=task.id, version=task.version)
        else:
            upcoming: Task | None = self._app.crm.tasks.complete(id=task.id, version=task.version)
            text = _("Done. It comes again {day}.", day=due_words(upcoming)) if upcoming else _("{title} is done.", title=task.title)
            self._app.toast(text, undo=True)
        self._reload()

    def _postpone(self, id: str) -> None:  # noqa: A002
        self._app.crm.tasks.postpone(ids=(self._tasks[id].id,), days=1)
        self._reload()
        self._app.toast(_("Put off by one day."), undo=True)

    def _delete(self, id: str) -> None:  # noqa: A002
        task = self._tasks[id]
        self._app.crm.tasks.delete(id=task.id, version=task.version)
        self._reload()
        self._app.toast(_("The task is deleted."), undo=True)


def due_words(task: Task) -> str:
    """When a task is due, in words: a day, and the time where it has one."""
    at = task.starts_at or task.due_at
    if at is None:
        return ""
    local = at.astimezone(OSLO)
    today = business_day(utc_now())
    words = {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}.get((local.date() - today).days, day(local.date()))
    return words if task.is_all_day else f"{words} {local:%H.%M}"


def read_day(text: str, field: str = "due") -> date | None:
    """A day from a date field, None where it is empty. Raises `InvalidInput`."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(_("{text} is not a date. Write it as 31.12.2026.", text=text), field) from None
