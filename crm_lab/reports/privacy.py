"""What is held on a person, on paper and as JSON: for the person itself (GDPR articles 15 and 20)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

from crm_lab.i18n import OSLO, _, current_locale, day, moment
from crm_lab.reports.layout import Column, Form, Report, Table, write

if TYPE_CHECKING:
    from crm_lab.domain.privacy import PersonPart, PersonReport

JSON_FORM = "json"
MOST_COLUMNS = 6


def person_report(report: PersonReport, *, company: str, form: Form | str = Form.PDF) -> bytes:
    """The report as a file: "pdf", "html", "xlsx", or "json" in a structured, common form that machines read."""
    if form == JSON_FORM:
        return msgspec.json.format(msgspec.json.encode(report), indent=2)
    return write(made(report, company=company), form)


def made(report: PersonReport, *, company: str) -> Report:
    """The report before it is written as a file."""
    notes = [
        _("Source: what the person, the person's company, colleagues, Enhetsregisteret or the telephone exchange told."),
        _("You may ask for correction, erasure or restriction, object, and complain to Datatilsynet."),
    ]
    if report.n_hidden:
        notes.append(_("{n} rows are private to colleagues and are not here. An administrator who states a reason gets them.", n=report.n_hidden))
    return Report(
        sender=company, title=_("What we hold on {name}", name=report.name), language=current_locale(), notes=tuple(notes), is_wide=True,
        facts=((_("Made"), moment(report.made_at)), (_("By"), report.made_by)), tables=tuple(_table(part) for part in report.parts),
        made_on=report.made_at.astimezone(OSLO).date(),
    )  # fmt: skip


def _table(part: PersonPart) -> Table:
    names = [*dict.fromkeys(name for row in part.rows for name in row)]
    heading = f"{part.label} – {part.basis}. {part.until}."
    if len(names) > MOST_COLUMNS:
        lines = [(word_for(name), text_of(name, row[name])) for row in part.rows for name in names if name in row]
        return Table(heading, (Column(_("What"), weight=1), Column(_("Text"), weight=3)), tuple(lines))
    columns = tuple(Column(word_for(name), weight=4 if name in {"text", "title", "note"} else 1) for name in names)
    return Table(heading, columns, tuple(tuple(text_of(name, row.get(name, "")) for name in names) for row in part.rows))


def text_of(name: str, value: str) -> str:
    """A value as people read it."""
    if value in {"true", "false"}:
        return _("Yes") if value == "true" else _("No")
    if name.endswith("_at") and value:
        return moment(datetime.fromisoformat(value))
    return day(date.fromisoformat(value)) if name.endswith(("_on", "_date")) and value else value


def word_for(name: str) -> str:
    """A column in words."""
    words = {
        "first_name": _("First name"), "last_name": _("Surname"), "name": _("Name"), "number": _("Number"), "phone": _("Phone"), "mobile": _("Mobile"),
        "email": _("E-mail"), "invoice_email": _("E-mail for invoices"), "birth_date": _("Date of birth"), "language": _("Language"), "note": _("Note"), "created_at": _("Registered"),
        "archived_at": _("Archived"), "consent_on": _("Consent given"), "consent_note": _("Is for"), "kind": _("Kind"), "street": _("Street"),
        "postal_code": _("Postcode"), "city": _("Place"), "country": _("Country"), "left_at": _("Until"), "title": _("Title"),
        "is_decision_maker": _("Decision maker"), "started_on": _("From"), "ended_on": _("Until"), "said_on": _("Day"), "purpose": _("Is for"),
        "is_given": _("Given"), "how": _("How"), "text_version": _("Version of the text"), "text": _("Text"), "status": _("Status"), "due_at": _("Due"),
        "started_at": _("When"), "direction": _("Direction"), "folder": _("Folder"), "size": _("Size"), "next_step": _("Next step"), "where": _("Where"),
        "ordered_on": _("Day"), "buyer_reference": _("Your reference"), "issued_on": _("Day"), "gross": _("Amount"), "currency": _("Currency"),
        "posted_on": _("Day"), "amount": _("Amount"), "payer_name": _("Payer"), "looked_at": _("When"), "reason": _("Reason"), "done_at": _("When"),
        "who": _("Who"), "action": _("What was done"), "entity": _("Where"), "organisation_number": _("Organisation number"), "bank_account": _("Bank account"),
    }  # fmt: skip
    return words.get(name, name)
