"""Published notebooks: run with the rights of who opens them, and nothing else is run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import requests

from crm_lab.connection import Connection, Remote

if TYPE_CHECKING:
    from tests.company import Served

SOURCE = """import crm_lab
crm = crm_lab.connect()
from IPython.display import HTML
HTML(f"<b>ser: {crm.me.username}, {len(crm.sql('SELECT * FROM customers'))}</b>")"""
NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "source": SOURCE}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_page_runs_with_the_visitors_rights_and_only_what_is_listed_runs(served: Served) -> None:
    kari = Connection(Remote(served.socket, user="kari"))
    kari.customers.create(name="Karis hemmelige AS", owner_only=True)
    page = kari.notebooks.publish(title="Salg & sesong", content=NOTEBOOK)
    at = f"{served.url}/pages/{page.id}"
    refused = requests.get(at, allow_redirects=False, timeout=10)
    assert (refused.status_code, "/login" in refused.headers["Location"]) == (302, True)
    for username, told in (("kari", "ser: kari, 2"), ("ola", "ser: ola, 1")):
        html = served.login(username).get(at, timeout=60).text
        assert told in html
        assert "<h1>Salg &amp; sesong</h1>" in html
        assert "crm_lab.connect" not in html
    ola = served.login("ola")
    kari.notebooks.change(id=page.id, version=page.version, is_active=False)
    wrong = (f"/pages/{page.id}", f"/pages/{UUID(int=0)}", "/pages/crm.ipynb", "/pages/..%2fcrm", "/pages/")
    assert [ola.get(served.url + path, timeout=20).status_code for path in wrong] == [404] * len(wrong)
