"""Invoices from suppliers: choose a received EHF, see what was posted, take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_lab.errors import CrmError
from crm_lab.i18n import _
from crm_lab.widgets.base import Stack, guarded
from crm_lab.widgets.live import Live
from crm_lab.widgets.upload import Upload

if TYPE_CHECKING:
    from crm_lab.domain.supplier_invoices import SupplierInvoice
    from crm_lab.widgets.shell import App

LARGEST_FILE = 50 << 20


class SupplierInvoiceScreen(Stack):
    """The upload, and the documents taken in since the page was opened, the newest first."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Supplier invoices")
        self.taken: list[tuple[str, SupplierInvoice]] = []
        self.told = Live("supplier_invoices.html", app, base=app.base, problem="", taken=[])
        self.upload = Upload(
            hint=_("EHF or another invoice in UBL (.xml), up to {n} MB", n=LARGEST_FILE >> 20), accept=".xml", largest=LARGEST_FILE,
            on_file=guarded(app, self._file), on_too_large=guarded(app, self._too_large),
        )  # fmt: skip
        super().__init__([self.told, self.upload])

    def _too_large(self) -> None:
        self.told.refresh(problem=_("The file is too large for an invoice: at most {n} MB.", n=LARGEST_FILE >> 20))

    def _file(self, name: str, data: bytes) -> None:
        try:
            taken = self.app.crm.supplier_invoices.read(name, data)
        except CrmError as error:
            self.told.refresh(problem=error.message)
            return
        self.taken.insert(0, (name, taken))
        self.told.refresh(problem="", taken=self.taken)
        self.app.toast(taken.sentence, undo=not taken.is_known)
