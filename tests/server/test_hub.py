"""A real JupyterHub with two users, each with a server of their own: in its notebooks they are the employees they are, over TLS."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import websocket
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crm_lab.connection import Connection, Remote
from crm_lab.exchange.signed import SIGNATURE, TIMESTAMP, sign
from tests.company import Served, free_port, make_company, serve, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fault
ROOT = Path(__file__).parents[2]
SECRET = "et-delt-passord-mellom-hub-og-crm"
PASSWORD = "hub-passord"
FURTHER = """
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.SharedPasswordAuthenticator.user_password = {password!r}
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.start_timeout = 90
c.SimpleLocalProcessSpawner.home_dir_template = {home!r}
c.JupyterHub.log_level = 30
"""


@contextmanager
def tls(served: Served, folder: Path) -> Iterator[str]:
    """The company behind a certificate of its own, as nginx would put it; `SSL_CERT_FILE` names it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crm")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1).not_valid_before(now)
    made = made.not_valid_after(now + dt.timedelta(days=1)).add_extension(address, critical=False)
    signed = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    port, inside = free_port(), int(served.url.rsplit(":", 1)[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
        writer.close()

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", inside)
        await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(asyncio.start_server(hand_on, "127.0.0.1", port, ssl=context), loop).result(10)
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(loop.stop)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("hub")
    make_company(data)
    with serve(data, CRM_HUB_SECRET=SECRET) as served:
        ola = Connection(Remote(served.socket, user="ola"))
        ola.customers.create(name="Bare Olas AS", owner_only=True)
        yield served


@pytest.fixture(scope="module")
def hub(company: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home, port = tmp_path_factory.mktemp("hubhome"), free_port()
    further = FURTHER.format(python=sys.executable, proxy=str(Path(sys.executable).parent / "configurable-http-proxy"), api=free_port(), hub=free_port(), password=PASSWORD, home=str(home / "{username}"))
    (home / "config.py").write_text((ROOT / "deploy/jupyterhub_config.py").read_text() + further)
    with tls(company, home) as url:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")} | {
            "HUB_COMPANY": url, "CRM_HUB_SECRET": SECRET, "SSL_CERT_FILE": str(home / "cert.pem"), "HUB_URL": f"http://127.0.0.1:{port}", "HUB_AUTHENTICATOR": "shared-password",
            "HUB_SPAWNER": "simple", "PYTHONPATH": str(ROOT), "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
        }  # fmt: skip
        log = (home / "log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", "jupyterhub", "-f", "config.py"], cwd=home, env=environment, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
            print((home / "log").read_text()[-6000:])


def sign_in(hub: str, name: str) -> requests.Session:
    """A browser that is signed in to the hub, once it answers."""
    browser = requests.Session()
    wait_for(f"{hub}/hub/login")
    page = browser.get(f"{hub}/hub/login", timeout=20)
    token = re.search(r'name="_xsrf" value="([^"]*)"', page.text)
    assert token, page.text[:500]
    browser.post(f"{hub}/hub/login?next=/hub/home", data={"username": name, "password": PASSWORD, "_xsrf": token[1]}, timeout=20)
    sent = next(str(one.value) for one in browser.cookies if one.name == "_xsrf")
    made = browser.post(f"{hub}/hub/api/users/{name}/tokens", json={}, headers={"X-XSRFToken": sent, "Referer": f"{hub}/hub/token"}, timeout=20)
    browser.headers["Authorization"] = f"token {made.json()['token']}"  # for what the pages' scripts ask
    return browser


def server_of(hub: str, browser: requests.Session, name: str) -> requests.Response:
    """The user's server, started and answering; or why it was not."""
    answer = browser.get(f"{hub}/hub/spawn/{name}", timeout=60)
    for _n in range(100):
        if answer.status_code >= 400 or "Spawn failed" in answer.text:
            return answer
        status = browser.get(f"{hub}/user/{name}/api/status", timeout=20)
        if status.status_code == 200 and status.headers["Content-Type"].startswith("application/json"):
            return status
        time.sleep(0.5)
    raise AssertionError(answer.text[:1000])


def run_there(hub: str, browser: requests.Session, name: str, code: str) -> str:
    """What code prints in a notebook's kernel of the user's server."""
    base = f"{hub}/user/{name}"
    answer = browser.post(f"{base}/api/kernels", json={}, timeout=60)
    assert answer.ok, answer.text[:500]
    url = f"{base.replace('http', 'ws')}/api/kernels/{answer.json()['id']}/channels?session_id={uuid.uuid4()}"
    socket = websocket.create_connection(url, header={"Authorization": str(browser.headers["Authorization"])}, origin=hub, timeout=60)
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": "s", "version": "5.3", "date": ""}
    wanted = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    socket.send(json.dumps({"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": wanted}))
    said = ""
    while True:
        told = json.loads(socket.recv())
        kind, content = told["msg_type"], told["content"]
        if told["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        if kind == "stream" and content["name"] == "stdout":
            said += content["text"]
        if kind == "error":
            said += content["ename"]
        if kind == "status" and content["execution_state"] == "idle":
            socket.close()
            return said


def test_two_users_are_the_employees_they_are(company: Served, hub: str) -> None:
    code = "import crm_lab; crm = crm_lab.connect(); print(crm.me.username, sorted(crm.customers.list().name), crm.transport._base[:8])"
    browsers = {name: sign_in(hub, name) for name in ("kari", "ola")}
    for name, browser in browsers.items():
        assert server_of(hub, browser, name).ok
    assert run_there(hub, browsers["kari"], "kari", code).strip() == "kari ['Nordlys Bygg AS'] https://"
    assert run_there(hub, browsers["ola"], "ola", code).strip() == "ola ['Bare Olas AS', 'Nordlys Bygg AS'] https://"
    made = run_there(hub, browsers["ola"], "ola", "import crm_lab; print(crm_lab.connect().customers.create(name='Fra huben AS').number)")
    assert made.strip().isdigit()
    assert browsers["kari"].get(f"{hub}/user/ola/api/status", timeout=20).status_code in {403, 404}
    # they stand among the sessions, and end there
    kari = Connection(Remote(company.socket, user="kari"))
    lent = [one for one in kari.sessions.everybodys() if one.agent == "JupyterHub"]
    assert {one.name for one in lent} == {"Kari Nordmann", "Ola Hansen"}
    kari.sessions.revoke(id=next(one.id for one in lent if one.name == "Ola Hansen"))
    assert "SignedOut" in run_there(hub, browsers["ola"], "ola", "import crm_lab; print(crm_lab.connect().customers.list())")
    # nobody reads the Hub's secret in a notebook
    assert SECRET not in run_there(hub, browsers["kari"], "kari", "import os; print(dict(os.environ))")


def test_who_is_no_employee_gets_no_server(hub: str) -> None:
    answer = server_of(hub, sign_in(hub, "fremmed"), "fremmed")
    assert "fremmed" in answer.text
    assert "administrator" in answer.text


def test_only_who_knows_the_secret_is_lent_a_session(company: Served) -> None:
    now, body = str(int(time.time())), json.dumps({"username": "kari"})

    def ask(secret: str = SECRET, at: str = now, body: str = body, signed: str = "") -> Any:
        headers = {TIMESTAMP: at, SIGNATURE: sign(secret, at, signed or body)}
        return requests.post(f"{company.url}/hooks/hub", data=body, headers=headers, timeout=20)

    assert ask().json()["token"]
    for answer in (ask("feil" * 8), ask(at=str(int(now) - 400)), ask(body=json.dumps({"username": "ola"}), signed=body), ask("")):
        assert answer.status_code == 403
        assert "token" not in answer.json()
    assert ask(body=json.dumps({"username": "ingen"})).status_code == 404
    assert ask(body="[]").status_code == 422
    assert requests.post(f"{company.url}/api/hub/lend", json={}, headers={"Authorization": "Bearer x"}, timeout=20).status_code == 404
