"""Statement of account, ageing and the list of reminders, from the ledger's frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.i18n import _, current_locale, day
from crm_lab.reports.layout import Column, Form, Kind, Report, Table, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import pandas as pd

AGES = ("not_due", "d1_30", "d31_60", "d61_90", "d91_on")


def statement(
    items: pd.DataFrame, *, company: str, recipient: Sequence[str], on: date, form: Form | str = Form.PDF, since: date | None = None,
    contact: str = "",
) -> bytes:  # fmt: skip
    """A statement of account of one party: what is open, and what was posted from `since` to `on`.

    Parameters
    ----------
    items : all postings of the party, as `crm.ledger.all_items(customer_id=…, as_of=on)` gives them; amounts in øre.
    recipient : name and address, line by line.
    """
    rows = _records(items)
    number = str(rows[0]["customer_number"]) if rows else ""
    facts = [(_("Customer number"), number)] if number else []
    tables = [table for currency in _currencies(rows) for table in _statement_tables([r for r in rows if r["currency"] == currency], currency, on, since)]
    empty = Table("", (), (), empty=_("Nothing has been posted."))
    report = Report(
        sender=company, title=_("Statement of account"), recipient=tuple(recipient), language=current_locale(),
        facts=(*facts, (_("As of"), day(on)), *([(_("Questions to"), contact)] if contact else [])),
        tables=tuple(tables) or (empty,), notes=(_("Amounts owed to us are positive; payments and credits are negative."),) if rows else (),
    )  # fmt: skip
    return write(report, form)


def open_items_report(items: pd.DataFrame, *, company: str, on: date, form: Form | str = Form.PDF, is_payable: bool = False) -> bytes:
    """What is open of all parties, one row a posting: the statement of account in total.

    Parameters
    ----------
    items : as `crm.ledger.open_items(as_of=on)` gives them; amounts in øre.
    """
    columns = (
        Column(_("Number"), weight=0.9), Column(_("Name"), weight=2.6), Column(_("Date"), Kind.DAY, 1.25), Column(_("Due"), Kind.DAY, 1.25),
        Column(_("Document"), weight=1.2), Column(_("Text"), weight=2.6), Column(_("KID"), weight=1.9), Column(_("Days late"), Kind.COUNT, 0.9),
        Column(_("Amount"), Kind.AMOUNT, 1.6, is_summed=True),
    )  # fmt: skip
    names = ("customer_number", "customer_name", "posted_on", "due_on", "document_number", "text", "kid")
    rows = sorted(_records(items), key=lambda row: row["customer_number"])
    tables = [
        Table(currency, columns, tuple((*(r[n] for n in names), _late(r, on), r["amount_minor"]) for r in rows if r["currency"] == currency), total=_("Sum"))
        for currency in _currencies(rows)
    ]
    report = Report(
        sender=company, title=_("Open items, suppliers") if is_payable else _("Open items, customers"), facts=((_("As of"), day(on)),), is_wide=True,
        tables=tuple(tables) or (Table("", (), (), empty=_("Nothing is open.")),), language=current_locale(),
    )  # fmt: skip
    return write(report, form)


def ageing_report(
    balances: pd.DataFrame, *, company: str, on: date, form: Form | str = Form.PDF, is_payable: bool = False
) -> bytes:
    """What is owed by age, one row a party and a total for each currency.

    Parameters
    ----------
    balances : as `crm.ledger.balances(as_of=on)` gives them; amounts in øre.
    """
    rows = [row for row in _records(balances) if row["n_open"] and any(row[f"{name}_minor"] for name in (*AGES, "unplaced"))]
    tables = [_ageing_table([r for r in rows if r["currency"] == currency], currency) for currency in _currencies(rows)]
    report = Report(
        sender=company, title=_("Ageing, suppliers") if is_payable else _("Ageing, customers"), facts=((_("As of"), day(on)),),
        tables=tuple(tables) or (Table("", (), (), empty=_("Nothing is open.")),), is_wide=True, language=current_locale(),
        notes=(_("Days are counted from the due date, or from the posting date where there is none. Unplaced is paid, but not yet matched."),),
    )  # fmt: skip
    return write(report, form)


def reminders_report(reminders: pd.DataFrame, *, company: str, on: date, form: Form | str = Form.PDF) -> bytes:
    """The invoices to remind of, with fee and interest; nothing is sent.

    Parameters
    ----------
    reminders : as `crm.ledger.reminders(on=…)` gives them; amounts in øre.
    """
    columns = (
        Column(_("Customer"), weight=3), Column(_("Invoice"), weight=1.2), Column(_("Due"), Kind.DAY, 1.2), Column(_("Days"), Kind.COUNT, 0.8),
        Column(_("Open"), Kind.AMOUNT, 1.6, is_summed=True), Column(_("Fee"), Kind.AMOUNT, 1.1, is_summed=True), Column(_("Compensation"), Kind.AMOUNT, 1.5, is_summed=True),
        Column(_("Interest"), Kind.AMOUNT, 1.3, is_summed=True), Column(_("In all"), Kind.AMOUNT, 1.6, is_summed=True),
    )  # fmt: skip
    names = ("document_number", "due_on", "days_late", "open_minor", "fee_minor", "compensation_minor", "interest_minor", "total_minor")
    records = _records(reminders)
    known = all(r["is_rate_known"] for r in records)
    rows = tuple((_named(r), *(r[name] for name in names)) for r in records)
    report = Report(
        sender=company, title=_("Reminders"), facts=((_("As of"), day(on)),), is_wide=True, language=current_locale(),
        tables=(Table("", columns, rows, total=_("Sum"), empty=_("Nobody is to be reminded.")),),
        notes=(
            *([] if known else [_("Some rates are not entered for these days yet: the last known ones are used.")]),
            _("Fee or compensation may be claimed, not both. Consumers pay no compensation. Look the list through: nothing is sent by itself."),
        ),
    )  # fmt: skip
    return write(report, form)


def _statement_tables(rows: list[dict[str, Any]], currency: str, on: date, since: date | None) -> Iterator[Table]:
    """What is open, and what was posted with the balance after each."""
    still = [row for row in rows if row["residual_minor"]]
    columns = (
        Column(_("Date"), Kind.DAY, 1.25), Column(_("Due"), Kind.DAY, 1.25), Column(_("Document"), weight=1.2), Column(_("Text"), weight=3),
        Column(_("KID"), weight=1.9), Column(_("Days late"), Kind.COUNT, 0.9), Column(_("Amount"), Kind.AMOUNT, 1.6, is_summed=True),
    )  # fmt: skip
    yield Table(
        _("Open items, {currency}", currency=currency), columns,
        tuple((r["posted_on"], r["due_on"], r["document_number"], r["text"], r["kid"], _late(r, on), r["amount_minor"]) for r in still),
        total=_("Open balance"), empty=_("Nothing is open."),
    )  # fmt: skip
    opening = sum(row["amount_minor"] for row in rows if since and row["posted_on"] < since)
    balance, lines = opening, []
    if since and opening:
        lines.append((since, "", _("Balance brought forward"), None, opening))
    for row in (row for row in rows if not since or row["posted_on"] >= since):
        balance += row["amount_minor"]
        lines.append((row["posted_on"], row["document_number"], row["text"], row["amount_minor"], balance))
    moves = (
        Column(_("Date"), Kind.DAY, 1.25), Column(_("Document"), weight=1.2), Column(_("Text"), weight=4), Column(_("Amount"), Kind.AMOUNT, 1.6),
        Column(_("Balance"), Kind.AMOUNT, 1.6),
    )  # fmt: skip
    yield Table(_("Postings, {currency}", currency=currency), moves, tuple(lines), empty=_("Nothing has been posted."))


def _ageing_table(rows: list[dict[str, Any]], currency: str) -> Table:
    labels = (_("Not due"), _("1–30 days"), _("31–60 days"), _("61–90 days"), _("Over 90 days"), _("Unplaced"))
    amounts = (Column(label, Kind.AMOUNT, 1.5, is_summed=True) for label in (*labels, _("Balance")))
    names = [f"{name}_minor" for name in (*AGES, "unplaced", "balance")]
    by_number = sorted(rows, key=lambda row: row["customer_number"])
    lines = tuple((row["customer_number"], row["customer_name"], *(_aged(row, name) for name in names)) for row in by_number)
    head = (Column(_("Number"), weight=0.9), Column(_("Name"), weight=3.2))
    return Table(currency, (*head, *amounts), lines, total=_("Sum"))


def _aged(row: dict[str, Any], name: str) -> int | None:
    """An amount of a row; nothing instead of zero, but for the balance. What is unplaced is taken off."""
    amount: int = row[name] * (-1 if name == "unplaced_minor" else 1)
    return amount if amount or name == "balance_minor" else None


def _late(row: dict[str, Any], on: date) -> int | None:
    """Days past due of what is owed; None where it is not."""
    due = row["due_on"]
    return (on - due).days if due and due < on and row["amount_minor"] > 0 else None


def _named(row: dict[str, Any]) -> str:
    return f"{row['customer_number']} {row['customer_name']}"


def _currencies(rows: list[dict[str, Any]]) -> list[str]:
    """The currencies there are, kroner first."""
    return sorted({row["currency"] for row in rows}, key=lambda code: (code != "NOK", code))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dicts; what is missing is None."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns]
    return [dict(zip(frame.columns, values, strict=True)) for values in zip(*columns, strict=True)]
