"""Single sign-on: who the company's identity provider says somebody is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Claims of an ID token (OpenID Connect Core 1.0 section 5.1). `subject` never changes at its `issuer`."""

    issuer: str
    subject: str
    user_name: str = ""
    email: str = ""
    is_email_verified: bool = False


@dataclass(frozen=True, slots=True)
class SignOnFacts:
    """What the login page shows: whether there is single sign-on, what it is called, and whether it is the only way in."""

    is_on: bool
    name: str = ""
    is_only: bool = False


@dataclass(frozen=True, slots=True)
class SignOnStart:
    """Where a browser goes to sign in, and what it must come back with; `state`, `nonce` and `verifier` are its own secrets meanwhile."""

    url: str
    state: str
    nonce: str
    verifier: str
