"""What can go wrong, as one family of exceptions that travels the wire as itself.

A message is a whole sentence in the reader's language that names the value and says what to do.
Anything that is not a `CrmError` is a bug: the log gets it all, the user a reference.
"""

from __future__ import annotations

from typing import Any, ClassVar

from crm_lab.i18n import _


class CrmError(Exception):
    """Something the user can understand and act on.

    Attributes
    ----------
    status : HTTP status at the edge.
    """

    status: ClassVar[int] = 400
    families: ClassVar[dict[str, type[CrmError]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        CrmError.families[cls.__name__] = cls

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def details(self) -> dict[str, Any]:
        """What travels beside the message; the keys are attributes of the class."""
        return {}

    def to_wire(self) -> dict[str, Any]:
        """The error as JSON-ready values."""
        return {"error": type(self).__name__, "message": self.message, **self.details()}


class InvalidInput(CrmError):
    """A value the rules refuse. `field` is the argument's name, or "" for the whole."""

    status = 422

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field

    def details(self) -> dict[str, Any]:
        """The field."""
        return {"field": self.field}


class InvalidFields(InvalidInput):
    """Several values the rules refuse, all told at once. `fields` is the sentence for each argument."""

    def __init__(self, fields: dict[str, str]) -> None:
        field, message = next(iter(fields.items()))
        super().__init__(message, field)
        self.fields = fields

    def details(self) -> dict[str, Any]:
        """The first field, and all of them."""
        return super().details() | {"fields": self.fields}


class Faults:
    """Gathers what is wrong with the values of one form: `with faults.at("phone"): …`, then `faults.tell()`."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def at(self, field: str) -> _At:
        """Note an `InvalidInput` as the fault of `field` and go on."""
        return _At(self.found, field)

    def note(self, field: str, message: str) -> None:
        """Say what is wrong with `field`, unless something was before."""
        self.found.setdefault(field, message)

    def tell(self) -> None:
        """Raise `InvalidFields` where anything was wrong."""
        if self.found:
            raise InvalidFields(self.found)


class _At:
    """One field while it is looked at; a class, because an import enters half a million of them."""

    __slots__ = ("_field", "_found")

    def __init__(self, found: dict[str, str], field: str) -> None:
        self._found, self._field = found, field

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, InvalidInput):
            return False
        self._found.setdefault(self._field, error.message)
        return True


class NotFound(CrmError):
    """It does not exist, or the caller may not know that it does."""

    status = 404


class Forbidden(CrmError):
    """The caller is known, but may not do this."""

    status = 403


class SignedOut(Forbidden):
    """Nobody is signed in: the session or token is absent, expired, revoked or its owner inactive."""

    status = 401


class Conflict(CrmError):
    """Somebody else changed it first, or the value is taken."""

    status = 409


class ChangedMeanwhile(Conflict):
    """Somebody saved the same record first. It stands here because screens mend it."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else changed this in the meantime. Reload and try again; nothing was saved."))


class Unavailable(CrmError):
    """A part we depend on does not answer. `service` names it."""

    status = 503

    def __init__(self, message: str, service: str = "store") -> None:
        super().__init__(message)
        self.service = service

    def details(self) -> dict[str, Any]:
        """The service."""
        return {"service": self.service}


class Rejected(CrmError):
    """Rows of a file were refused. `rows` is a list of {line, field, message}."""

    status = 422

    def __init__(self, message: str, rows: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.rows = rows or []

    def details(self) -> dict[str, Any]:
        """The rows."""
        return {"rows": self.rows}


def from_wire(body: dict[str, Any]) -> CrmError:
    """The exception that `to_wire` described; an unknown class comes back as `CrmError`."""
    cls = CrmError.families.get(body.get("error", ""), CrmError)
    error = cls.__new__(cls)
    Exception.__init__(error, body["message"])
    error.__dict__.update({k: v for k, v in body.items() if k != "error"})
    return error
