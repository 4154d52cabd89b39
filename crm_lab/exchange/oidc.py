"""An identity provider by OpenID Connect: the authorization code flow with PKCE (Core 1.0 section 3.1, RFC 7636); tokens by the library joserfc."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from crm_lab.domain.sign_on import Identity, SignOnStart
from crm_lab.errors import Forbidden, Unavailable
from crm_lab.i18n import _

PATIENCE, LEEWAY = 10.0, 60
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures of keys that only the provider has: neither `none`, nor those that the client's secret makes."""
SCOPE = "openid email profile"


class ProviderAway(Unavailable):
    """The provider does not answer, or not as it should."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("Single sign-on does not answer: {reason}", reason=reason[:200]), "oidc")


class SignOnRefused(Forbidden):
    """What the browser brought back opens nothing."""

    status = 401

    def __init__(self, reason: str) -> None:
        super().__init__(_("Signing in was not completed: {reason}", reason=reason[:200]))


class Provider:
    """One provider, at which the company has registered this program as a client. Everything may raise `ProviderAway`."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer, self._client_id, self._client_secret = issuer.rstrip("/"), client_id, client_secret

    def start(self, redirect: str) -> SignOnStart:
        """Where a browser is sent that is to come back to `redirect`."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _n in range(3))
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code", "client_id": self._client_id, "redirect_uri": redirect, "scope": SCOPE, "state": state, "nonce": nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        address = self._endpoint("authorization_endpoint")
        return SignOnStart(f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}", state, nonce, verifier)

    def identity(self, *, code: str, redirect: str, nonce: str, verifier: str) -> Identity:
        """Who came back with a code. Raises `SignOnRefused`."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "client_id": self._client_id, "code_verifier": verifier}
        login = httpx.BasicAuth(self._client_id, self._client_secret) if self._client_secret else None
        answer = _ask("POST", self._endpoint("token_endpoint"), data=form, auth=login)
        if not answer.is_success:
            raise SignOnRefused(_told(answer))
        claims = self._claims(str(_object(answer).get("id_token", "")), nonce)
        return Identity(
            issuer=self.issuer, subject=claims["sub"], user_name=str(claims.get("preferred_username", "")).lower(), email=str(claims.get("email", "")).lower(),
            is_email_verified=claims.get("email_verified") is True,
        )  # fmt: skip

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        """What an ID token says, once it is known to be the provider's, for us, of now, and of this very sign-in (section 3.1.3.7)."""
        known = jwt.JWTClaimsRegistry(
            leeway=LEEWAY, iss={"essential": True, "values": [self.issuer, f"{self.issuer}/"]}, aud={"essential": True, "value": self._client_id},
            sub={"essential": True}, exp={"essential": True}, iat={"essential": True}, nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        try:
            decoded = jwt.decode(token, self._keys(), algorithms=ALGORITHMS)
            known.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise SignOnRefused(str(error)) from None
        authorized = decoded.claims.get("azp", self._client_id)
        if authorized != self._client_id or not isinstance(decoded.claims["sub"], str):
            raise SignOnRefused(_("the token is for another program"))
        return dict(decoded.claims)

    def _keys(self) -> KeySet:
        found: KeySet = KeySet.import_key_set(_object(_ask("GET", self._endpoint("jwks_uri"))))  # type: ignore[arg-type]
        return found

    def _endpoint(self, name: str) -> str:
        """An address the provider tells of itself (Discovery 1.0 section 4)."""
        url = str(self._facts.get(name, ""))
        if not url.startswith(("https://", "http://")):
            raise ProviderAway(_("it does not tell its {name}", name=name))
        return url

    @cached_property
    def _facts(self) -> dict[str, Any]:
        facts = _object(_ask("GET", f"{self.issuer}/.well-known/openid-configuration"))
        if str(facts.get("issuer", "")).rstrip("/") != self.issuer:
            raise ProviderAway(_("it says that it is {issuer}", issuer=str(facts.get("issuer"))))
        return facts


def _ask(method: str, url: str, **more: Any) -> httpx.Response:
    try:
        return httpx.request(method, url, timeout=PATIENCE, headers={"Accept": "application/json"}, **more)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ProviderAway(str(error) or type(error).__name__) from None


def _object(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer."""
    try:
        found = answer.raise_for_status().json()
    except (ValueError, httpx.HTTPError) as error:
        raise ProviderAway(str(error)) from None
    if not isinstance(found, dict):
        raise ProviderAway(_("its answer is no JSON object"))
    return found


def _told(answer: httpx.Response) -> str:
    """Why a code was not taken, as the provider says it (RFC 6749 section 5.2)."""
    try:
        found = answer.json()
        return str(found.get("error_description") or found["error"])
    except (ValueError, KeyError, AttributeError):
        return f"{answer.status_code} {answer.reason_phrase}"
