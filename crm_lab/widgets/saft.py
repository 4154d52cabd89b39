"""SAF-T: bring a file in with its differences shown first, take it back, and hand the own ledgers out as one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.values import OrgNumber, parse_day
from crm_lab.errors import CrmError, Faults
from crm_lab.i18n import _, business_day, day, number
from crm_lab.saft import export_saft, parse_rates
from crm_lab.settings import utc_now
from crm_lab.widgets.base import Stack, aside, guarded, step_by_step
from crm_lab.widgets.customer_fields import labels
from crm_lab.widgets.forms import Form
from crm_lab.widgets.live import Live
from crm_lab.widgets.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from crm_lab.domain.saft import SaftReport
    from crm_lab.saft import SaftImport
    from crm_lab.widgets.shell import App

LARGEST_FILE = 100 << 20
SHOWN = 200


class SaftScreen(Stack):
    """One file at a time, step by step; below, the form that hands the own ledgers out. For those who keep the books."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, "SAF-T"
        self.job: SaftImport | None = None
        self._stop = self._in_own_currency = False
        self._request: UUID | None = None
        self._folder = TemporaryDirectory(prefix="saft-")
        actions: dict[str, Callable[..., None]] = {
            "stop": self._stop_it, "run": self._run, "again": self._again, "undo": self._undo, "own_currency": self._own_currency,
        }  # fmt: skip
        self.steps = Live("saft.html", app, actions=actions, base=app.base, step="choose", problem="")
        self.upload = Upload(
            hint=_("SAF-T Financial 1.10 to 1.30, up to {n} MB", n=LARGEST_FILE >> 20), accept=".xml", largest=LARGEST_FILE,
            on_file=guarded(app, self._file), on_too_large=guarded(app, self._too_large),
        )  # fmt: skip
        self.export = ExportForm(app)
        super().__init__([self.steps, self.upload, self.export])

    # a file on its way in

    def _too_large(self) -> None:
        self._show("choose", _("The file is larger than {n} MB. Bring it in with crm-lab import saft, where the file lies.", n=LARGEST_FILE >> 20))

    def _file(self, name: str, data: bytes) -> None:
        if self.steps.data["step"] != "choose":
            return
        path = Path(self._folder.name) / f"{Path(name).stem[:80] or 'saft'}.xml"
        path.write_bytes(data)
        try:
            self.job = self.app.crm.saft.read(path)
        except CrmError as error:
            self._show("choose", error.message)
            return
        self._stop = self._in_own_currency = False
        step_by_step(self.app, self._reading(self.job), self._failed)

    def _reading(self, job: SaftImport) -> Iterator[None]:
        for done in job.pieces():
            if self._stop:
                self._again()
                return
            self._show("work", working=_("The file is being read …"), done=done, total=job.size)
            yield
        self._show("work", working=_("Looking at what would happen …"), done=0, total=0)
        yield
        self._preview(job)

    def _preview(self, job: SaftImport) -> None:
        self._show("preview", report=job.preview(in_own_currency=self._in_own_currency))

    def _own_currency(self, value: bool) -> None:  # noqa: FBT001 - the page's word
        if self.job and self.steps.data["step"] == "preview":
            self._in_own_currency = value is True
            self._preview(self.job)

    def _run(self) -> None:
        if self.job and self.steps.data["step"] == "preview":
            step_by_step(self.app, self._running(self.job), self._failed)

    def _running(self, job: SaftImport) -> Iterator[None]:
        self._show("work", working=_("The postings are being saved …"), done=0, total=0)
        yield
        report = job.run(in_own_currency=self._in_own_currency)
        self.job, self._request = None, self.app.crm.last_request
        self._show("done", report=report)
        self.app.toast(report.sentence, undo=True)

    def _failed(self, text: str) -> None:
        self._let_go()
        self._show("choose", text)

    def _stop_it(self) -> None:
        self._stop = True

    def _again(self) -> None:
        self._let_go()
        self._show("choose")

    def _undo(self) -> None:
        """Take back the file that was just brought in."""
        if self._request is None:
            return
        self.app.crm.history.undo(request_id=self._request)
        self._request = None
        self.app.toast(_("The file is taken back."))
        self._show("choose")

    def _show(self, step: str, problem: str = "", report: SaftReport | None = None, **data: Any) -> None:
        for part in (self.upload, self.export):
            part.set_aside(is_aside=step != "choose")
        told = {"report": report, "counts": _counts(report), "differences": _differences(report), "warnings": _warnings(report)} if report else {}
        self.steps.refresh(step=step, problem=problem, shown=SHOWN, in_own_currency=self._in_own_currency, **told, **data)

    def _let_go(self) -> None:
        job, self.job = self.job, None
        if job is not None:
            job.discard()

    def close(self) -> None:
        """Stop what is under way, and forget the file."""
        self._stop = True
        guarded(self.app, self._let_go)()
        self._folder.cleanup()
        super().close()


def _counts(report: SaftReport) -> list[tuple[str, str]]:
    told = [
        (_("New parties"), report.n_new_parties), (_("Known parties"), report.n_known_parties), (_("Contacts"), report.n_contacts),
        (_("Opening balances"), report.n_openings), (_("New postings"), report.n_new), (_("Here already"), report.n_known), (_("Links"), report.n_matches),
    ]  # fmt: skip
    return [(label, number(n)) for label, n in told]


def _differences(report: SaftReport) -> list[tuple[str, str, str, str]]:
    rows = report.differences[:SHOWN]
    return [(d.what, number(d.says, 2), number(d.found, 2), number(d.says - d.found, 2)) for d in rows]


def _warnings(report: SaftReport) -> list[tuple[str, str, str]]:
    """Where, the field as the form of a party names it (else as the file does), and what is wrong."""
    named = labels(is_person=False) | {"currency": _("Currency"), "bic": "BIC"}
    return [(w.where, named.get(w.field, w.field), w.message) for w in report.warnings[:SHOWN]]


class ExportForm(Form):
    """Which days, and who answers for the file."""

    def __init__(self, app: App) -> None:
        last = business_day(utc_now())
        values = dict.fromkeys(("company_number", "phone", "rates"), "") | {
            "first": day(last.replace(month=1, day=1)), "last": day(last), "contact": app.me.name,
        }  # fmt: skip
        super().__init__("saft_export.html", app, values)
        self.remove_class("screen")

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        faults = Faults()
        self._asked(faults)
        return faults.found

    def store(self) -> None:
        """Make the file beside the page, and hand it over."""
        faults = Faults()
        asked = self._asked(faults)
        faults.tell()
        first, last = asked.pop("first"), asked.pop("last")
        self.start, self.problem, self.errors = dict(self.values), "", {}
        self.redraw()
        aside(self.app, lambda: self._made(first, last, asked), lambda data: self.app.download(f"saft-{first}-{last}.xml", data))

    def _made(self, first: date, last: date, asked: dict[str, Any]) -> bytes:
        with TemporaryDirectory(prefix="saft-") as folder:
            path = Path(folder) / "saft.xml"
            export_saft(self.app.crm, path, first, last, **asked)
            return path.read_bytes()

    def _asked(self, faults: Faults) -> dict[str, Any]:
        values = {name: str(value).strip() for name, value in self.values.items()}
        asked: dict[str, Any] = {name: values[name] for name in ("contact", "phone")}
        for name in ("first", "last"):
            with faults.at(name):
                asked[name] = parse_day(values[name], name)
        with faults.at("company_number"):
            asked["company_number"] = str(OrgNumber.parse(values["company_number"]))
        with faults.at("rates"):
            asked["rates"] = parse_rates(values["rates"].split())
        return asked
