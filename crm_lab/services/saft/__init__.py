"""SAF-T files: they come in pieces, are looked through, and are brought in with one transaction."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy import and_, delete, insert, select, update

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.saft import SaftHeader, SaftPiece, SaftReport
from crm_lab.domain.values import clean_text
from crm_lab.errors import Conflict, Forbidden, InvalidInput, NotFound
from crm_lab.i18n import _, number
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.saft.booking import Booking
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.records import Row

MOST_A_PIECE, MOST_PIECES, LONGEST_FILE_NAME = 4000, 10_000, 250
KEPT = timedelta(days=1)


class SaftBroughtIn(Conflict):
    """A file that was begun is brought in once; reading it again makes a new one."""

    def __init__(self) -> None:
        super().__init__(_("This file has been brought in already. Choose the file again to read it anew."))


class OwnFile(Conflict):
    """The file was exported from here: everything in it is here already."""

    def __init__(self) -> None:
        super().__init__(_("This file was exported from this company. Everything in it is here already."))


class Saft(Service):
    """SAF-T files on their way in. Accountants and administrators bring them in; everybody has their own."""

    @reads()
    def origin(self) -> str:
        """What our own exports say of where they come from, so that they are not read back into the same company."""
        return f"crm_lab {self.work.scalar(select(tables.company.c.id))}"

    @writes()
    def start(self, *, header: SaftHeader, file_name: str = "") -> UUID:
        """Begin with a file; what was begun and left lying for a day is thrown away. Raises `Forbidden`."""
        self._check_role()
        if header.comment == self.origin():
            raise OwnFile
        f, p = tables.saft_file, tables.saft_part
        stale = select(f.c.id).where(and_(f.c.done_at.is_(None), f.c.started_at < self.work.now - KEPT))
        old = [row["id"] for row in self.work.rows(stale)]
        self.work.connection.execute(delete(p).where(p.c.saft_file_id.in_(old)))
        self.work.connection.execute(delete(f).where(f.c.id.in_(old)))
        row = {"id": new_id(), "name": clean_text(file_name, "file_name", max_length=LONGEST_FILE_NAME), "started_at": self.work.now}
        row |= {"header": msgspec.json.encode(header).decode(), "employee_id": self.actor.id}
        self.work.connection.execute(insert(f), [row])
        return UUID(str(row["id"]))

    @writes()
    def stage(self, *, id: UUID, position: int, piece: SaftPiece) -> int:  # noqa: A002 - the wire's word
        """Keep a piece of the file; how much it holds. The same position again replaces it."""
        self._open(id)
        n, p = len(piece.parties) + len(piece.lines), tables.saft_part
        if n > MOST_A_PIECE or not 0 <= position < MOST_PIECES:
            raise InvalidInput(_("Send at most {n} rows at a time.", n=number(MOST_A_PIECE)), "piece")
        self.work.connection.execute(delete(p).where(and_(p.c.saft_file_id == id, p.c.position == position)))
        text = msgspec.json.encode(piece).decode()
        load(self.work.connection, p, [{"id": new_id(), "saft_file_id": id, "position": position, "piece": text}])
        return n

    @reads()
    def preview(self, *, id: UUID, in_own_currency: bool = False) -> SaftReport:  # noqa: A002
        """What bringing the file in would do; nothing is changed."""
        return self._book(id, in_own_currency=in_own_currency, is_rehearsal=True)

    @writes()
    def run(self, *, id: UUID, in_own_currency: bool = False) -> SaftReport:  # noqa: A002
        """Bring the whole file in, in one transaction that `history.undo` takes back.

        `in_own_currency` posts lines in the currency they name; else all is in the file's, as its balances are.

        Raises
        ------
        Forbidden, NotFound, SaftBroughtIn, OlderThanOpening
        """
        opened, f, p = self._open(id), tables.saft_file, tables.saft_part
        source = {"id": id, "name": opened["name"], "format": "saft", "sha256": "", "read_at": self.work.now, "employee_id": self.actor.id}
        self.work.connection.execute(insert(tables.payment_file), [source | dict.fromkeys(("n_booked", "n_known", "n_faulty"), 0)])
        report = self._book(id, in_own_currency=in_own_currency, is_rehearsal=False)
        counts = {"n_booked": report.n_new + report.n_openings, "n_known": report.n_known, "n_faulty": report.n_warnings}
        self.work.connection.execute(update(tables.payment_file).where(tables.payment_file.c.id == id).values(**counts))
        done = {"done_at": self.work.now, "request_id": self.work.request_id}
        self.work.connection.execute(update(f).where(f.c.id == id).values(**done))
        self.work.note(f, opened, None, opened | done)
        self.work.connection.execute(delete(p).where(p.c.saft_file_id == id))
        return report

    @writes()
    def discard(self, *, id: UUID) -> None:  # noqa: A002
        """Throw away a file that is not to be brought in after all."""
        self._open(id)
        f, p = tables.saft_file, tables.saft_part
        self.work.connection.execute(delete(p).where(p.c.saft_file_id == id))
        self.work.connection.execute(delete(f).where(f.c.id == id))

    def _book(self, file_id: UUID, *, in_own_currency: bool, is_rehearsal: bool) -> SaftReport:
        header = msgspec.json.decode(self._open(file_id)["header"], type=SaftHeader)
        booking = Booking(self.work, file_id, header, in_own_currency=in_own_currency, is_rehearsal=is_rehearsal)
        p = tables.saft_part
        of_file = p.c.saft_file_id == file_id
        for row in self.work.rows(select(p.c.id).where(of_file).order_by(p.c.position)):
            text = self.work.scalar(select(p.c.piece).where(p.c.id == row["id"]))
            booking.add(msgspec.json.decode(text, type=SaftPiece))
        return booking.finish()

    def _open(self, file_id: UUID) -> Row:
        self._check_role()
        f = tables.saft_file
        row = self.work.one(select(f).where(and_(f.c.id == file_id, f.c.employee_id == self.actor.id)))
        if row is None:
            raise NotFound(_("There is no such import of yours. Choose the file again."))
        if row["done_at"] is not None:
            raise SaftBroughtIn
        return row

    def _check_role(self) -> None:
        if not (self.actor.has(Role.ACCOUNTANT) or self.actor.has(Role.ADMIN)):
            raise Forbidden(_("Only accountants and administrators change the ledger."))
