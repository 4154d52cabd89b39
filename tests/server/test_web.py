"""The web server under attack: every one of these must be refused."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import requests
import websocket
from tornado.web import create_signed_value

if TYPE_CHECKING:
    from tests.company import Served


def cookies(session: requests.Session) -> str:
    return "; ".join(f"{c.name}={c.value}" for c in session.cookies)


def page(served: Served, session: requests.Session) -> tuple[str, str]:
    """The application's HTML and its kernel."""
    text = session.get(f"{served.url}/crm", timeout=60).text
    found = re.search(r'"kernelId": ?"([^"]+)"', text)
    assert found
    return text, found[1]


def attach(served: Served, kernel: str, cookie: str | None, origin: str | None = None, protocols: Any = None) -> Any:
    """A socket to a kernel, or the HTTP status of the refusal."""
    url = served.url.replace("http", "ws") + f"/api/kernels/{kernel}/channels?session_id={uuid.uuid4()}"
    try:
        return websocket.create_connection(
            url, cookie=cookie, origin=origin or served.url, timeout=10, subprotocols=protocols
        )
    except websocket.WebSocketBadStatusException as error:
        return error.status_code


def message(kind: str, content: dict[str, Any], channel: str = "shell") -> str:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "session": "s", "version": "5.3", "date": ""}
    return json.dumps(
        {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel, "buffers": []}
    )


def answers(socket: Any, seconds: float = 1.5) -> list[str]:
    socket.settimeout(seconds)
    kinds = []
    try:
        while True:
            kinds.append(json.loads(socket.recv())["msg_type"])
    except (websocket.WebSocketException, OSError, ValueError, UnicodeDecodeError):
        return kinds


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
    socket.send(message(kind, content, channel))
    assert not {"execute_reply", "complete_reply", "inspect_reply", "history_reply"} & set(answers(socket))
    assert not mark.exists()
    socket.close()


def test_a_button_clicked_by_hand_does_what_its_owner_may(served: Served) -> None:
    """Every widget of ola's page is sent every forged action of an administrator's screens."""
    ola = served.login("ola")
    _html, kernel = page(served, ola)
    socket = attach(served, kernel, cookies(ola))
    socket.send(message("comm_info_request", {"target_name": "jupyter.widget"}))
    socket.settimeout(5)
    comms: list[str] = []
    while not comms:
        answer = json.loads(socket.recv())
        if answer["msg_type"] == "comm_info_reply":
            comms = list(answer["content"]["comms"])
    forged_actions = [
        {"do": "save", "values": {"name": "Inntrenger", "username": "inn", "password": "hemmelig-nok", "role_admin": True}},
        {"do": "deactivate", "id": "x"},
        {"do": "_host"},
        {"event": "close"},
        {"do": "theme", "value": {"__class__": 1}, "extra": 1},
    ]
    for comm in comms:
        for content in forged_actions:
            data = {"method": "custom", "content": content}
            socket.send(message("comm_msg", {"comm_id": comm, "data": data}))
        data = {"method": "update", "state": {"path": "employees", "disabled": False}, "buffer_paths": []}
        socket.send(message("comm_msg", {"comm_id": comm, "data": data}))
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
        "/tree", "/lab", "/files/crm.ipynb", "/nbconvert/html/crm.ipynb", "/metrics",
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
    socket.settimeout(10)
    assert "shutdown_reply" not in answers(socket, 10)
    assert not socket.connected or not socket.recv()
    assert requests.get(f"{served.url}/crm", cookies=old, allow_redirects=False, timeout=10).status_code == 302


def test_guessing_is_stopped(served: Served) -> None:
    for _ in range(6):
        served.login("finnes.ikke", "gjetning")
    session = requests.Session()
    text = session.get(f"{served.url}/login", timeout=10).text
    token = re.search(r'name="_xsrf" value="([^"]+)"', text)
    assert token
    form = {"username": "finnes.ikke", "password": "x", "_xsrf": token[1]}
    answer = session.post(f"{served.url}/login", data=form, timeout=20)
    assert answer.status_code == 429
    assert "15" in answer.text
