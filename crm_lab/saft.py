"""A SAF-T file on its way in, read where it lies and sent in pieces; and the subledgers on their way out as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_lab.domain.saft import MOST_WARNINGS, NotSaft, SaftReport
from crm_lab.exchange.saft import SaftReader
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID


class SaftImport:
    """One file: `pieces()` or `send()`, then `preview()` or `run()`; `header` is known at once.

    Raises `NotSaft` where the file is none, or is another country's.
    """

    def __init__(self, actions: Any, path: str | Path) -> None:
        self._actions, self._path = actions, Path(path)
        self.size = self._path.stat().st_size
        with self._path.open("rb") as stream:
            self.header = SaftReader(stream).header
        self._reader: SaftReader | None = None
        self._id: UUID | None = None

    def pieces(self) -> Iterator[int]:
        """Send the file piece by piece; how many of its bytes are read. Who breaks off calls `discard`."""
        self.discard()
        self._id = self._actions.start(header=self.header, file_name=self._path.name)
        with self._path.open("rb") as stream:
            self._reader = SaftReader(stream)
            for position, piece in enumerate(self._reader.pieces()):
                self._actions.stage(id=self._id, position=position, piece=piece)
                yield stream.tell()

    def send(self) -> None:
        """Send all of the file. Nothing of it counts before `run`."""
        try:
            for _done in self.pieces():
                pass
        except NotSaft:
            self.discard()
            raise

    def preview(self, *, in_own_currency: bool = False) -> SaftReport:
        """What `run` would do."""
        return self._told(self._actions.preview(id=self._sent(), in_own_currency=in_own_currency))

    def run(self, *, in_own_currency: bool = False) -> SaftReport:
        """Bring it in as one request, which `history.undo` takes back."""
        report = self._told(self._actions.run(id=self._sent(), in_own_currency=in_own_currency))
        self._id = None
        return report

    def discard(self) -> None:
        """Let the store forget the file."""
        if self._id is not None:
            gone, self._id = self._id, None
            self._actions.discard(id=gone)

    def _sent(self) -> UUID:
        if self._id is None:
            self.send()
        assert self._id is not None  # noqa: S101 - send has set it
        return self._id

    def _told(self, report: SaftReport) -> SaftReport:
        """The store's report with what was seen while reading."""
        if self._reader is None:
            return report
        read = self._reader
        return replace(
            report, n_warnings=report.n_warnings + read.n_warnings, warnings=(*read.warnings, *report.warnings)[:MOST_WARNINGS],
            differences=(*read.sums.differences(), *report.differences),
        )  # fmt: skip


def read_saft(actions: Any, path: str | Path) -> SaftImport:
    """A SAF-T Financial file on its way in. Raises `NotSaft`."""
    try:
        return SaftImport(actions, path)
    except OSError as error:
        raise NotSaft(_("The file cannot be read as SAF-T: {reason}", reason=str(error)[:200])) from None
