"""Bringing files in: choose one, say what its columns are, see what will happen, do it, and undo it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.access import Role
from crm_lab.domain.imports import ADMINS, ImportChoices, ImportKind, KnownRows, columns_of
from crm_lab.errors import CrmError
from crm_lab.exchange.sheets import LARGEST_FILE
from crm_lab.i18n import _, ngettext
from crm_lab.widgets.base import Stack, guarded, step_by_step
from crm_lab.widgets.ledger import keeps_books
from crm_lab.widgets.live import Live
from crm_lab.widgets.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm_lab.imports import FileImport
    from crm_lab.widgets.shell import App

SHOWN_FAULTS, SHOWN_IMPORTS, LONGEST_SAMPLE = 200, 50, 60
SWITCHES = {"skip_faulty", "new_categories", "without_company", "mend_names"}


def kind_texts() -> dict[str, str]:
    """What a file holds, in words."""
    return {
        ImportKind.CUSTOMERS: _("Customers and suppliers"), ImportKind.CONTACTS: _("Contacts"), ImportKind.PRODUCTS: _("Products"), ImportKind.BUDGETS: _("Budgets"),
        ImportKind.SELLERS: _("Sellers"), ImportKind.OPPORTUNITIES: _("Opportunities"),
    }  # fmt: skip


class ImportScreen(Stack):
    """One file at a time, step by step; below the first step, what was brought in before."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Import")
        self.choices = ImportChoices()
        self.job: FileImport | None = None
        self._stop = False
        actions: dict[str, Callable[..., None]] = {
            "kind": self._kind, "map": self._map, "check": self._check, "stop": self._stop_it, "back": self._to_map,
            "update": self._update, "choose": self._choose, "run": self._run, "undo": self._undo, "again": self._again,
        }  # fmt: skip
        self.steps = Live(
            "imports.html", app, actions=actions, base=app.base, step="choose", kind=ImportKind.CUSTOMERS, problem="",
            kinds=[(kind, text) for kind, text in kind_texts().items() if kind not in ADMINS or app.me.has(Role.ADMIN)], may_saft=keeps_books(app),
        )  # fmt: skip
        self.upload = Upload(
            hint=_("CSV, Excel (.xlsx) or vCard, up to {n} MB", n=LARGEST_FILE >> 20), accept=".csv,.txt,.tsv,.xlsx,.xls,.ods,.vcf,.vcard",
            largest=LARGEST_FILE, on_file=guarded(app, self._file), on_too_large=guarded(app, self._too_large),
        )  # fmt: skip
        self.before = Live("import_list.html", app, actions={"undo": self._undo}, imports=[], kinds=kind_texts())
        super().__init__([self.steps, self.upload, self.before])
        self._list()

    # choosing a file

    def reload(self) -> None:
        """Read the list of earlier imports again; what somebody is in the middle of stays."""
        self._list()

    def _list(self) -> None:
        self.before.refresh(imports=self.app.crm.imports.list()[:SHOWN_IMPORTS])

    def _kind(self, value: str) -> None:
        if value in set(ImportKind):
            self.steps.refresh(kind=ImportKind(value), problem="")

    def _too_large(self) -> None:
        self.steps.refresh(problem=_("The file is larger than {n} MB. Split it into several.", n=LARGEST_FILE >> 20))

    def _file(self, name: str, data: bytes) -> None:
        if self.steps.data["step"] != "choose":
            return
        try:
            self.job = self.app.crm.imports.read(name, self.steps.data["kind"], data)
        except CrmError as error:
            self.steps.refresh(problem=error.message)
            return
        self.choices = ImportChoices()
        self._to_map()

    def _again(self) -> None:
        self._let_go()
        self._list()
        self._show("choose")

    def _show(self, step: str, problem: str = "", **data: Any) -> None:
        """Draw a step; the file is chosen in the first one only."""
        for part in (self.upload, self.before):
            part.set_aside(is_aside=step != "choose")
        self.steps.refresh(step=step, problem=problem, **data)

    # what its columns are

    def _to_map(self, problem: str = "") -> None:
        job = self.job
        if job is None:
            return
        samples = [", ".join(dict.fromkeys(r.cells[n][:LONGEST_SAMPLE] for r in job.samples if len(r.cells) > n and r.cells[n].strip()))
                   for n in range(len(job.header))]  # fmt: skip
        self._show(
            "map", problem, job=job, mapping=list(zip(job.header, job.mapping, samples, strict=True)),
            columns=[(key, column.label) for key, column in columns_of(job.kind).items()],
            rows_text=ngettext("{n} row", "{n} rows", job.n_rows),
        )  # fmt: skip

    def _map(self, at: str, value: str) -> None:
        if self.job and self.steps.data["step"] == "map" and at.isascii() and at.isdigit():
            self.job.map(int(at), str(value))
            self._to_map()

    # what will happen

    def _check(self) -> None:
        if self.job and self.steps.data["step"] == "map":
            self._stop = False
            step_by_step(self.app, self._checking(self.job), self._to_map)

    def _checking(self, job: FileImport) -> Iterator[None]:
        for done in job.pieces():
            if self._stop:
                job.discard()
                self._to_map()
                return
            self._show("work", working=_("The rows are being checked …"), done=done, total=job.n_rows)
            yield
        self._look(job)

    def _look(self, job: FileImport) -> None:
        plan = job.preview(self.choices)
        columns = columns_of(job.kind)
        used = {key for row in plan.first for key in row.values}
        faults = [(f, columns[f.field].label if f.field in columns else "") for f in plan.faults[:SHOWN_FAULTS]]
        self._show(
            "preview", plan=plan, choices=self.choices, known=str(self.choices.known), faults=faults,
            shown=[(key, column.label) for key, column in columns.items() if key in used],
            states={"new": _("New"), "known": _("Known"), "fault": _("Fault")},
            may_run=bool(plan.n_new or plan.n_updated) and (self.choices.skip_faulty or not plan.n_faulty),
        )  # fmt: skip

    def _update(self, value: bool) -> None:  # noqa: FBT001 - the page's word
        self._choose("known", KnownRows.UPDATE if value is True else KnownRows.SKIP)

    def _choose(self, name: str, value: bool | KnownRows) -> None:  # noqa: FBT001 - the page's word
        if self.job is None or self.steps.data["step"] != "preview" or not (name in SWITCHES or isinstance(value, KnownRows)):
            return
        choice: dict[str, Any] = {name: value if name == "known" else value is True}
        self.choices = replace(self.choices, **choice)
        self._look(self.job)

    # doing it

    def _run(self) -> None:
        if self.job and self.steps.data["step"] == "preview" and self.steps.data["may_run"]:
            step_by_step(self.app, self._running(self.job), lambda text: self._show("preview", text))

    def _running(self, job: FileImport) -> Iterator[None]:
        self._show("work", working=_("The rows are being saved …"), done=0, total=0)
        yield
        result = job.run(self.choices)
        self.job = None
        self._show("done", result=result)
        self.app.toast(result.sentence, undo=True)

    def _stop_it(self) -> None:
        self._stop = True

    def _undo(self, id: str) -> None:  # noqa: A002 - the page's word
        """Take back a whole import; one that is not the caller's own, the store refuses."""
        if id not in {str(i.request_id) for i in self.app.crm.imports.list()}:
            return
        self.app.crm.history.undo(request_id=UUID(id))
        self.app.toast(_("The import is undone."))
        if self.steps.data["step"] == "done":
            self._show("choose")
        self._list()

    def _let_go(self) -> None:
        job, self.job = self.job, None
        if job is not None:
            job.discard()

    def close(self) -> None:
        """Stop what is under way, and let the store forget a file that was not brought in."""
        self._stop = True
        guarded(self.app, self._let_go)()
        super().close()

