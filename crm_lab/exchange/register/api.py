"""Enhetsregisteret's open service: one entity by number, names, and what has changed since.

Format: https://data.brreg.no/enhetsregisteret/api/dokumentasjon. An entity comes as Enhet or SlettetEnhet with 200;
404 has no body; 410 is an entity that was taken out for legal reasons; a search without hits has no `_embedded`.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import msgspec
from cachetools import TTLCache

from crm_lab.domain.values import OrgNumber
from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.exchange.register.entity import Entity, as_entity, as_flat
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crm_lab.domain.register import RegisterEntity

PATIENCE = 4.0
"""Seconds one answer may take in all; a failure is tried again within the first half of them."""
CONNECTS = 1.5
TRIES = 3
REST = 30.0
"""Seconds the service is left alone after it failed."""
KEPT = 600.0
LARGEST_ANSWER = 64 << 20
FURTHEST = 10_000
"""Hits of one search that the service gives out at all."""
LONGEST_NAME = 180
OK, BAD, MISSING, GONE, SERVER_ERROR = 200, 400, 404, 410, 500
T = TypeVar("T")


class RegisterAway(Unavailable):
    """The register's service does not answer, or not with sense."""

    def __init__(self) -> None:
        super().__init__(_("Enhetsregisteret does not answer. Fill in the company by hand, or try again later."), "register")


class RegisterRefused(InvalidInput):
    """The register's service refuses the question; the words are its own."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("Enhetsregisteret refuses the question: {reason}", reason=reason[:300]))


class TooFarDown(InvalidInput):
    """Hits beyond those the service gives out."""

    def __init__(self) -> None:
        super().__init__(_("Enhetsregisteret shows the first {n} hits only. Search for more of the name.", n=FURTHEST), "page")


class ChangeKind(StrEnum):
    """What happened to an entity, in the update feed's words; REMOVED asks for our copy to go."""

    UNKNOWN = "Ukjent"
    NEW = "Ny"
    CHANGED = "Endring"
    DELETED = "Sletting"
    REMOVED = "Fjernet"


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """One line of the update feed; `number` is its position there."""

    number: int
    organisation_number: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """A page of a search; `n_found` counts all hits."""

    entities: tuple[RegisterEntity, ...]
    n_found: int


class RegisterApi:
    """The service at `url`. Safe to use from many threads.

    A failure is tried again twice; after that the service rests, and calls raise `RegisterAway` at once.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"), timeout=httpx.Timeout(0.75 * patience, connect=CONNECTS), follow_redirects=True, headers={"Accept": "application/json"}
        )
        self._clock, self._patience = clock, patience
        self._known: TTLCache[str, RegisterEntity | None] = TTLCache(2000, KEPT, clock)
        self._lock = Lock()
        self._rests_until = float("-inf")

    def find(self, organisation_number: str) -> RegisterEntity | None:
        """The entity or sub-unit with that number, deleted ones too, or None.

        One that was removed for legal reasons has nothing but its number, and is deleted.

        Raises
        ------
        InvalidOrgNumber, RegisterRefused, RegisterAway
        """
        number = str(OrgNumber.parse(organisation_number))
        with self._lock:
            if number in self._known:
                return self._known[number]
        flat = self.fetch(f"/enheter/{number}") or self.fetch(f"/underenheter/{number}")
        entity = _sound(flat) if flat else None
        with self._lock:
            self._known[number] = entity
        return entity

    def fetch(self, path: str) -> Entity | None:
        """One entity's own page with flat keys, or None where there is none."""
        body = self._ask(path, {}, dict[str, Any])
        return as_flat(body) if body else None

    def search(self, name: str, *, page: int = 0, size: int = 20) -> RegisterPage:
        """Entities by name, in the service's own order.

        Raises
        ------
        TooFarDown, RegisterRefused, RegisterAway
        """
        if (page + 1) * size > FURTHEST:
            raise TooFarDown
        hal = self._ask("/enheter", {"navn": name[:LONGEST_NAME], "page": page, "size": size}, _Hal) or _Hal()
        return RegisterPage(tuple(_sound(as_flat(entity)) for entity in hal.items), hal.page.totalElements)

    def fetch_many(self, kind: str, numbers: Sequence[str]) -> list[Entity]:
        """Those of `kind` ("enheter" or "underenheter") that have these numbers, with flat keys."""
        hal = self._ask(f"/{kind}", {"organisasjonsnummer": ",".join(numbers), "size": len(numbers)}, _Hal) or _Hal()
        return [as_flat(entity) for entity in hal.items]

    def changes(
        self, kind: str, *, after: int = 0, since: datetime | None = None, size: int = FURTHEST
    ) -> tuple[RegisterChange, ...]:
        """The next lines of the update feed of `kind`, oldest first: those numbered above `after`, or since an instant."""
        query: dict[str, Any] = {"size": size, "sort": "id,ASC"}
        if after:
            query["oppdateringsid"] = after + 1
        elif since:
            query["dato"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        feed = self._ask(f"/oppdateringer/{kind}", query, _Feed) or _Feed()
        return tuple(
            RegisterChange(line.oppdateringsid, line.organisasjonsnummer, _kind(line.endringstype)) for line in feed.items
        )

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def _ask(self, path: str, query: dict[str, Any], answer: type[T]) -> T | None:
        start = self._clock()
        if start < self._rests_until:
            raise RegisterAway
        for attempt in range(1, TRIES + 1):
            try:
                content = self._content(path, query)
                return None if content is None else msgspec.json.decode(content, type=answer)
            except msgspec.MsgspecError as error:
                raise self._away() from error
            except (httpx.RequestError, _FailedThere) as error:
                if attempt == TRIES or self._clock() - start > self._patience / 2:
                    raise self._away() from error
                time.sleep(random.uniform(0.05, 0.2) * attempt)  # noqa: S311 - jitter, no secret
        raise AssertionError

    def _away(self) -> RegisterAway:
        self._rests_until = self._clock() + REST
        return RegisterAway()

    def _content(self, path: str, query: dict[str, Any]) -> bytes | None:
        with self._http.stream("GET", path, params=query) as response:
            content, status = self._read(response), response.status_code
        if status in {OK, GONE}:
            return content
        if status == MISSING:
            return None
        if BAD <= status < SERVER_ERROR and status != httpx.codes.TOO_MANY_REQUESTS:
            raise RegisterRefused(_reason(content) or str(status))
        raise _FailedThere(status)

    def _read(self, response: httpx.Response) -> bytes:
        """The body, unless it drips in too slowly or never ends."""
        content, deadline = bytearray(), self._clock() + self._patience
        for chunk in response.iter_bytes():
            content += chunk
            if self._clock() > deadline or len(content) > LARGEST_ANSWER:
                raise _FailedThere(response.status_code)
        return bytes(content)


class _FailedThere(Exception):
    """The service answers that it failed, or does not come to an end."""


class _Total(msgspec.Struct):
    totalElements: int = 0  # noqa: N815 - the service's word


class _Hal(msgspec.Struct):
    """A page of a search: the list has another name for sub-units and is absent when empty."""

    embedded: dict[str, list[dict[str, Any]]] = msgspec.field(default_factory=dict, name="_embedded")
    page: _Total = msgspec.field(default_factory=_Total)

    @property
    def items(self) -> list[dict[str, Any]]:
        return [item for items in self.embedded.values() for item in items]


class _Line(msgspec.Struct):
    oppdateringsid: int
    organisasjonsnummer: str
    endringstype: str = ""


class _Feed(msgspec.Struct):
    embedded: dict[str, list[_Line]] = msgspec.field(default_factory=dict, name="_embedded")

    @property
    def items(self) -> list[_Line]:
        return [line for lines in self.embedded.values() for line in lines]


class _Fault(msgspec.Struct):
    feilmelding: str = ""


class _Refusal(msgspec.Struct):
    """What a 400 says."""

    feilmelding: str = ""
    valideringsfeil: list[_Fault] = []

    @property
    def words(self) -> str:
        return "; ".join(fault.feilmelding for fault in self.valideringsfeil) or self.feilmelding


def _reason(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=_Refusal).words
    except msgspec.MsgspecError:
        return ""


def _kind(written: str) -> ChangeKind:
    return ChangeKind(written) if written in set(ChangeKind) else ChangeKind.UNKNOWN


def _sound(flat: Entity) -> RegisterEntity:
    """The entity; an answer without a sound number is no answer."""
    try:
        return as_entity(flat)
    except InvalidInput as error:
        raise RegisterAway from error


__all__ = ["ChangeKind", "RegisterApi", "RegisterAway", "RegisterChange", "RegisterPage", "RegisterRefused", "TooFarDown"]
