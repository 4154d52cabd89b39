"""Changes in the register: what we have beside what Enhetsregisteret says, taken over or dismissed with one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.notices import Watched
from crm_lab.errors import NotFound
from crm_lab.i18n import _
from crm_lab.widgets.customer_fields import STATUS_CLASS, status_text
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.domain.notices import RegisterNotice
    from crm_lab.widgets.shell import App

MOST_SHOWN = 200


def field_name(field: Watched) -> str:
    """A watched field in words."""
    return {
        Watched.STATUS: _("Status"),
        Watched.NAME: _("Name"),
        Watched.VISITING: _("Visiting address"),
        Watched.POSTAL: _("Postal address"),
    }[field]


class NoticeList(Live):
    """The notices that wait for an answer, the newest first."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Changes in the register")
        actions = {"accept": self._accept, "dismiss": self._dismiss}
        super().__init__("notices.html", app, actions=actions, base=app.base, most=MOST_SHOWN, status_class=STATUS_CLASS, **self._read())

    def reload(self) -> None:
        """Read again."""
        self.refresh(**self._read())

    def _read(self) -> dict[str, Any]:
        self._notices: list[RegisterNotice] = self.app.crm.register.notices()
        shown = self._notices[:MOST_SHOWN]
        return {
            "rows": [(n, field_name(n.field), _shown(n.field, n.ours), _shown(n.field, n.said)) for n in shown],
            "n_more": len(self._notices) - len(shown),
        }

    def _accept(self, id: str) -> None:  # noqa: A002 - the page's word
        notice = self._find(id)
        self.app.crm.register.accept(ids=(notice.id,))
        self._settled(notice, _("{name} now is as in the register.", name=notice.customer))

    def _dismiss(self, id: str) -> None:  # noqa: A002 - the page's word
        notice = self._find(id)
        self.app.crm.register.dismiss(ids=(notice.id,))
        self._settled(notice, _("{name} stays as it is.", name=notice.customer))

    def _find(self, notice_id: str) -> RegisterNotice:
        found = next((n for n in self._notices if str(n.id) == notice_id), None)
        if found is None:
            raise NotFound(_("There is no such notice."))
        return found

    def _settled(self, notice: RegisterNotice, said: str) -> None:
        """Go on with the next one."""
        at = self._notices.index(notice)
        self.app.toast(said, undo=True)
        self.app.changed()
        left: list[UUID] = [n.id for n in self._notices]
        if left:
            self.focus_on(f"#notice-{left[min(at, len(left) - 1)]}")


def _shown(field: Watched, line: str) -> str:
    return status_text(line) if field is Watched.STATUS else line
