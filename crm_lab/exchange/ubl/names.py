"""The names that UBL 2.1 and Peppol BIS Billing 3.0 give to things."""

from __future__ import annotations

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC, CBC = f"{UBL}CommonAggregateComponents-2", f"{UBL}CommonBasicComponents-2"
INVOICE, CREDIT_NOTE = f"{UBL}Invoice-2", f"{UBL}CreditNote-2"
CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
INVOICE_TYPE, CREDIT_NOTE_TYPE = "380", "381"
ORGANISATION = "0192"
"""The scheme of electronic addresses that are Norwegian organisation numbers (Peppol EAS)."""
REGISTERED = "Foretaksregisteret"
