"""What was changed lately, by anybody or by oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.history import RecentChange, Touched
from crm_lab.i18n import _
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

ICONS = {
    Touched.CUSTOMER: "building-2", Touched.CONTACT: "user", Touched.OPPORTUNITY: "target", Touched.TASK: "list-checks", Touched.PROJECT: "briefcase", Touched.ORDER: "inbox",
}  # fmt: skip
PLACES = {
    Touched.CUSTOMER: "customers", Touched.CONTACT: "contacts", Touched.OPPORTUNITY: "opportunities", Touched.TASK: "tasks", Touched.PROJECT: "projects",
    Touched.ORDER: "orders",
}  # fmt: skip


class RecentScreen(Live):
    """The newest changes, each record once."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Changed lately")
        self._is_mine = False
        super().__init__("recent.html", app, actions={"whose": self._whose}, base=app.base, **self._shown())

    def reload(self) -> None:
        """Read again."""
        self.refresh(**self._shown())

    def _whose(self, mine: str) -> None:
        self._is_mine = mine == "mine"
        self.reload()

    def _shown(self) -> dict[str, Any]:
        return {"changes": [_row(one) for one in self.app.crm.history.recent(mine=self._is_mine)], "mine": self._is_mine}


def _row(one: RecentChange) -> dict[str, Any]:
    words = {
        Touched.CUSTOMER: _("Customer"), Touched.CONTACT: _("Contact"), Touched.OPPORTUNITY: _("Opportunity"), Touched.TASK: _("Task"), Touched.PROJECT: _("Project"),
        Touched.ORDER: _("Order"),
    }  # fmt: skip
    at = one.number if one.kind in {Touched.CUSTOMER, Touched.PROJECT} else one.id
    return {
        "path": f"{PLACES[one.kind]}/{at}", "icon": ICONS[one.kind], "kind": words[one.kind], "name": one.name, "at": one.done_at, "who": one.who or _("The system"),
        "is_new": one.is_new,
    }  # fmt: skip
