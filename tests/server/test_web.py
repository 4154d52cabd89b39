"""The web server under attack: every one of these must be refused."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from icalendar import Calendar
from tornado.web import create_signed_value

from crm_lab.connection import Connection, Remote
from crm_lab.domain.tasks import TaskKind
from crm_lab.errors import SignedOut
from crm_lab.server.feed import MOST_READINGS, Readings
from crm_lab.settings import utc_now
from tests.server.sockets import answers, attach, closing_code, cookies, message, page, receive

if TYPE_CHECKING:
    from tests.company import Served


def forged(value: str) -> str:
    return create_signed_value(b"0" * 32, "crm_session", value).decode()


@pytest.mark.parametrize("cookie", ["", "crm_session=abc", f"crm_session={forged('x')}"])
def test_without_a_session_there_is_only_the_login_page(served: Served, cookie: str) -> None:
    headers = {"Cookie": cookie, "Authorization": "token x", "X-Crm-User": "kari"}
    for path in ("/crm", "/crm/customers/10001", "/crm?token=x"):
        answer = requests.get(served.url + path, headers=headers, allow_redirects=False, timeout=10)
        assert answer.status_code == 302
        assert "/login" in answer.headers["Location"]


def test_a_well_signed_cookie_of_an_unknown_session_is_refused(served: Served) -> None:
    secret = (served.data / "web" / "cookie-secret").read_bytes()
    value = create_signed_value(secret, "crm_session", "ukjent").decode()
    answer = requests.get(
        f"{served.url}/crm", headers={"Cookie": f"crm_session={value}"}, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 302


def test_a_kernel_belongs_to_the_session_that_started_it(served: Served) -> None:
    kari, ola = served.login("kari"), served.login("ola")
    _html, kernel = page(served, kari)
    url = f"{served.url}/api/kernels/{kernel}"
    assert attach(served, kernel, None) in {302, 401, 403}
    assert attach(served, kernel, cookies(ola)) == 403
    assert attach(served, kernel, cookies(kari), origin="http://evil.example") == 403
    assert ola.get(url, timeout=10).status_code in {403, 404}
    assert ola.delete(url, timeout=10).status_code in {403, 404}
    goodbye = {"_xsrf": ola.cookies["_xsrf"]}
    assert ola.post(f"{served.url}/voila/api/shutdown/{kernel}", data=goodbye, timeout=10).status_code == 404
    socket = attach(served, kernel, cookies(kari))
    assert not isinstance(socket, int)
    socket.close()


@pytest.mark.parametrize(
    ("kind", "content", "channel"),
    [
        ("execute_request", {"code": "open('{mark}','w').write('x')", "silent": False, "user_expressions": {}}, "shell"),
        ("execute_request", {"code": "open('{mark}','w').write('x')", "silent": True}, "control"),
        ("complete_request", {"code": "os.", "cursor_pos": 3}, "shell"),
        ("inspect_request", {"code": "crm", "cursor_pos": 3, "detail_level": 1}, "shell"),
        ("history_request", {"hist_access_type": "tail", "n": 10, "raw": True, "output": True}, "shell"),
        ("input_reply", {"value": "x"}, "stdin"),
    ],
)
def test_the_browser_runs_no_code(served: Served, kind: str, content: dict[str, Any], channel: str) -> None:
    kari = served.login("kari")
    _html, kernel = page(served, kari)
    socket = attach(served, kernel, cookies(kari))
    mark = served.data / "pwned"
    content = {k: v.replace("{mark}", str(mark)) if isinstance(v, str) else v for k, v in content.items()}
    socket.send_binary(message(kind, content, channel))
    assert not {"execute_reply", "complete_reply", "inspect_reply", "history_reply"} & set(answers(socket))
    assert not mark.exists()
    socket.close()


def test_the_older_json_protocol_is_refused(served: Served) -> None:
    kari = served.login("kari")
    _html, kernel = page(served, kari)
    assert attach(served, kernel, cookies(kari), protocols=None) == 400


@pytest.mark.parametrize("frame", [(1 << 62).to_bytes(8, "little"), b"", b"\0" * 24, "{}", b"\xff" * 64])
def test_a_frame_that_lies_does_not_stop_the_server(served: Served, frame: bytes | str) -> None:
    kari = served.login("kari")
    _html, kernel = page(served, kari)
    socket = attach(served, kernel, cookies(kari))
    socket.send(frame) if isinstance(frame, str) else socket.send_binary(frame)
    assert closing_code(socket, time.monotonic() + 5) == 1007
    assert kari.get(f"{served.url}/healthz", timeout=5).status_code == 200
    socket.close()


def test_a_button_clicked_by_hand_does_what_its_owner_may(served: Served) -> None:
    """Every widget of ola's page is sent every forged action of an administrator's screens."""
    ola = served.login("ola")
    _html, kernel = page(served, ola)
    socket = attach(served, kernel, cookies(ola))
    socket.send_binary(message("comm_info_request", {"target_name": "jupyter.widget"}))
    socket.settimeout(5)
    comms: list[str] = []
    while not comms:
        kind, content = receive(socket)
        if kind == "comm_info_reply":
            comms = list(content["comms"])
    forged_actions = [
        {"do": "save", "values": {"name": "Inntrenger", "username": "inn", "password": "hemmelig-nok", "role_admin": True}},
        {"do": "deactivate", "id": "x"},
        {"do": "_host"},
        {"event": "close"},
        {"do": "theme", "value": {"__class__": 1}, "extra": 1},
    ]
    for comm in comms:
        for action in forged_actions:
            data = {"method": "custom", "content": action}
            socket.send_binary(message("comm_msg", {"comm_id": comm, "data": data}))
        data = {"method": "update", "state": {"path": "employees", "disabled": False}, "buffer_paths": []}
        socket.send_binary(message("comm_msg", {"comm_id": comm, "data": data}))
    assert "error" not in answers(socket, 3)
    socket.close()
    from crm_lab.connection import Connection, Remote

    crm = Connection(Remote(served.socket, user="kari"))
    assert sorted(e.username for e in crm.employees.list()) == ["kari", "ola"]
    assert all(e.is_active for e in crm.employees.list())
    crm.close()


@pytest.mark.parametrize(
    "path",
    [
        "/voila", "/voila/tree", "/voila/render/crm.ipynb", "/voila/files/crm.ipynb", "/voila/api/contents/", "/api",
        "/api/contents", "/api/kernels", "/api/kernelspecs", "/api/sessions", "/api/terminals", "/terminals/websocket/1",
        "/tree", "/lab", "/files/crm.ipynb", "/nbconvert/html/crm.ipynb",
        "/voila/templates/crm-lab/static/../conf.json", "/voila/templates/crm-lab/static/..%2f..%2f..%2f..%2fetc/passwd",
        "/s/0.1.0/static/..%2f..%2f..%2f..%2fetc/passwd",
    ],
)  # fmt: skip
def test_nothing_else_is_served(served: Served, path: str) -> None:
    kari = served.login("kari")
    request = requests.Request("GET", served.url + path, cookies=kari.cookies).prepare()
    request.url = served.url + path
    answer = kari.send(request, allow_redirects=False, timeout=10)
    assert answer.status_code in {302, 403, 404, 405}
    assert "Traceback" not in answer.text
    assert "root:" not in answer.text


def test_a_post_from_elsewhere_is_refused(served: Served) -> None:
    kari = served.login("kari")
    form = {"username": "kari", "password": "hemmelig-nok"}
    assert requests.post(f"{served.url}/login", data=form, timeout=10).status_code == 403
    assert kari.post(f"{served.url}/logout", allow_redirects=False, timeout=10).status_code == 403


def test_login_goes_nowhere_else(served: Served) -> None:
    session = requests.Session()
    text = session.get(f"{served.url}/login?next=https://evil.example/", timeout=10).text
    token = re.search(r'name="_xsrf" value="([^"]+)"', text)
    assert token
    form = {"username": "kari", "password": "hemmelig-nok", "_xsrf": token[1], "next": "https://evil.example/"}
    answer = session.post(f"{served.url}/login", data=form, allow_redirects=False, timeout=20)
    assert "evil" not in answer.headers["Location"]


def test_headers_and_cookie_flags(served: Served) -> None:
    answer = requests.get(f"{served.url}/login", timeout=10)
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kari = served.login("kari")
    (cookie,) = [c for c in kari.cookies if c.name == "crm_session"]
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"


def test_logout_ends_kernels_sockets_and_the_cookie(served: Served) -> None:
    kari = served.login("kari")
    _html, kernel = page(served, kari)
    socket = attach(served, kernel, cookies(kari))
    old = kari.cookies.copy()
    kari.post(f"{served.url}/logout", data={"_xsrf": kari.cookies["_xsrf"]}, allow_redirects=False, timeout=10)
    assert closing_code(socket, time.monotonic() + 30) == 4401
    assert requests.get(f"{served.url}/crm", cookies=old, allow_redirects=False, timeout=10).status_code == 302
    assert attach(served, kernel, cookies(served.login("kari"))) in {403, 404}


def test_a_document_is_for_who_may_see_its_party(served: Served) -> None:
    crm = Connection(Remote(served.socket, user="kari"))
    secret = crm.customers.create(name="Hemmelig dokument AS", owner_only=True)
    upload = crm.documents.start(name='</script>"\r\nX: y.html', size=11)
    crm.documents.add(id=upload.id, at=0, part=b"<script></>")
    crm.documents.finish(id=upload.id)
    (document,) = crm.notes.create(text="", customer_id=secret.id, attach=[upload]).documents
    crm.close()
    url = f"{served.url}/documents/{document.id}"
    kari = served.login("kari").get(url, timeout=10)
    assert (kari.status_code, kari.content, kari.headers["Content-Type"]) == (200, b"<script></>", "application/octet-stream")
    assert kari.headers["Content-Disposition"] == "attachment; filename*=UTF-8''script%3E%22X%3A%20y.html"
    ola = served.login("ola")
    looked = served.login("kari").get(f"{url}?show=1", timeout=10)
    assert (looked.headers["Content-Type"], looked.headers["X-Content-Type-Options"]) == ("text/plain; charset=utf-8", "nosniff")
    assert looked.headers["Content-Security-Policy"].startswith("sandbox;")
    older = served.login("kari").get(f"{url}?version=1&show=1", timeout=10)
    assert (older.content, older.headers["Content-Type"]) == (b"<script></>", "application/octet-stream")
    assert [ola.get(at, timeout=10).status_code for at in (url, url[:-4] + "0000", f"{served.url}/documents/../crm.duckdb", f"{url}/x")] == [404] * 4
    assert requests.get(url, timeout=10, allow_redirects=False).status_code in {302, 403}


def test_a_thousand_guesses_get_nowhere(served: Served) -> None:
    """Through the login form: the right password is refused too once the address is locked, and later guesses cost nothing."""
    session = requests.Session()
    text = session.get(f"{served.url}/login", timeout=10).text
    token = re.search(r'name="_xsrf" value="([^"]+)"', text)
    assert token
    seen: Counter[int] = Counter()
    for n in range(1000):
        form = {"username": f"gjett{n % 50}", "password": f"gjetning-{n}", "_xsrf": token[1]}
        seen[session.post(f"{served.url}/login", data=form, timeout=20, allow_redirects=False).status_code] += 1
    assert set(seen) == {401, 429}
    assert seen[401] <= 20


def test_a_calendar_is_read_at_its_address_and_nowhere_else(served: Served) -> None:
    """As a calendar program does: no cookie, again only if it is new, and parsed."""
    kari = Connection(Remote(served.socket, user="kari"))
    feed = kari.calendar.open_feed()
    kari.tasks.create(title="Møte om æøå; og, komma", kind=TaskKind.MEETING, starts_at=utc_now() + timedelta(days=1), is_all_day=False, minutes=30)
    url = f"{served.url}/feed/{feed.token}.ics"
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    calendar = Calendar.from_ical(answer.content)
    assert "Møte om æøå; og, komma" in {str(event["SUMMARY"]) for event in calendar.walk("VEVENT")}
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Oslo"]
    assert max(len(line) for line in answer.content.split(b"\r\n")) <= 75
    assert requests.get(url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=10).status_code == 304
    assert requests.head(url, timeout=10).text == ""
    for wrong in (f"{'x' * 43}.ics", "x.ics", "", feed.token, f"{feed.token}.ics/..", f"../{feed.token}.ics"):
        assert requests.get(f"{served.url}/feed/{wrong}", timeout=10).status_code == 404
    assert requests.post(url, timeout=10).status_code in {403, 405}
    assert requests.get(f"{served.url}/crm", headers={"Authorization": f"Bearer {feed.token}"}, allow_redirects=False, timeout=10).status_code == 302
    with pytest.raises(SignedOut):
        Connection(Remote(served.socket, token=feed.token)).tasks.list()
    kari.calendar.close_feed(id=feed.id)
    assert requests.get(url, timeout=10).status_code == 404


def test_a_calendar_is_not_read_without_end() -> None:
    readings = Readings()
    for _n in range(3):
        readings.note("read x")
    assert (readings.count("read x"), readings.count("read y")) == (3, 0)


def test_too_many_readings_of_one_address_are_refused(served: Served) -> None:
    feed = Connection(Remote(served.socket, user="kari")).calendar.open_feed()
    answers = [requests.get(f"{served.url}/feed/{feed.token}.ics", timeout=10) for _n in range(MOST_READINGS + 1)]
    assert [answer.status_code for answer in answers] == [200] * MOST_READINGS + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_the_api_is_for_tokens_alone(served: Served) -> None:
    kari = served.login("kari")
    token = Connection(Remote(served.socket, user="kari")).sessions.create_token(name="test").token
    address, bearer = f"{served.url}/api/customers/list?limit=1", {"Authorization": f"Bearer {token}"}
    assert kari.get(address, timeout=10).status_code == 401
    assert requests.get(address, headers={"X-Crm-User": "kari"}, timeout=10).status_code == 401
    assert requests.get(address, headers={"Authorization": "Bearer nei", "X-Crm-User": "kari"}, timeout=10).status_code == 401
    found = requests.get(address, headers=bearer, timeout=10)
    assert (found.status_code, found.json()["rows"][0]["name"]) == (200, "Nordlys Bygg AS")
    assert requests.get(address, headers=bearer | {"If-None-Match": found.headers["ETag"]}, timeout=10).status_code == 304
    assert requests.post(f"{served.url}/api/customers/create_by_name", json={"name": "Fra nettbutikken"}, headers=bearer, timeout=10).json()["version"] == 1
    assert requests.post(f"{served.url}/api/sessions/open", json={"username": "kari", "password": "x"}, headers=bearer, timeout=10).status_code == 404
    crm = Connection.find(url=served.url, token=token)  # an analyst on another machine
    assert "Fra nettbutikken" in list(crm.customers.list()["name"]) and crm.health()["ok"]
    with pytest.raises(SignedOut):
        Connection.find(url=served.url, token="feil").customers.list()
    assert "/api/customers/list" in requests.get(f"{served.url}/api/openapi.json", timeout=10).json()["paths"]
