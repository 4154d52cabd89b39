"""A file of payments on its way in: read where it was chosen, sent to the store in pieces, and booked there at once."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from crm_lab.domain.payments import PaymentFault, one_by_one
from crm_lab.exchange.payments import read_payments
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.payments import PaymentFile

PIECE = 2000


def book_file(actions: Any, name: str, data: bytes, on_progress: Callable[[int], object] = lambda _done: None) -> PaymentFile:
    """Read and book a file; `on_progress` hears how many payments were read. Raises `Unreadable`; then nothing is booked."""
    kind, told = read_payments(data)
    begun = actions.start(name=name, format=kind, sha256=hashlib.sha256(data).hexdigest())
    rest = _("Money of a lump sum that the file does not tell more of")
    lines = (line for one in told for line in one_by_one(one, rest))
    done = 0
    try:
        while piece := list(islice(lines, PIECE)):
            payments = [line for line in piece if not isinstance(line, PaymentFault)]
            actions.stage(id=begun.id, payments=payments, faults=[line for line in piece if isinstance(line, PaymentFault)])
            done += len(piece)
            on_progress(done)
        booked: PaymentFile = actions.book(id=begun.id)
    except BaseException:
        actions.discard(id=begun.id)
        raise
    return booked
