"""Enhetsregisteret, the Norwegian register of entities: its bulk files, its service, and what we take from both."""

from crm_lab.domain.register import RegisterEntity
from crm_lab.exchange.register.api import (
    ChangeKind,
    RegisterApi,
    RegisterAway,
    RegisterChange,
    RegisterPage,
    RegisterRefused,
    TooFarDown,
)
from crm_lab.exchange.register.bulk import DamagedFile, NotARegisterFile, RowFault, TruncatedFile, read_entities
from crm_lab.exchange.register.download import download
from crm_lab.exchange.register.entity import (
    NUMBER,
    Entity,
    as_customer,
    as_customer_fields,
    as_entity,
    as_flat,
    is_deleted,
    place,
    register_status,
)

__all__ = [
    "NUMBER",
    "ChangeKind",
    "DamagedFile",
    "Entity",
    "NotARegisterFile",
    "RegisterApi",
    "RegisterAway",
    "RegisterChange",
    "RegisterEntity",
    "RegisterPage",
    "RegisterRefused",
    "RowFault",
    "TooFarDown",
    "TruncatedFile",
    "as_customer",
    "as_customer_fields",
    "as_entity",
    "as_flat",
    "download",
    "is_deleted",
    "place",
    "read_entities",
    "register_status",
]
