"""The application: menu, top bar and the screen that the address names."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import random
import re
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import ipywidgets

from crm_lab.domain.access import Role
from crm_lab.domain.news import News
from crm_lab.errors import CrmError, NotFound
from crm_lab.i18n import _, set_locale
from crm_lab.widgets.alarms import Alarms
from crm_lab.widgets.base import close_all, guarded, running_loop
from crm_lab.widgets.live import Live
from crm_lab.widgets.router import Router
from crm_lab.widgets.routes import Missing, screen_of
from crm_lab.widgets.search import PartySearch

if TYPE_CHECKING:
    from crm_lab.connection import Connection

ON_PHONE = 4
"""So many entries of the menu stand in a phone's bottom bar; the others are behind "More"."""
MOST_RECENT = 5
MOST_OFFERS = 20
THEMES = ("auto", "light", "dark")
DENSITIES = ("compact", "full")
MOST_FOLLOWED = 8
SHOWN_EVERY, TURNS = 1.0, 0.5
"""Seconds between what a page shows of others' changes; pages of one company read within so many seconds of each other."""
ANYTHING = News(0)
COUNTED = {"contact", "customer", "opportunity", "project", "published_notebook", "register_notice", "sales_order", "task", "task_member"}
"""What the menu counts and names."""
ALARMING = {"call", "contact", "customer", "task", "task_member"}
"""What reminders and a ringing telephone say."""


def theme_name(theme: str) -> str:
    """A theme in words."""
    return {"auto": _("As the system"), "light": _("Light"), "dark": _("Dark")}[theme]


def start_path(base: str) -> str:
    """The screen the browser asked for, from what Voilà tells the kernel."""
    path = os.environ.get("SCRIPT_NAME", "")
    query = os.environ.get("QUERY_STRING", "")
    _before, found, rest = path.partition(base)
    return rest.strip("/") + (f"?{query}" if query else "") if found else ""


class App(ipywidgets.Box):
    """The whole application for one employee: `App(crm_lab.connect())`."""

    def __init__(self, crm: Connection) -> None:
        self.crm, self.me = crm, crm.me
        set_locale(self.me.locale)
        self.company = crm.company.facts()
        self.recent: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._pages: list[tuple[str, str]] = []
        self._offers: list[str] = []
        self._kept: dict[str, tuple[ipywidgets.Widget, int]] = {}
        self._heard = -1
        self._news: News | None = None
        self._shown_at = 0.0
        self.router = Router(
            lang=self.me.locale, theme=self.me.theme, density=self.me.density, path=start_path("/crm"),
            words={"undo": _("Undo"), "skip": _("Skip to content"), "unsaved": _("Leave without saving?")},
            on_undo=guarded(self, self._undo),
        )  # fmt: skip
        self.base = self.router.base
        self._count()
        self._read_followed()
        self.nav = Live("nav.html", self, actions={"density": self._choose_density}, **self._menu(""))
        account = {"theme": self._next_theme, "language": self._language, "profile": lambda: self.go("profile")}
        self.top = Live("top.html", self, actions=account, **self._top())
        self.search = PartySearch(self)
        self.main = ipywidgets.Box()
        bar = ipywidgets.Box([self.search, self.top])
        for widget, name in ((self.nav, "crm-nav"), (bar, "crm-top"), (self.main, "crm-main")):
            widget.add_class(name)
        self.alarms = Alarms(self)
        super().__init__([self.nav, bar, self.main, self.router, self.alarms])
        self.add_class("crm")
        self.add_class("crm-app")
        self._lost = False
        self._stop = threading.Event()
        self.router.observe(lambda change: self.visit(change.new), "path")
        self.visit(self.router.path)
        self._follow()

    # what screens may ask of the application

    def go(self, path: str) -> None:
        """Show another screen and put it into the address bar."""
        if self.router.path == path:
            self.visit(path)
        else:
            self.router.path = path

    def toast(self, text: str, undo: bool = False) -> None:  # noqa: FBT001, FBT002
        """Say something in passing; `undo` offers to take the newest change back."""
        offer = ""
        if undo and self.crm.last_request:
            offer = str(self.crm.last_request)
            self._offers = [*self._offers[1 - MOST_OFFERS :], offer]
        self.router.toast(text, undo=offer)

    def download(self, name: str, data: bytes, *, is_shown: bool = False) -> None:
        """Hand the user a file, or show it to be printed; what the browser takes it for follows from the name's ending."""
        self.router.download(name, data, mimetypes.guess_type(name)[0] or "application/octet-stream", is_shown=is_shown)

    def store_lost(self) -> None:
        """Say that the store is away, and try every second until it is back."""
        if self._lost:
            return
        self._lost = True
        self.router.notice = _("The data store does not answer. Trying again …")
        loop = running_loop()
        if loop is not None:
            self._retry = loop.create_task(self._until_back())

    def remember(self, path: str, name: str) -> None:
        """Put a card among the last opened ones."""
        self.recent = dict([(path, name), *((p, n) for p, n in self.recent.items() if p != path)][:MOST_RECENT])

    def forget(self, path: str) -> None:
        """Take a card that is no more from the last opened ones."""
        self.recent.pop(path, None)

    def follow(self, path: str, party: dict[str, UUID]) -> None:
        """Follow the card of a party, or no longer."""
        self.crm.cards.follow(**party, follows=path not in self.followed)
        self._read_followed()
        self.nav.refresh(**self._menu(self.nav.data["at"]))

    def _read_followed(self) -> None:
        """The followed cards, name by path; nothing where the store is away."""
        self.followed: dict[str, str] = {}
        with suppress(CrmError):
            for card in self.crm.cards.followed():
                self.followed[f"contacts/{card.contact_id}" if card.contact_id else f"customers/{card.customer_number}"] = card.name

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The page's event loop; None in a test or a script."""
        return running_loop()

    # showing screens

    def visit(self, path: str) -> None:
        """Show the screen of an address; errors become a screen of their own."""
        guarded(self, self._visit)(path)

    def _visit(self, path: str) -> None:
        at = self.main.children[0] if self.main.children else None
        turn_to = getattr(at, "turn_to", None)
        if turn_to and turn_to(path):
            return
        try:
            self._show(self._put_back(path) or screen_of(self, path), path)
        except NotFound as error:
            self._show(Missing(self, _("Not found"), error.message), path)

    def _show(self, screen: ipywidgets.Widget, path: str) -> None:
        old, self.main.children = self.main.children, (screen,)
        for widget in old:
            self._put_away(widget)
        at = re.split("[/?]", path, maxsplit=1)[0] or "dashboard"
        menu = self._menu(at)
        if self.nav.data["at"] and menu | {"at": ""} == self.nav.data | {"at": ""}:  # a page that is not there yet hears no message
            self.nav.point_at(at)
        else:
            self.nav.refresh(**menu)
        self.router.title = f"{getattr(screen, 'title', 'CRM')} – {self.company.name}"
        self.router.settle()

    def _put_away(self, screen: ipywidgets.Widget) -> None:
        """A list is kept, and comes back as it was left; everything else is freed."""
        path = getattr(screen, "kept_as", "")
        if path and path != getattr(self.main.children[0], "kept_as", ""):
            screen.rest()
            self._kept[path] = screen, self._heard
        else:
            close_all(screen)

    def _put_back(self, path: str) -> ipywidgets.Widget | None:
        """The screen that was kept for this address, read again where anything was changed meanwhile."""
        screen, heard = self._kept.pop(path, (None, 0))
        if screen is not None and self._concerns(screen, self.crm.changes.news(after=heard, timeout=0)):
            screen.reload()
        return screen

    def _menu(self, at: str) -> dict[str, Any]:
        items: list[dict[str, Any]] = [
            {"path": "dashboard", "label": _("Home"), "icon": "layout-dashboard", "count": None},
            {"path": "customers", "label": _("Customers"), "icon": "building-2", "count": self._counts.get("customers")},
            {"path": "contacts", "label": _("Contacts"), "icon": "user", "count": self._counts.get("contacts")},
            {"path": "tasks", "label": _("Tasks"), "icon": "list-checks", "count": self._counts.get("tasks")},
            {"path": "calendar", "label": _("Calendar"), "icon": "calendar", "count": None},
            {"path": "mail", "label": _("My e-mail"), "icon": "mail", "count": None},
            {"path": "calls", "label": _("Call log"), "icon": "phone", "count": None},
            {"path": "documents", "label": _("Documents"), "icon": "paperclip", "count": None},
            {"path": "recent", "label": _("Changed lately"), "icon": "clock", "count": None},
            {"path": "pipeline", "label": _("Pipeline"), "icon": "kanban", "count": self._counts.get("opportunities")},
            {"path": "opportunities", "label": _("Opportunities"), "icon": "target", "count": None},
            {"path": "orders", "label": _("Orders"), "icon": "inbox", "count": self._counts.get("orders")},
            {"path": "products", "label": _("Products"), "icon": "tag", "count": None},
            {"path": "ledger", "label": _("Ledger"), "icon": "landmark", "count": None},
            {"path": "projects", "label": _("Projects"), "icon": "briefcase", "count": self._counts.get("projects")},
        ]
        if self.me.has(Role.ACCOUNTANT) or self.me.has(Role.ADMIN):
            items.append({"path": "payments", "label": _("Incoming payments"), "icon": "banknote", "count": None})
        items.append({"path": "register", "label": _("The register"), "icon": "bell", "count": self._counts.get("register") or None})
        items.append({"path": "duplicates", "label": _("Duplicates"), "icon": "merge", "count": None})
        items.append({"path": "imports", "label": _("Import"), "icon": "upload", "count": None})
        if self.me.has(Role.ADMIN):
            items.append({"path": "employees", "label": _("Employees"), "icon": "users", "count": None})
            items.append({"path": "settings", "label": _("Settings"), "icon": "settings", "count": None})
        return {
            "items": items, "at": at, "base": self.base, "me": self.me, "company": self.company.name,
            "pages": self._pages, "recent": list(self.recent.items()), "followed": list(self.followed.items())[:MOST_FOLLOWED],
            "densities": [("compact", _("Classic")), ("full", "CRM")], "density": self.me.density, "rest": [item | {"base": self.base, "key": "", "cls": ""} for item in items[ON_PHONE:]],
        }  # fmt: skip

    def _count(self) -> None:
        """Ask how many there are, for the menu; nothing where the store is away."""
        self._counts, self._pages = {}, []
        with suppress(CrmError):
            self._counts = self.crm.overview.counts()
            self._pages = [(f"{self.base.removesuffix('/crm')}/pages/{one.id}", one.title) for one in self.crm.notebooks.list() if one.is_active]

    def _top(self) -> dict[str, Any]:
        return {
            "is_demo": self.company.is_demo, "company": self.company.name, "me": self.me,
            "theme_label": _("Theme: {name}", name=theme_name(self.me.theme)),
            "other_language": "English" if self.me.locale == "nb" else "Norsk",
        }

    # settings of one's own

    def prefer(self, *, locale: str = "", theme: str = "", density: str = "") -> None:
        """Change one's own language, theme or density; a new language loads the page again."""
        self.me = self.crm.sessions.prefer(locale=locale, theme=theme, density=density)
        self.router.theme, self.router.density = self.me.theme, self.me.density
        self.nav.refresh(**self._menu(self.nav.data["at"]))
        self.top.refresh(**self._top())
        if locale:
            self.router.reload()

    def _next_theme(self) -> None:
        self.prefer(theme=THEMES[(THEMES.index(self.me.theme) + 1) % len(THEMES)])

    def _choose_density(self, density: str) -> None:
        if density in DENSITIES and density != self.me.density:
            self.prefer(density=density)

    def _language(self) -> None:
        self.prefer(locale="en" if self.me.locale == "nb" else "nb")

    def _undo(self, id: str) -> None:  # noqa: A002 - the page's word
        """Take back the change of one toast; an id that no toast offered is none of ours."""
        if id not in self._offers:
            return
        self._offers.remove(id)
        self.crm.history.undo(request_id=UUID(id))
        self.toast(_("Undone."))
        path, screen = self.router.path, self.main.children[0]
        if getattr(screen, "is_begun", False):
            return  # somebody is in the middle of something there
        try:
            if hasattr(screen, "reload"):
                screen.reload()  # focus, filter and place stay
            else:
                self._show(screen_of(self, path), path)
        except NotFound:  # what was taken back is what this screen showed
            self.forget(path)
            self.go(path.partition("/")[0])

    # what others do, and a store that goes away

    def changed(self, news: News = ANYTHING) -> None:
        """Somebody wrote something: show it where it is shown, unless a form is being filled in."""
        if self._lost or not self.main.children:
            return
        screen = self.main.children[0]
        if hasattr(screen, "reload") and self._concerns(screen, news):
            guarded(self, screen.reload)()
        if news.concerns(ALARMING):
            self.alarms.reload()
        if news.concerns(COUNTED):
            self._count()
            self.nav.refresh(**self._menu(self.nav.data["at"]))

    def _concerns(self, screen: ipywidgets.Widget, news: News) -> bool:
        """Whether something was written that a screen shows; it may say in which tables that is, and of which parties."""
        return news.concerns(getattr(screen, "shown_tables", None), getattr(screen, "shown_parties", None))

    def _follow(self) -> None:
        loop = running_loop()
        if loop is not None:
            threading.Thread(target=self._listen, args=(loop,), daemon=True).start()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        after = -1
        while not self._stop.is_set():
            try:
                news = self.crm.changes.news(after=after)
            except CrmError:
                loop.call_soon_threadsafe(self.store_lost)
                self._stop.wait(1.0)
                continue
            if news.last > after:
                loop.call_soon_threadsafe(partial(self._hear, news, is_first=after < 0))
            after = news.last

    def _hear(self, news: News, *, is_first: bool) -> None:
        """Show the news in a moment, with what comes meanwhile; the pages of a company take turns."""
        if is_first:
            self._heard = news.last
        elif self._news is not None:
            self._news = self._news.and_then(news)
        else:
            self._news = news
            pause = self._shown_at + SHOWN_EVERY - time.monotonic()
            asyncio.get_running_loop().call_later(max(pause, 0) + random.uniform(0, TURNS), self._show_news)  # noqa: S311 - no secret

    def _show_news(self) -> None:
        news, self._news, self._shown_at = self._news, None, time.monotonic()
        if news is not None and not self._stop.is_set():
            self.changed(news)
            self._heard = news.last

    def close(self) -> None:
        """Stop listening for changes, and let go."""
        self._stop.set()
        super().close()

    async def _until_back(self) -> None:
        while self._lost:
            await asyncio.sleep(1.0)
            try:
                await asyncio.to_thread(self.crm.health)
            except CrmError:
                continue
            self._lost = False
            self.router.notice = ""
            if not self.main.children or hasattr(self.main.children[0], "reload"):
                self.visit(self.router.path)
