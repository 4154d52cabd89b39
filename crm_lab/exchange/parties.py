"""Customers and contacts as a file that other programs read: CSV, Excel or vCard."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crm_lab.domain.columns import DISTRIBUTION, FLAG, KIND, LANGUAGE, VAT_TREATMENT, PartyKind
from crm_lab.domain.imports import ImportKind, columns_of
from crm_lab.exchange.sheets import write_csv, write_excel
from crm_lab.exchange.vcard import Card, CardAddress, write_cards
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

Record = dict[str, Any]
IN_WORDS = {
    "kind": KIND, "language": LANGUAGE, "terms.invoice_language": LANGUAGE, "terms.distribution": DISTRIBUTION,
    "terms.vat_treatment": VAT_TREATMENT,
}  # fmt: skip


class FileForm(StrEnum):
    """The forms of an export; the word is the file name's ending."""

    EXCEL = "xlsx"
    CSV = "csv"
    VCARD = "vcf"


def party_file(kind: ImportKind, form: FileForm, records: Sequence[Record]) -> bytes:
    """Records by column key as a file in the reader's language; `ImportKind` reads it again."""
    if form is FileForm.VCARD:
        return write_cards(_company_or_person(r) if kind is ImportKind.CUSTOMERS else _person(r) for r in records)
    columns = [column for key, column in columns_of(kind).items() if any(r.get(key) not in (None, "") for r in records) or not records]
    rows = [[_cell(column.key, r.get(column.key)) for column in columns] for r in records]
    header = [column.label for column in columns]
    if form is FileForm.CSV:
        return write_csv(header, rows)
    return write_excel(_("Customers") if kind is ImportKind.CUSTOMERS else _("Contacts"), header, rows)


def _cell(key: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return _(FLAG.shown[value])
    return _(IN_WORDS[key].shown[value]) if key in IN_WORDS else value


def _addresses(record: Record) -> tuple[CardAddress, ...]:
    parts = ("street", "postal_code", "city", "country")
    at = ({part: record.get(f"{use}.{part}") or "" for part in parts} for use in ("visiting", "postal"))
    return tuple(CardAddress(is_work=True, **place) for place in at if place["street"] or place["city"])


def _texts(record: Record, **keys: str) -> dict[str, str]:
    return {name: str(record.get(key) or "") for name, key in keys.items()}


def _company_or_person(record: Record) -> Card:
    person = record.get("kind") == PartyKind.PERSON
    names = {"first_name": "first_name", "last_name": "name"} if person else {"organisation": "name"}
    texts = _texts(record, **names, work_phone="phone", mobile="mobile", work_email="email", website="website", note="note")
    return Card(is_company=not person, addresses=_addresses(record), categories=_labels(record), **texts)  # type: ignore[arg-type]


def _person(record: Record) -> Card:
    texts = _texts(
        record, first_name="first_name", last_name="last_name", organisation="company", title="title", phone="phone", mobile="mobile",
        work_phone="work_phone", email="email", work_email="work_email", birth_date="birth_date", note="note",
    )  # fmt: skip
    return Card(addresses=_addresses(record), categories=_labels(record), **texts)  # type: ignore[arg-type]


def _labels(record: Record) -> tuple[str, ...]:
    return tuple(filter(None, str(record.get("categories") or "").split("; ")))
