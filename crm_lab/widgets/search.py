"""The search field, and what stands in it: one's own customers and contacts, and Enhetsregisteret."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import traitlets

from crm_lab.domain.customers import RegisterStatus
from crm_lab.domain.names import fold, tokens
from crm_lab.domain.search import LONGEST_TEXT, FindingKind, Match
from crm_lab.domain.values import Phone
from crm_lab.errors import Conflict, CrmError
from crm_lab.exchange.register import as_customer_fields
from crm_lab.i18n import _, day, ngettext, number
from crm_lab.widgets.base import View, guarded, script
from crm_lab.widgets.ledger import kind_text as posting_text
from crm_lab.widgets.live import grouped, hue, initials

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.domain.register import RegisterEntity, RegisterHits
    from crm_lab.domain.search import Finding, Hit, HitGroup
    from crm_lab.widgets.shell import App

MOST_HITS = 8
SHORTEST_FOR_REGISTER, SHORTEST_FOR_OTHERS = 2, 3
REGISTER_PAUSE = 0.1
"""Seconds without a newer question before the register is asked."""
ALL = "all"
Item = dict[str, Any]


class Search(View):
    """A field that asks as one types. It knows groups and items, not what they are.

    Events: `asked(n, text)`, answered by setting `answer` to `{n, groups}`, again when more is known; `choose(group, id)`;
    `create(group, text)`; `all(text)` on Ctrl+Enter. A group has `id, label, total, count, said, items, note, state`, an
    item `id, title, marks, sub, verb` and what it looks like.
    """

    _esm = script("menu", "search")
    answer = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)


@dataclass(slots=True)
class Question:
    """What is in the field now, and what was offered for it."""

    n: int = 0
    text: str = ""
    own: list[dict[str, Any]] = field(default_factory=list)
    register: dict[str, Any] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)
    paths: dict[tuple[str, str], str] = field(default_factory=dict)
    entities: dict[str, RegisterEntity] = field(default_factory=dict)


class PartySearch(Search):
    """The field of the top bar."""

    def __init__(self, app: App) -> None:
        self._app, self._now = app, Question()
        self._task: asyncio.Task[None] | None = None
        super().__init__(
            words={
                "label": _("Search customers, contacts and Enhetsregisteret"), "placeholder": _("Search for customer, contact or org. no."),
                "hits": _("Hits"), "key": "Ctrl K", "change": _("change group"),
            },
            on_asked=guarded(app, self._asked), on_choose=guarded(app, self._choose), on_create=guarded(app, self._create),
            on_all=guarded(app, self._show_all),
        )  # fmt: skip

    def _asked(self, n: int, text: str) -> None:
        """Answer from one's own data at once; the register's part comes when it comes."""
        if type(n) is not int or not isinstance(text, str):
            return
        self._now = now = Question(n, " ".join(text.split())[:LONGEST_TEXT])
        found = self._app.crm.search.find(text=now.text, limit=MOST_HITS, recent=self._opened())
        now.own = [self._group("customers", found.customers), self._group("contacts", found.contacts)]
        now.register = _waiting_group() if _is_for_register(now.text) else _silent_group()
        now.other = _other_group([]) | ({"state": "loading", "said": _("searching")} if _is_for_others(now.text) else {})
        self._tell(now)
        if self._task:
            self._task.cancel()
        loop = self._app.loop
        if loop is None:
            now.other = self._others(now, self._ask_others(now.text))
            now.register = self._register_group(now, self._ask_register(now.text)) if _is_for_register(now.text) else now.register
            self._tell(now)
        elif _is_for_others(now.text) or _is_for_register(now.text):
            self._task = loop.create_task(self._follow_up(now))

    async def _follow_up(self, now: Question) -> None:
        """Ask for the rest beside the work of the page, unless something newer is asked meanwhile; the register may be slow."""
        await asyncio.sleep(REGISTER_PAUSE)
        found = await asyncio.to_thread(self._ask_others, now.text)
        now.other = self._others(now, found)
        if found and now is self._now:
            self._tell(now)
        if now is self._now and _is_for_register(now.text):
            now.register = self._register_group(now, await asyncio.to_thread(self._ask_register, now.text))
        if now is self._now:
            self._tell(now)

    def _ask_others(self, text: str) -> list[Finding]:
        """Postings with that number, projects with that number or name, and notes with those words."""
        if not _is_for_others(text):
            return []
        crm = self._app.crm
        return [found for ask in (crm.ledger.find, crm.projects.search, crm.notes.search) for found in ask(text=text, limit=MOST_HITS)]

    def _others(self, now: Question, found: list[Finding]) -> dict[str, Any]:
        """What was found beside the parties; each leads to its project, or to the card or the postings of its party."""
        items = []
        for at, one in enumerate(found):
            path = f"contacts/{one.contact_id}" if one.contact_id else f"customers/{one.customer_number}"
            path = f"projects/{one.project_number}" if one.kind is FindingKind.PROJECT else path
            now.paths["other", str(at)] = path + ("/ledger" if one.kind is FindingKind.POSTING else "")
            items.append(_finding(one, now.text) | {"id": str(at)})
        return _other_group(items)

    def _ask_register(self, text: str) -> RegisterHits | None:
        try:
            hits: RegisterHits = self._app.crm.register.search(text=text, limit=MOST_HITS)
        except CrmError:
            return None
        return None if hits.away and not hits.entities else hits

    def _tell(self, now: Question) -> None:
        self.answer = {"n": now.n, "groups": [*now.own, now.register, now.other]}

    def _opened(self) -> tuple[str, ...]:
        """The cards opened last: customer numbers and contact ids."""
        return tuple(path.split("/")[1] for path in self._app.recent if path.startswith(("customers/", "contacts/")))

    def _group(self, name: str, group: HitGroup) -> dict[str, Any]:
        items = [self._item(name, hit) for hit in group.hits]
        if group.total > len(group.hits):
            items.append(_more(group.total))
        new = _("New customer “{name}”") if name == "customers" else _("New contact “{name}”")
        items.append(
            {"id": "new", "isNew": True, "face": "+", "title": new.format(name=self._now.text), "sub": _("Saved with this name"), "verb": _("Create")}
        )  # fmt: skip
        return _as_group(name, _("Customers") if name == "customers" else _("Contacts"), items, group.total)

    def _item(self, group: str, hit: Hit) -> Item:
        key = str(hit.id)
        self._now.paths[group, key] = f"{group}/{hit.number or key}"
        person = group == "contacts" or hit.is_person
        return _face(hit.name, self._now.text, is_round=person) | {
            "id": key, "sub": " · ".join(filter(None, _facts(hit))), "verb": _("Open"),
            "badge": _("Incomplete") if hit.is_incomplete else "", "tone": "warn",
        }  # fmt: skip

    def _register_group(self, now: Question, hits: RegisterHits | None) -> dict[str, Any]:
        label = "Enhetsregisteret"
        if hits is None:
            return _as_group("register", label, [], 0) | {
                "state": "away", "count": "!", "said": _("does not answer"), "note": _("Enhetsregisteret does not answer."),
            }  # fmt: skip
        now.entities = {e.organisation_number: e for e in hits.entities}
        items = [
            _face(e.name, now.text) | {
                "id": e.organisation_number, "verb": _("Add"),
                "sub": " · ".join(filter(None, (f"{_('Org. no.')} {grouped(e.organisation_number)}", e.organisation_form, e.municipality.title()))),
                **_warning(e.register_status),
            }
            for e in hits.entities
        ]  # fmt: skip
        made = _as_group("register", label, items, len(items))
        return made | ({} if items else {"note": _("No hits")}) | ({"count": f"{len(items)}+"} if len(items) == MOST_HITS else {})

    # what the user decides

    def _choose(self, group: str, id: str) -> None:  # noqa: A002 - the page's word
        """Open what was offered; what was not is somebody's invention."""
        if group == "register" and isinstance(id, str) and id in self._now.entities:
            self._add(self._now.entities[id])
        elif id == ALL and self._now.text:
            self._show_all(self._now.text)
        elif isinstance(group, str) and (path := self._now.paths.get((group, str(id)))):
            self._app.go(path)

    def _add(self, entity: RegisterEntity) -> None:
        """Register the company as one's own customer, or open the party that has its number."""
        facts = as_customer_fields(entity)
        known = tuple(name for name, value in facts.items() if value not in ("", None, ()))
        try:
            made = self._app.crm.customers.create(**facts, from_register=known)
        except Conflict as error:
            if not (theirs := getattr(error, "number", None)):
                raise
            self._app.go(f"customers/{theirs}")
            self._app.toast(error.message)
            return
        self._app.go(f"customers/{made.number}")
        self._app.toast(_("{name} is registered.", name=made.display_name), undo=True)

    def _create(self, group: str, text: str) -> None:
        """Register a party by its name alone, and open its card."""
        if not isinstance(text, str) or not text.strip():
            return
        name = text.strip()[:LONGEST_TEXT]
        if group == "customers":
            made = self._app.crm.customers.create_by_name(name=name)
            self._app.go(f"customers/{made.number}")
        elif group == "contacts":
            made = self._app.crm.contacts.create_by_name(name=name)
            self._app.go(f"contacts/{made.id}")
        else:
            return
        self._app.toast(_("{name} is registered.", name=made.display_name), undo=True)

    def _show_all(self, text: str) -> None:
        if isinstance(text, str) and text.strip():
            self._app.go(search_path(text=" ".join(text.split())[:LONGEST_TEXT]))


def marks(title: str, text: str) -> list[list[int]]:
    """Where the words of a text begin words of a title, as pairs of places; æ, ø and å count as in a search."""
    found, wanted, at = [], tokens(text), 0
    for word in title.replace("-", " ").split(" "):
        folded = fold(word)
        token = max((t for t in wanted if folded.startswith(t)), key=len, default="")
        if token:
            end = next(n for n in range(1, len(word) + 1) if len(fold(word[:n])) >= len(token) or n == len(word))
            found.append([at, at + end])
        at += len(word) + 1
    return found


def _face(title: str, text: str, *, is_round: bool = False) -> Item:
    return {"title": title, "marks": marks(title, text), "initials": initials(title), "hue": hue(title), "round": is_round}


def _facts(hit: Hit) -> Iterable[str]:
    """The second line of a hit: its number, its place, and by what it was found."""
    if hit.number:
        yield f"{_('Customer no.')} {hit.number}"
    yield hit.place if hit.number is None else hit.place.title()
    match hit.match:
        case Match.FORMER_NAME:
            yield _("formerly {name}", name=hit.text)
        case Match.ORGANISATION_NUMBER:
            yield f"{_('Org. no.')} {grouped(hit.text)}"
        case Match.PHONE:
            yield Phone(hit.text).national if hit.text.startswith("+") else hit.text  # imported as it was written
        case Match.EMAIL:
            yield hit.text


def _warning(status: RegisterStatus) -> Item:
    words = {
        RegisterStatus.WINDING_UP: (_("Winding up"), "warn"),
        RegisterStatus.BANKRUPT: (_("Bankrupt"), "bad"),
        RegisterStatus.DELETED: (_("Deleted from the register"), "bad"),
    }
    badge, tone = words.get(status, ("", ""))
    return {"badge": badge, "tone": tone}


def _as_group(name: str, label: str, items: list[Item], total: int) -> dict[str, Any]:
    said = ngettext("{n} hit", "{n} hits", total)
    return {"id": name, "label": label, "items": items, "total": total, "count": number(total), "said": said, "note": "", "state": ""}


def _more(total: int) -> Item:
    title = ngettext("Show the {n} hit", "Show all {n} hits", total)
    return {"id": ALL, "face": "→", "title": title, "sub": _("With filters and export"), "verb": _("Open")}


def _waiting_group() -> dict[str, Any]:
    words = {"state": "loading", "said": _("searching"), "note": _("Searching Enhetsregisteret …")}
    return _as_group("register", "Enhetsregisteret", [], 0) | words


def _silent_group() -> dict[str, Any]:
    return _as_group("register", "Enhetsregisteret", [], 0) | {"note": _("Type a name or an organisation number.")}


def _other_group(items: list[Item]) -> dict[str, Any]:
    return _as_group("other", _("Other"), items, len(items)) | {"note": "" if items else _("No notes, projects, invoices or KIDs.")}


def _finding(found: Finding, text: str) -> Item:
    """A note by its words, a posting by its number, a project by its name; then whose it is."""
    if found.posting is not None and found.amount is not None:
        title = f"{posting_text(found.posting)} {found.text}".strip()
        facts: tuple[str, ...] = (found.party, f"{number(found.amount, 2)} {found.currency}", day(found.on))
    elif found.kind is FindingKind.PROJECT:
        title, facts = found.text, (f"{_('Project')} {found.project_number}", found.party, found.who)
    else:
        title, facts = found.text, (_("Note"), found.party, found.who, day(found.on))
    of = found.party or found.text
    face = {"initials": initials(of), "hue": hue(of), "round": found.contact_id is not None}
    return _face(title, text) | face | {"sub": " · ".join(filter(None, facts)), "verb": _("Open")}


def _is_for_others(text: str) -> bool:
    """Whether it is long enough to be looked for in what people wrote."""
    return len(text) >= SHORTEST_FOR_OTHERS


def _is_for_register(text: str) -> bool:
    """Whether the register could know it: a name, or digits of an organisation number."""
    return len(text) >= SHORTEST_FOR_REGISTER and "@" not in text and not text.startswith("+")


def search_path(**filters: str) -> str:
    """The address of the search screen with these filters; `text` is `q` there."""
    query = {"q" if name == "text" else name: value for name, value in filters.items() if value}
    return f"search?{urlencode(query)}" if query else "search"
