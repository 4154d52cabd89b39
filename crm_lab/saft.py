"""A SAF-T file on its way in, read where it lies and sent in pieces; and the subledgers on their way out as one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from crm_lab.domain.access import Role
from crm_lab.domain.ledger import Ledger
from crm_lab.domain.saft import MOST_WARNINGS, NotSaft, SaftReport
from crm_lab.domain.values import parse_currency
from crm_lab.errors import InvalidInput
from crm_lab.exchange.saft import SaftReader
from crm_lab.i18n import _, business_day
from crm_lab.settings import utc_now
from crm_lab.staging import Staged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from uuid import UUID


class SaftImport(Staged):
    """One file: `pieces()` or `send()`, then `preview()` or `run()`; `header` is known at once.

    Raises `NotSaft` where the file is none, or is another country's.
    """

    def __init__(self, actions: Any, path: str | Path) -> None:
        super().__init__(actions)
        self._path = Path(path)
        self.size = self._path.stat().st_size
        with self._path.open("rb") as stream:
            self.header = SaftReader(stream).header
        self._reader: SaftReader | None = None

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


def export_saft(
    crm: Any, path: Path, first: date, last: date, *, company_number: str, contact: str = "", phone: str = "",
    rates: Mapping[str, Decimal] | None = None,
) -> int:  # fmt: skip
    """Write both subledgers as SAF-T Financial 1.30; how many postings are between the days. Raises `RateMissing`, `InvalidInput`.

    The parties are those the caller may see; private ones of colleagues come with a number and no name. An erased person has the name
    that bookkeeping law keeps, where an accountant writes the file.
    """
    from importlib.metadata import version

    from crm_lab.exchange.saft import SaftContent, write_saft

    if first > last:
        raise InvalidInput(_("The first day must not be after the last one."), "first")
    known = {row["number"]: row for row in _rows(crm.customers.export())}
    postings = [_posting(row) for ledger in Ledger for row in _rows(crm.ledger.all_items(ledger=ledger)) if row["posted_on"] <= last]
    named = {(p["ledger"], p["code"]): p for p in postings}
    once = crm.privacy.kept_names() if crm.me.has(Role.ACCOUNTANT) else {}
    parties = [_party(p | {"customer_name": once.get(int(p["code"]), p["customer_name"])}, known.get(int(p["code"]), {})) for _key, p in sorted(named.items())]
    content = SaftContent(
        company_name=crm.company.facts().name, company_number=company_number, contact=contact, phone=phone, origin=crm.saft.origin(),
        first_day=first, last_day=last, created_on=business_day(utc_now()), software_version=version("crm_lab"), parties=parties, postings=postings,
        rates=dict(rates or {}),
    )  # fmt: skip
    with _written_whole(path) as out:
        write_saft(out, content)
    return sum(p["posted_on"] >= first for p in postings)


@contextmanager
def _written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes its name once it is whole."""
    aside = path.with_name(f"{path.name}.part")
    try:
        with aside.open("wb") as out:
            yield out
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def parse_rates(texts: Iterable[str]) -> dict[str, Decimal]:
    """Rates as people write them: "EUR=11.50". Raises `InvalidInput`."""
    found = {}
    for text in texts:
        code, _equals, value = text.partition("=")
        try:
            rate = Decimal(value.strip().replace(",", "."))
        except InvalidOperation:
            rate = Decimal(0)
        if not rate.is_finite() or rate <= 0:
            raise InvalidInput(_("{text} is not a rate. Write EUR=11.50.", text=text[:40]), "rates")
        found[parse_currency(code)] = rate
    return found


def _rows(frame: Any) -> Iterator[dict[str, Any]]:
    """The rows of a frame as dicts; what is missing is None."""
    names = list(frame.columns)
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in names]
    yield from (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _posting(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"code": str(row["customer_number"]), "amount": Decimal(int(row["amount_minor"])).scaleb(-2)}


def _party(posting: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """A party as the writer wants it: postal address, else the visiting one."""
    use = "postal" if known.get("postal.city") or known.get("postal.street") else "visiting"
    place = {part: known.get(f"{use}.{part}") for part in ("street", "postal_code", "city", "country")}
    facts = {name: known.get(name) for name in ("organisation_number", "phone", "email")}
    return place | facts | {
        "ledger": posting["ledger"], "code": posting["code"], "name": posting["customer_name"], "is_person": known.get("kind") == "person",
    }  # fmt: skip
