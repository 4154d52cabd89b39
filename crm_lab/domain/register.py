"""What Enhetsregisteret says of one entity, whichever way it came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from crm_lab.domain.addresses import Address
from crm_lab.domain.customers import RegisterStatus


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


class RegisterSource(StrEnum):
    """Who answered."""

    NONE = ""
    LOCAL = "local"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAnswer:
    """What is known of one organisation number, from whom and since when.

    `main_unit` is the entity above a sub-unit. `away` means that whoever might know did not answer: without an
    `entity` the question is open, with one its main unit may be missing.
    """

    entity: RegisterEntity | None = None
    main_unit: RegisterEntity | None = None
    source: RegisterSource = RegisterSource.NONE
    read_at: datetime | None = None
    away: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterHits:
    """What a search found, best first; `away` as in `RegisterAnswer`."""

    entities: tuple[RegisterEntity, ...] = ()
    source: RegisterSource = RegisterSource.NONE
    away: bool = False
