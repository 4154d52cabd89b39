"""What the rules ask for that our own documents may break, in the words of somebody who makes an invoice."""

from __future__ import annotations

from crm_lab.i18n import _


def explained(rule: str) -> tuple[str, str] | None:
    """The field of an order that a rule is about and what to mend; None where our documents cannot break it."""
    return _about_parties().get(rule) or _about_the_document().get(rule) or _about_lines().get(rule)


def _about_parties() -> dict[str, tuple[str, str]]:
    vat_number = ("seller", _("The company needs its VAT number (organisation number and MVA) to charge VAT. Write it in the settings."))
    return {
        "PEPPOL-EN16931-R010": ("organisation_number", _("The buyer has no electronic address. Write its organisation number, or send the invoice in another way.")),
        "PEPPOL-EN16931-R020": ("seller", _("The company has no electronic address. Write its organisation number in the settings.")),
        "PEPPOL-COMMON-R041": ("organisation_number", _("An organisation number is wrong: it has nine digits and ends in a check digit.")),
        "NO-R-001": ("seller", _("The company's VAT number must be NO, nine digits and MVA, with a right organisation number.")),
        "NO-R-002": ("seller", _("Most companies must say “Foretaksregisteret” on their invoices. Switch it on in the settings if yours is there.")),
        "BR-06": ("seller", _("The company's name is missing.")),
        "BR-07": ("customer_id", _("The buyer's name is missing.")),
        "BR-08": ("seller", _("The company's address is missing. Write it in the settings.")),
        "BR-09": ("seller", _("The company's country is missing. Write it in the settings.")),
        "BR-10": ("customer_id", _("The buyer's address is missing. Write it on the customer.")),
        "BR-11": ("customer_id", _("The buyer's country is missing. Write it on the customer.")),
        "BR-57": ("delivery_place", _("The country of the place of delivery is missing.")),
        "BR-CO-26": ("seller", _("The company's organisation number is missing. Write it in the settings.")),
        "BR-S-02": vat_number,
        "BR-Z-02": vat_number,
        "BR-E-02": vat_number,
        "BR-G-02": vat_number,
        "BR-AE-02": ("organisation_number", _("Reverse charge needs the VAT number of both the company and the buyer. Write the buyer's organisation number.")),
        "BR-O-02": ("lines", _("Sales outside the VAT Act cannot be told with a VAT number. Use another VAT code.")),
    }  # fmt: skip


def _about_the_document() -> dict[str, tuple[str, str]]:
    return {
        "PEPPOL-EN16931-R003": ("buyer_reference", _("The buyer wants a reference. Write the buyer's reference or the order number.")),
        "PEPPOL-EN16931-R005": ("currency", _("VAT in kroner is only told of an invoice in another currency.")),
        "PEPPOL-EN16931-R080": ("order_reference", _("An invoice names one project at most.")),
        "BR-02": ("number", _("The invoice has no number.")),
        "BR-03": ("issued_on", _("The invoice has no date.")),
        "BR-16": ("lines", _("There is nothing to invoice. Add a line with a quantity.")),
        "BR-50": ("bank_account", _("The bank account that is to be paid to is missing. Write it in the settings.")),
        "BR-55": ("credits", _("A credit note must name its invoice.")),
        "BR-61": ("bank_account", _("The bank account that is to be paid to is missing. Write it in the settings.")),
        "BR-CL-04": ("currency", _("The currency is not one of ISO 4217.")),
        "BR-53": ("currency", _("VAT in kroner is missing. Write the rate of the currency.")),
    }  # fmt: skip


def _about_lines() -> dict[str, tuple[str, str]]:
    reckoned = _("The sum of the line is not quantity times price less the discount.")
    return {
        "BR-25": ("text", _("Say what it is.")),
        "BR-27": ("price", _("A price cannot be below zero. Write a quantity below zero instead.")),
        "BR-22": ("quantity", _("The quantity is missing.")),
        "BR-26": ("price", _("The price is missing.")),
        "BR-CL-23": ("unit", _("The unit is none of the international list of units (UN/ECE Recommendation 20).")),
        "PEPPOL-EN16931-R040": ("discount", _("The discount is not its per cent of the sum.")),
        "PEPPOL-EN16931-R120": ("price", reckoned),
        "PEPPOL-EN16931-R121": ("quantity", _("The number of units that the price is of must be above zero.")),
    }  # fmt: skip
