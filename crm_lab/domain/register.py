"""What Enhetsregisteret says of one entity, whichever way it came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crm_lab.domain.customers import Address, RegisterStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntity:
    """What we use of an Enhet, Underenhet (`parent_number` is the Enhet above it) or SlettetEnhet.

    `n_employees` is None where the register does not say: it is silent on 0–4.
    """

    organisation_number: str
    name: str
    organisation_form: str
    parent_number: str
    is_vat_registered: bool
    is_bankrupt: bool
    is_winding_up: bool
    is_deleted: bool
    deleted_on: date | None
    registered_on: date | None
    founded_on: date | None
    industry_code: str
    industry: str
    n_employees: int | None
    website: str
    phone: str
    email: str
    visiting: Address | None
    postal: Address | None

    @property
    def register_status(self) -> RegisterStatus:
        """What the register says of the company; the gravest fact wins."""
        if self.is_deleted:
            return RegisterStatus.DELETED
        if self.is_bankrupt:
            return RegisterStatus.BANKRUPT
        return RegisterStatus.WINDING_UP if self.is_winding_up else RegisterStatus.ACTIVE

    @property
    def municipality(self) -> str:
        """Where it is, else where its post goes."""
        return next((a.municipality for a in (self.visiting, self.postal) if a and a.municipality), "")
