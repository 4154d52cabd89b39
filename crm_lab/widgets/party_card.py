"""PartyCard: what the cards of customers and contacts share: head, wall, tasks, and what is done with the party as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crm_lab.i18n import _
from crm_lab.widgets.live import Live
from crm_lab.widgets.task_box import TaskBox
from crm_lab.widgets.wall import Wall

if TYPE_CHECKING:
    from crm_lab.connection import ServiceProxy
    from crm_lab.domain.cards import ContactCard, CustomerCard
    from crm_lab.domain.contacts import Contact
    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App


class PartyCard(Live):
    """One party. `noun` is its service and the address of its list, `key` the column that names it in what belongs to it.

    A subclass says how to read (`read`), what its template shows beside what is shared (`own`), and how to rename.
    """

    noun: ClassVar[str]
    key: ClassVar[str]
    template: ClassVar[str]
    card: CustomerCard | ContactCard
    party: Customer | Contact

    def __init__(self, app: App, path: str) -> None:
        self.app, self.path = app, path
        self.read()
        about = {self.key: self.party.id}
        self.wall, self.task_box = Wall(app, about, self.reload), TaskBox(app, about, self.reload)
        self.title = self.party.display_name
        app.remember(path, self.title)
        super().__init__(self.template, app, actions=self.actions(), base=app.base, editing=False, deleting=False, **self._shown())
        self.add_class("screen")

    # what a subclass says

    def read(self) -> None:
        """Read the card, and set `card` and `party`."""
        raise NotImplementedError

    def own(self) -> dict[str, Any]:
        """What its template shows beside what is shared."""
        raise NotImplementedError

    def rename(self, values: dict[str, Any]) -> None:
        """Save the name of the head's form."""
        raise NotImplementedError

    def noun_name(self) -> str:
        """What the list is called."""
        raise NotImplementedError

    def info_name(self) -> str:
        """What the first box is called."""
        raise NotImplementedError

    def actions(self) -> dict[str, Any]:
        """What its template may do."""
        return self.wall.actions | self.task_box.actions | {
            "rename_start": self._rename_start, "cancel": self._cancel, "rename": self._rename, "archive": self._archive,
            "restore": self._restore, "delete": self._ask_to_delete, "delete_surely": self._delete,
        }  # fmt: skip

    # what is shown

    def reload(self) -> None:
        """Read the party again; a name being edited is left alone, and what is new is drawn after that."""
        self.read()
        self.data |= self._shown()
        if not self.data["editing"]:
            self.refresh()

    def _shown(self) -> dict[str, Any]:
        card = self.card
        return {
            "c": self.party, "path": self.path, "noun": self.noun, "noun_name": self.noun_name(), "info_name": self.info_name(), "categories": card.categories,
            "former_names": card.former_names, "former_owners": card.former_owners,
            "wall_of": self.party.display_name, "notes": self.wall.shown(card.notes), "n_written": self.wall.n_written,
            "tasks": self.task_box.shown(card.tasks), "n_tasks": self.task_box.n_open(), "n_added": self.task_box.n_added,
        } | self.own()  # fmt: skip

    # what is done with it

    @property
    def service(self) -> ServiceProxy:
        """The actions on such parties."""
        proxy: ServiceProxy = getattr(self.app.crm, self.noun)
        return proxy

    def _rename_start(self) -> None:
        self.refresh(editing=True)

    def _cancel(self) -> None:
        self.refresh(editing=False, deleting=False)

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
