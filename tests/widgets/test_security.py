"""Second factor, sessions and tokens on screen."""

from __future__ import annotations

import pyotp

from crm_lab.settings import utc_now
from crm_lab.widgets.security import browser_name


def test_a_second_factor_is_set_up_and_switched_off(app, crm):
    app.go("profile/security")
    screen = app.main.children[0]
    screen.act("begin")
    assert "data:image/svg+xml" in screen.html
    screen.act("confirm", values={"code": "0"})
    assert screen.data["errors"]["code"]
    screen.act("confirm", values={"code": pyotp.TOTP(screen.data["secret"]).at(utc_now())})
    codes = screen.data["codes"]
    assert len(codes) == 10 and all(code in screen.html for code in codes)
    screen.act("require", value=True)
    assert crm.second_factors.state().is_required
    screen.act("require", value=False)
    screen.act("remove", values={"code": codes[0]})
    assert not crm.second_factors.state().is_on and codes[1] not in screen.html


def test_a_token_is_shown_once_and_revoked(app, crm):
    app.go("profile/security")
    screen = app.main.children[0]
    for wrong, field in (({"name": ""}, "name"), ({"name": "Nettbutikk", "days": "ti"}, "days"), ({"name": "Nettbutikk", "days": "0"}, "days")):
        screen.act("make_token", values=wrong)
        assert screen.data["errors"][field], wrong
    screen.act("make_token", values={"name": "Nettbutikk", "days": "30", "scope": "read"})
    assert screen.data["made"].startswith("crm_")
    (token,) = crm.sessions.tokens()
    assert token.scopes == ("read",)
    screen.act("revoke_token", id=str(token.id))
    assert crm.sessions.tokens() == [] and screen.data["made"] == ""


def test_browsers_are_called_by_name(app):
    linux = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    assert [browser_name(agent) for agent in (linux, linux + " Edg/140", "curl/8")] == ["Chrome, Linux", "Edge, Linux", "Ukjent"]
