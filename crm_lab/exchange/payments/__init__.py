"""Files of payments: Nets OCR giro, and ISO 20022 camt.053 and camt.054, each read as a stream of `Payment`.

A new format is a class with `PaymentReader`'s two methods, added to `READERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crm_lab.exchange.payments.camt import CamtReader
from crm_lab.exchange.payments.ocr import OcrReader
from crm_lab.exchange.sheets import Unreadable
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.domain.payments import Payment, PaymentFault, PaymentFormat

LARGEST_FILE = 100 << 20


class PaymentReader(Protocol):
    """One format."""

    def format_of(self, data: bytes) -> PaymentFormat | None:
        """What the file is, or None where it is not this reader's."""

    def read(self, data: bytes) -> Iterator[Payment | PaymentFault]:
        """Its payments in order; what cannot be read comes as a fault and ends nothing."""


READERS: tuple[PaymentReader, ...] = (OcrReader(), CamtReader())


def read_payments(data: bytes) -> tuple[PaymentFormat, Iterator[Payment | PaymentFault]]:
    """What a file of payments is, and what it tells. Raises `Unreadable` where it is something else."""
    if len(data) > LARGEST_FILE:
        raise Unreadable(_("The file is larger than {n} MB. Split it into several.", n=LARGEST_FILE >> 20))
    for reader in READERS:
        kind = reader.format_of(data)
        if kind is not None:
            return kind, reader.read(data)
    raise Unreadable(_("This is no file of payments that can be read. Choose an OCR giro file from Nets, or camt.053 or camt.054 from the bank."))
