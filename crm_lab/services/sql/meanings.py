"""What the tables and columns of SQL mean."""

from __future__ import annotations

from crm_lab.i18n import _


def tables_meant() -> dict[str, str]:
    """What each table holds."""
    return {
        "customers": _("Customers and suppliers, archived ones too"),
        "contacts": _("Persons at customers, archived ones too"),
        "contact_roles": _("Which contact has which role at which customer"),
        "addresses": _("Addresses of customers and contacts"),
        "categories": _("Which customers and contacts are in which category"),
        "postings": _("The subledger: one row a posting"),
        "matches": _("Matches that hold, and what is left of each"),
        "tasks": _("Tasks and meetings; one that recurs is one row"),
        "notes": _("Notes on cards"),
        "projects": _("Projects"),
        "opportunities": _("Opportunities you may see"),
        "opportunity_sellers": _("Who is credited with how many percent of an opportunity"),
        "opportunity_changes": _("Every change of an opportunity since it was made"),
        "budgets": _("What sellers are to sell, month by month"),
        "orders": _("Quotes and orders"),
        "order_lines": _("Lines of quotes and orders"),
        "invoices": _("Invoices and credit notes"),
        "products": _("What is sold"),
        "employees": _("The company's employees"),
    }


def meaning_of(table: str, column: str) -> str:
    """What a column means: in its table, else wherever it stands."""
    return _special().get((table, column)) or (_records() | _sales() | _ledger() | _work())[column]


def _special() -> dict[tuple[str, str], str]:
    return {
        ("opportunities", "title"): _("What it is about"),
        ("tasks", "title"): _("What is to be done"),
        ("categories", "category"): _("Name of the category"),
        ("matches", "number"): _("The match number, shown as Kobling ID"),
        ("matches", "made_by"): _("Who matched; empty where a rule did"),
        ("postings", "amount_minor"): _("Amount in øre; what is owed to us is positive"),
        ("postings", "match_number"): _("Number of the match it is in; empty where it is open"),
        ("postings", "kind"): _("What was posted: invoice, payment, credit note and so on"),
        ("budgets", "month"): _("First day of the month"),
        ("addresses", "kind"): _("What the address is for"),
        ("invoices", "kind"): _("invoice or credit_note"),
        ("tasks", "kind"): _("task, call or meeting"),
        ("tasks", "percent"): _("How much is done, in percent"),
        ("order_lines", "net_minor"): _("Amount without VAT after discount, in øre"),
        ("customers", "name"): _("The name as it is shown"),
        ("projects", "budget_minor"): _("The project's budget in øre"),
        ("opportunities", "contact"): _("Name of the contact"),
        ("opportunities", "category"): _("Forecast: commit, best_case, pipeline, omitted"),
    }


def _records() -> dict[str, str]:
    number, owner = _("Number that people use"), _("Who it belongs to")
    return {
        "id": _("Key of the row"), "customer_id": _("Key of the customer"), "contact_id": _("Key of the contact"), "owner_id": _("Key of the owner"),
        "owner": owner, "created_at": _("When it was made"), "archived_at": _("When it was archived; empty where in use"), "number": number,
        "supplier_number": _("Number as a supplier"), "name": _("Name"), "is_customer": _("Whether it buys"), "is_supplier": _("Whether it sells to us"),
        "is_person": _("Whether it is a person"), "organisation_number": _("Organisation number"), "organisation_form": _("Organisation form"),
        "industry_code": _("Industry code"), "industry": _("Industry"), "n_employees": _("Number of employees"), "founded_on": _("Day of foundation"),
        "register_status": _("Status in the register of entities"), "phone": _("Phone"), "mobile": _("Mobile"), "email": _("E-mail"), "website": _("Website"),
        "postal_code": _("Postal code"), "city": _("City"), "municipality": _("Municipality"), "country": _("Country"), "street": _("Street"),
        "first_name": _("First name"), "last_name": _("Last name"), "consent_on": _("Day of the consent"), "title": _("Title"),
        "is_decision_maker": _("Whether the person decides"), "started_on": _("First day"), "ended_on": _("Last day; empty where it lasts"),
        "username": _("Username"), "is_active": _("Whether in use"),
    }  # fmt: skip


def _sales() -> dict[str, str]:
    return {
        "pipeline": _("Name of the pipeline"), "stage": _("Name of the stage"), "stage_position": _("Where the stage stands, from the left"),
        "status": _("Status"), "amount_minor": _("Amount in øre"), "currency": _("Currency"), "amount_nok_minor": _("Amount in øre of kroner; empty where the rate is unknown"),
        "weighted_nok_minor": _("Amount times probability, in øre of kroner"), "is_recurring": _("Whether it comes back every year"),
        "probability": _("Probability in percent"), "expected_close_on": _("Day it is expected to close"), "first_close_on": _("The first day it was expected"),
        "n_pushes": _("How often it was put off"), "source": _("Source"), "type": _("Type"), "competitor": _("Competitor"), "next_step": _("Next step"),
        "next_step_on": _("Day of the next step"), "lost_reason": _("Why it was lost"), "lost_note": _("Why it was lost, in words"), "products": _("Products"),
        "stage_since": _("When it came to the stage"), "closed_on": _("Day it was won or lost, in Oslo"), "is_open": _("Whether it is undecided"),
        "opportunity_id": _("Key of the opportunity"), "employee_id": _("Key of the employee"), "seller": _("The seller's name"), "percent": _("Share in percent"),
        "changed_at": _("When it was changed"), "changed_by": _("Who changed it"), "field": _("What was changed"), "old": _("As it was"), "new": _("As it became"),
        "order_id": _("Key of the order"), "ordered_on": _("Day of the order"), "delivered_on": _("Day of delivery"), "net_minor": _("Without VAT, in øre"),
        "vat_minor": _("VAT in øre"), "gross_minor": _("With VAT, in øre"), "position": _("Place in the order"), "product_id": _("Key of the product"),
        "product_number": _("Product number"), "quantity": _("Quantity"), "unit": _("Unit"), "price": _("Price of one, without VAT"), "discount": _("Discount in percent"),
        "vat_code": _("VAT code"), "series": _("Series of the number"), "credits_id": _("Key of the invoice it credits"), "issued_on": _("Day of the invoice"),
    }  # fmt: skip


def _ledger() -> dict[str, str]:
    return {
        "ledger": _("receivable or payable"), "account": _("Account"), "document_number": _("Document number"), "voucher": _("Voucher"),
        "posted_on": _("Day of posting"), "due_on": _("Due date"), "kid": _("KID"), "text": _("Text"), "rule": _("The rule that matched"),
        "reason": _("Why it was matched"), "made_at": _("When it was made"), "n_items": _("Number of postings"), "residual_minor": _("What is left, in øre"),
    }  # fmt: skip


def _work() -> dict[str, str]:
    return {
        "priority": _("Priority"), "starts_at": _("When it starts"), "due_at": _("When it is due"), "is_all_day": _("Whether it takes the day"),
        "minutes": _("Length in minutes"), "rrule": _("How it recurs (iCalendar)"), "project_id": _("Key of the project"), "done_at": _("When it was done"),
        "author_id": _("Key of the author"), "author": _("Who wrote it"), "edited_at": _("When it was last edited"), "pinned_at": _("When it was pinned"),
        "starts_on": _("First day"), "ends_on": _("Last day"), "leader_id": _("Key of the leader"), "leader": _("The leader's name"),
    }  # fmt: skip
