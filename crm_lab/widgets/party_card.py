"""PartyCard: what the cards of customers and contacts share: head, tabs, wall, tasks, roles, categories, and what is done with it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crm_lab.domain.merges import MergeKind
from crm_lab.i18n import _, business_day, day
from crm_lab.widgets.call_tab import CallTab
from crm_lab.widgets.category_box import CategoryBox
from crm_lab.widgets.changes import change_rows
from crm_lab.widgets.document_tab import BROUGHT, DocumentTab
from crm_lab.widgets.live import Live
from crm_lab.widgets.mail_box import BROUGHT as MAILED
from crm_lab.widgets.mail_box import MailBox
from crm_lab.widgets.merges import MergedInto
from crm_lab.widgets.projects import project_row
from crm_lab.widgets.roles import Roles
from crm_lab.widgets.task_box import TaskBox
from crm_lab.widgets.wall import Wall

if TYPE_CHECKING:
    from uuid import UUID

    from crm_lab.domain.cards import ContactCard, CustomerCard, LinkedContact
    from crm_lab.domain.contacts import Contact
    from crm_lab.domain.customers import Customer, CustomerName
    from crm_lab.proxies import ServiceProxy
    from crm_lab.widgets.shell import App

INFO, CALLS, DOCUMENTS, HISTORY, LEDGER, MAIL = "info", "calls", "documents", "history", "ledger", "mail"


class PartyCard(Live):
    """One party. `noun` is its service and the address of its list, `key` the column that names it in what belongs to it.

    A subclass says how to read (`read`), which tabs there are, what its template shows beside what is shared (`own`), and
    how to rename. A tab that is another screen stands above that one, which draws it with `tab`.
    """

    noun: ClassVar[str]
    key: ClassVar[str]
    classes = ("screen",)
    template: ClassVar[str]
    card: CustomerCard | ContactCard
    party: Customer | Contact

    def __init__(self, app: App, tab: str = INFO) -> None:
        self.app, self.tab = app, tab
        self.read()
        self.path = f"{self.noun}/{self.address()}"
        about = {self.key: self.party.id}
        self.wall, self.task_box = Wall(app, about, self.reload, self.draw, self.send), TaskBox(app, about, self.reload)
        self.roles = Roles(app, about, self.reload, self.draw, self.focus_on)
        self.category_box = CategoryBox(app, about, self.reload, self.draw, self.focus_on)
        self.call_tab = CallTab(app, about, self.draw, self.focus_on)
        self.mail_box = MailBox(app, about, self.send, self.draw, self.focus_on)
        self.document_tab = DocumentTab(app, about, self.send, self.draw, self.focus_on)
        self.title = self.party.display_name
        self.merged_into = MergedInto(app, MergeKind(self.key.removesuffix("_id")), self.reload)
        app.remember(self.path, self.title)
        state = {"editing": False, "deleting": False, "noting": False}
        super().__init__(self.template, app, actions=self.actions(), on_slice=self._take, base=app.base, **state, **self._shown())
        if tab == LEDGER:  # a part of that screen
            self.remove_class("screen")

    # what a subclass says

    def read(self) -> None:
        """Read the card, and set `card` and `party`."""
        raise NotImplementedError

    def address(self) -> str:
        """What names the party in an address: of who it is now, also where it was asked for by one that was merged into it."""
        raise NotImplementedError

    def tabs(self) -> list[tuple[str, str, int | None]]:
        """Key, words and count of each tab; the first is `INFO`."""
        raise NotImplementedError

    def own(self) -> dict[str, Any]:
        """What its template shows beside what is shared."""
        raise NotImplementedError

    def rename(self, values: dict[str, Any]) -> None:
        """Save the name of the head's form."""
        raise NotImplementedError

    def field_names(self) -> dict[str, str]:
        """The fields of its history in words."""
        raise NotImplementedError

    def actions(self) -> dict[str, Any]:
        """What its template may do."""
        parts = self.wall.actions | self.task_box.actions | self.roles.actions | self.category_box.actions | self.merged_into.actions | self.call_tab.actions
        parts |= self.document_tab.actions | self.mail_box.actions
        return parts | {
            "rename_start": self._rename_start, "cancel": self._cancel, "rename": self._rename, "archive": self._archive,
            "restore": self._restore, "delete": self._ask_to_delete, "delete_surely": self._delete, "follow": self._follow,
            "annotate_start": self._annotate_start, "annotate": self._annotate,
        }  # fmt: skip

    # what is shown

    @property
    def shown_parties(self) -> set[UUID]:
        """Whom the card tells of: changes of others leave it as it is."""
        linked: tuple[LinkedContact | CustomerName, ...] = getattr(self.card, "contacts", ()) or getattr(self.card, "companies", ())
        return {self.party.id, *(one.id for one in linked), *(one.merged_id for one in self.card.merges)}

    def turn_to(self, path: str) -> bool:
        """Show the tab of an address; whether it is one of this card that is drawn here."""
        at, _slash, tab = path.removeprefix(self.path).rpartition("/")
        tab = tab or INFO
        if not path.startswith(self.path) or at or self.tab == LEDGER or tab not in {key for key, *_rest in self.tabs()} - {LEDGER}:
            return False
        self.tab = tab
        self.draw()
        return True

    def reload(self) -> None:
        """Read the party again; a name or a note being edited is left alone, and what is new is drawn after that."""
        self.read()
        self.data |= self._shown()
        if not (self.data["editing"] or self.data["noting"] or self.mail_box.is_begun):
            self.refresh()

    def draw(self) -> None:
        """Draw what is known again, for what only this page knows."""
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        card, name = self.card, self.party.display_name
        tabs = [(key, words, n, self.path if key == INFO else f"{self.path}/{key}") for key, words, n in self.tabs()]
        return {
            "c": self.party, "path": self.path, "noun": self.noun, "tab": self.tab, "tabs": tabs, "follows": self.path in self.app.followed,
            "former_names": card.former_names, "former_owners": card.former_owners, "last_contact": self._last_contact(),
            "wall_of": name, "tasks": self.task_box.shown(card.tasks), "n_tasks": self.task_box.n_open(), "n_added": self.task_box.n_added,
            "projects": [project_row(project) for project in card.projects],
            "n_projects": sum(not project.is_closed for project in card.projects),
            "merged": self.merged_into.shown(card.merges), "changes": self._changes() if self.tab == HISTORY else [],
        } | self.wall.shown(card) | self.category_box.shown(card.categories) | self._of_tab() | self.own()  # fmt: skip

    def _take(self, message: dict[Any, Any], part: bytes) -> None:
        """A slice of a file on its way to a note, or to the documents."""
        places = {BROUGHT: self.document_tab.attachments, MAILED: self.mail_box.attachments}
        places.get(str(message.get("to")), self.wall.attachments).take(message, part)

    def _of_tab(self) -> dict[str, Any]:
        """The call log, the documents or the e-mail, read where they are shown; a new call or message begins with the party's number or address."""
        if self.tab == MAIL:
            return self.mail_box.shown(self.party.email, {self.key.removesuffix("_id"): self.party.display_name})
        return self.call_tab.shown(self.party.phone or self.party.mobile) if self.tab == CALLS else self.document_tab.shown() if self.tab == DOCUMENTS else {}

    def _last_contact(self) -> str:
        """The day something was last noted or done."""
        days = [note.created_at for note in self.card.notes] + [task.done_at for task in self.card.tasks if task.done_at]
        return day(business_day(max(days))) if days else ""

    def _changes(self) -> list[dict[str, Any]]:
        told = self.app.crm.history.of(entity=self.key.removesuffix("_id"), id=self.party.id)
        return change_rows(told, self.field_names())

    # what is done with it

    @property
    def service(self) -> ServiceProxy:
        """The actions on such parties."""
        proxy: ServiceProxy = getattr(self.app.crm, self.noun)
        return proxy

    def _follow(self) -> None:
        self.app.follow(self.path, {self.key: self.party.id})
        self.refresh(follows=self.path in self.app.followed)

    def _annotate_start(self) -> None:
        self.refresh(noting=True)

    def _annotate(self, values: dict[str, Any]) -> None:
        self.service.annotate(id=self.party.id, version=self.party.version, note=str(values.get("note", "")))
        self.read()
        self.refresh(noting=False, **self._shown())
        self.app.toast(_("The note is saved."), undo=True)

    def _rename_start(self) -> None:
        self.refresh(editing=True)

    def _cancel(self) -> None:
        self.refresh(editing=False, deleting=False, noting=False)

    def _rename(self, values: dict[str, Any]) -> None:
        self.rename(values)
        self.read()
        self.app.remember(self.path, self.party.display_name)
        self.refresh(editing=False, **self._shown())
        self.app.toast(_("The name is changed."), undo=True)

    def _archive(self) -> None:
        self.service.archive(id=self.party.id, version=self.party.version)
        self.app.go(self.noun)
        self.app.toast(_("{name} is archived.", name=self.party.display_name), undo=True)

    def _restore(self) -> None:
        self.service.restore(id=self.party.id, version=self.party.version)
        self.reload()
        self.app.toast(_("{name} is back in the lists.", name=self.party.display_name), undo=True)

    def _ask_to_delete(self) -> None:
        self.refresh(deleting=True)
        self.focus_on("[data-do=delete_surely]")

    def _delete(self) -> None:
        self.service.delete(id=self.party.id, version=self.party.version)
        self.app.forget(self.path)
        self.app.go(self.noun)
        self.app.toast(_("{name} is deleted.", name=self.party.display_name), undo=True)
