"""Files of opportunities, sellers and budgets: what a row says, and what a misspelled name may mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import cast

from rapidfuzz.distance import OSA

from crm_lab.domain.budgets import BudgetFields, clean_amount
from crm_lab.domain.columns import UnknownWord, header_key, in_all_languages
from crm_lab.domain.imports import ImportKind, ImportRow, columns_of, parsed_row, refused
from crm_lab.domain.opportunities import OpportunityFields, OpportunityStatus, clean_opportunity
from crm_lab.domain.sales_columns import STATUS
from crm_lab.domain.values import clean_text
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import N_, _

NAMES = {"customer": 300, "owner": 120, "stage": 100, "source": 100, "type": 100, "reference": 100}
"""Columns that name what the company has, and how long such a name may be."""
NEAR_LENGTH, FAR_LENGTH = 5, 12
"""A word so long may have one letter wrong, or two."""
SECTORS = (
    N_("agriculture"), N_("construction"), N_("education"), N_("employment"), N_("energy"), N_("entertainment"), N_("finance"), N_("fishing"),
    N_("health"), N_("insurance"), N_("manufacturing"), N_("marketing"), N_("media"), N_("medical"), N_("mining"), N_("property"), N_("retail"),
    N_("services"), N_("software"), N_("technology"), N_("telecommunications"), N_("tourism"), N_("transport"), N_("wholesale"),
)  # fmt: skip
"""Words that many lists of customers have for an industry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSeller:
    """A row of sellers in stored form; a user name that the file lacks is made of the name."""

    line: int
    name: str
    username: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOpportunity:
    """A row of opportunities in stored form; `names` are those of customer, owner, stage, source and type, and `reference`, its number elsewhere."""

    line: int
    fields: OpportunityFields
    names: dict[str, str]
    made_on: date | None = None
    closed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedBudget:
    """A row of budgets in stored form; `owner` is the seller's name still."""

    line: int
    fields: BudgetFields
    owner: str = ""
    categories: tuple[str, ...] = ()


def check_opportunity(row: ImportRow, today: date) -> CheckedOpportunity:
    """A row in stored form; a stage called won or lost is a status. Raises `InvalidFields`, keyed by column."""
    faults = Faults()
    parsed = parsed_row(ImportKind.OPPORTUNITIES, row, faults)
    names = {key: _name(parsed.pop(key, ""), key, faults) for key in NAMES}
    made_on, closed_on = parsed.pop("made_on", None), parsed.pop("closed_on", None)
    if "status" not in parsed:
        parsed["status"], names["stage"] = _status(names["stage"])
    if parsed["status"] is OpportunityStatus.OPEN and closed_on:
        parsed.setdefault("expected_close_on", closed_on)
        closed_on = None
    if parsed["status"] is OpportunityStatus.LOST:
        parsed.setdefault("lost_reason", _("The file does not say why"))
    else:
        parsed.pop("lost_reason", None)
    if not names["customer"]:
        faults.note("customer", _("An opportunity needs a customer. Write its number, organisation number or name."))
    _check_days(made_on, closed_on, today, faults)
    title = parsed.pop("title", "") or parsed.get("products", "") or names["customer"]
    try:
        # whose customer it is, is looked up later: only its own fields are checked here
        fields = clean_opportunity(cast("OpportunityFields", parsed | {"title": title}), {})
    except InvalidInput as error:
        refused(faults, error, {})
    faults.tell()
    return CheckedOpportunity(line=row.line, fields=fields, names=names, made_on=made_on, closed_on=closed_on)


def check_seller(row: ImportRow) -> CheckedSeller:
    """A row in stored form. Raises `InvalidFields`, keyed by column."""
    faults = Faults()
    parsed = parsed_row(ImportKind.SELLERS, row, faults)
    name = _name(parsed.get("name", ""), "name", faults)
    if not name:
        faults.note("name", _("Enter a name."))
    faults.tell()
    return CheckedSeller(line=row.line, name=name, username=parsed.get("username", "").strip().lower(), email=parsed.get("email", "").strip())


def check_budget(row: ImportRow) -> CheckedBudget:
    """A row in stored form. Raises `InvalidFields`, keyed by column."""
    faults = Faults()
    parsed = parsed_row(ImportKind.BUDGETS, row, faults)
    for key in columns_of(ImportKind.BUDGETS):
        if key not in parsed:
            faults.note(key, _("A budget needs a seller, a month and an amount."))
    if "amount" in parsed:
        with faults.at("amount"):
            parsed["amount"] = clean_amount(parsed["amount"])
    faults.tell()
    return CheckedBudget(line=row.line, owner=parsed["owner"].strip(), fields=BudgetFields(month=parsed["month"], amount=parsed["amount"]))


def meant(text: str, known: Iterable[str]) -> str:
    """The one known name that a misspelled one can mean; "" where there is none, or more than one, or it is none but itself."""
    wanted, names = header_key(text), {header_key(name): name for name in known}
    if wanted in names:
        return names[wanted] if names[wanted] != text else ""
    most = (len(wanted) >= NEAR_LENGTH) + (len(wanted) >= FAR_LENGTH)
    near = [name for key, name in names.items() if most and OSA.distance(wanted, key, score_cutoff=most) <= most]
    return near[0] if len(near) == 1 else ""


def sector_meant(text: str) -> str:
    """The industry that a misspelled word means; "" where it is spelled well, or is none of those many lists have."""
    if " " in text.strip():
        return ""
    words = [word for sector in SECTORS for word in in_all_languages(sector)]
    return "" if header_key(text) in set(map(header_key, words)) else meant(text.strip(), words)


def misspelled(text: str, name: str) -> str:
    """The fault of a name that is nearly one we know."""
    return _("{text} is not known here. Is it {name}? Mend the file, or let the import take it for that.", text=text[:60], name=name)


def _name(text: str, key: str, faults: Faults) -> str:
    with faults.at(key):
        return clean_text(" ".join(str(text).split()), key, max_length=NAMES.get(key, 120))
    return ""


def _status(stage: str) -> tuple[OpportunityStatus, str]:
    """Whether a stage says how it ended, and the stage that is left."""
    try:
        found = STATUS(stage) if stage else OpportunityStatus.OPEN
    except UnknownWord:
        return OpportunityStatus.OPEN, stage
    return found, ""


def _check_days(made_on: date | None, closed_on: date | None, today: date, faults: Faults) -> None:
    for key, value in (("made_on", made_on), ("closed_on", closed_on)):
        if value and value > today:
            faults.note(key, _("This day has not come yet."))
    if made_on and closed_on and closed_on < made_on:
        faults.note("closed_on", _("It cannot have closed before it was made."))
