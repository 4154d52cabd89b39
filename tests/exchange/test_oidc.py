"""ID tokens: of an own provider with its own keys, so that every fault a token can have can be made."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from crm_lab.exchange.oidc import Provider, ProviderAway, SignOnRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY, OTHER = RSAKey.generate_key(2048, {"kid": "1"}, private=True), RSAKey.generate_key(2048, {"kid": "1"}, private=True)
ELLIPTIC = ECKey.generate_key("P-256", {"kid": "2"}, private=True)
SECRET = "hemmelig-nok-til-aa-signere-med-ja"
GIVEN = {"code": "kode", "redirect": "http://crm/sso/callback", "nonce": "n", "verifier": "v"}


class Desk:
    """What the provider answers: `token` at its token endpoint, `facts` besides what it says of itself."""

    def __init__(self) -> None:
        self.token: Any = {}
        self.facts: dict[str, Any] = {}
        self.asked: dict[str, list[str]] = {}
        self.url = ""

    def answer(self, path: str) -> Any:
        if path.endswith("openid-configuration"):
            found = {"issuer": self.url, "authorization_endpoint": f"{self.url}/a?x=1", "token_endpoint": f"{self.url}/t", "jwks_uri": f"{self.url}/k"}
            return found | self.facts
        return {"keys": [KEY.as_dict(private=False), ELLIPTIC.as_dict(private=False)]} if path == "/k" else self.token


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened() as found:
        yield found


@contextmanager
def opened() -> Iterator[Desk]:
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            if size:
                desk.asked = parse_qs(self.rfile.read(size).decode())
            found = desk.answer(self.path)
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(400 if isinstance(found, dict) and "error" in found else 200)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the base's words

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - the base's word

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    desk.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield desk
    finally:
        server.shutdown()


def claims(desk: Desk, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    facts = {"iss": desk.url, "aud": "crm", "sub": "17", "exp": now + 300, "iat": now, "nonce": "n", "email": "Ola@Test.no", "email_verified": True, "preferred_username": "OLA"}
    return {name: value for name, value in (facts | changed).items() if value is not None}


def signed(facts: dict[str, Any], key: Any = KEY, alg: str = "RS256", kid: str = "1") -> dict[str, str]:
    return {"id_token": jwt.encode({"alg": alg, "kid": kid}, facts, key, algorithms=[alg])}


def test_who_came_back_is_told_by_the_token(desk: Desk) -> None:
    provider = Provider(desk.url + "/", "crm", SECRET)
    for token in (signed(claims(desk)), signed(claims(desk, aud=["crm"], azp="crm"), ELLIPTIC, "ES256", "2")):
        desk.token = token
        found = provider.identity(**GIVEN)
        assert (found.issuer, found.subject, found.email, found.is_email_verified, found.user_name) == (desk.url, "17", "ola@test.no", True, "ola")
    assert (desk.asked["code"], desk.asked["code_verifier"], desk.asked["redirect_uri"]) == (["kode"], ["v"], ["http://crm/sso/callback"])
    start = provider.start("http://crm/sso/callback")
    assert start.url.startswith(f"{desk.url}/a?x=1&response_type=code")
    assert len({start.state, start.nonce, start.verifier}) == 3
    desk.token = signed(claims(desk, email_verified="true"))
    assert not provider.identity(**GIVEN).is_email_verified


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "annen"}, {"nonce": None}, {"aud": "andre"}, {"aud": None}, {"iss": "https://evil.example"}, {"exp": 1}, {"exp": None}, {"sub": None}, {"sub": 17},
        {"iat": None}, {"aud": ["crm", "andre"], "azp": "andre"},
    ],
)  # fmt: skip
def test_a_token_that_is_not_for_this_sign_in_is_refused(desk: Desk, changed: dict[str, Any]) -> None:
    desk.token = signed(claims(desk, **changed))
    with pytest.raises(SignOnRefused):
        Provider(desk.url, "crm", SECRET).identity(**GIVEN)


def test_a_token_that_the_provider_did_not_sign_is_refused(desk: Desk) -> None:
    facts = claims(desk)
    unsigned = ".".join((_part({"alg": "none"}), _part(facts), ""))
    good = signed(facts)["id_token"]
    for token in (
        signed(facts, OTHER), signed(facts, OctKey.import_key(SECRET), "HS256"), {"id_token": unsigned}, {"id_token": good[:-4] + "AAAA"}, {"id_token": ""}, {},
        {"id_token": "a.b.c"}, {"error": "invalid_grant", "error_description": "koden er brukt"},
    ):  # fmt: skip
        desk.token = token
        with pytest.raises(SignOnRefused):
            Provider(desk.url, "crm", SECRET).identity(**GIVEN)


@pytest.mark.parametrize("facts", [{"issuer": "https://evil.example"}, {"token_endpoint": ""}, {"authorization_endpoint": "file:///etc/passwd", "token_endpoint": "file:///etc/passwd"}])
def test_a_provider_that_says_the_wrong_things_of_itself_is_not_asked(desk: Desk, facts: dict[str, Any]) -> None:
    desk.facts = facts
    with pytest.raises(ProviderAway):
        Provider(desk.url, "crm", SECRET).identity(**GIVEN)


def test_a_provider_that_is_away_or_talks_nonsense_is_named(desk: Desk) -> None:
    for token in (b"<html>", b"[]"):
        desk.token = token
        with pytest.raises(ProviderAway):
            Provider(desk.url, "crm", SECRET).identity(**GIVEN)
    with pytest.raises(ProviderAway):
        Provider("http://127.0.0.1:9", "crm", SECRET).start("http://crm")


def _part(facts: dict[str, Any]) -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(json.dumps(facts).encode()).rstrip(b"=").decode()
