"""What an operator sees: figures for Prometheus, a log without persons, traces; and who may not see them."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from crm_lab.connection import Connection, Remote
from crm_lab.errors import NotFound
from crm_lab.server.logs import clean, error_as_places
from crm_lab.server.tracing import Tracer
from tests.company import make_company, serve
from tests.server.sockets import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.company import Served

TOKEN = "les-bare-tall"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("co")
    make_company(data)
    with serve(data, CRM_LOG="json", CRM_METRICS_TOKEN=TOKEN) as company:
        yield company


def figures(text: str) -> dict[tuple[str, ...], float]:
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    return {(s.name, *s.labels.values()): s.value for s in samples}


def test_figures_of_store_and_web(watched: Served) -> None:
    kari = watched.login("kari")
    page(watched, kari)
    crm = Connection(Remote(watched.socket, user="kari"))
    crm.customers.list()
    with pytest.raises(NotFound):
        crm.transport.call("made", "up")
    found = figures(requests.get(f"{watched.url}/metrics", timeout=10).text)
    assert found["crm_actions_total", "customers.list", "ok"] >= 1
    assert found["crm_action_seconds_count", "customers.list"] >= 1
    assert found["crm_actions_total", "other", "refused"] == 1
    assert found["crm_sessions",] >= 1
    assert found["crm_kernels",] >= 1
    assert found["crm_queue_length", "deliveries"] == 0
    assert found["crm_store_up",] == 1
    assert "crm_backup_age_seconds" in {name for name, *_ in found}
    assert found["crm_web_requests_total", "PageHandler", "200"] >= 1


@pytest.mark.parametrize(("headers", "status"), [
    ({"X-Forwarded-For": "203.0.113.9"}, 404),
    ({"X-Real-IP": "127.0.0.1"}, 404),
    ({"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer feil"}, 404),
    ({"X-Forwarded-For": "203.0.113.9", "Authorization": f"Bearer {TOKEN}"}, 200),
])  # fmt: skip
def test_only_the_machine_itself_or_a_token_reads_them(watched: Served, headers: dict[str, str], status: int) -> None:
    assert requests.get(f"{watched.url}/metrics", headers=headers, timeout=10).status_code == status


def test_the_log_is_json_and_names_nobody(watched: Served) -> None:
    watched.login("kari", "feil-passord-her")
    crm = Connection(Remote(watched.socket, user="kari"))
    crm.customers.create(name="Hemmelig Navn AS", email="ola@nordmann.example", phone="22 33 44 55")
    crm.customers.list()
    requests.get(f"{watched.url}/crm/customers?q=Hemmelig", timeout=10)
    requests.get(f"{watched.url}/metrics", timeout=10)
    text = (watched.data / "log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"store", "web"} <= {line["process"] for line in lines}
    assert any(line["event"] == "action" and line["action"] == "customers.create" and line["request"] for line in lines)
    assert any(line["event"] == "request" and line["handler"] == "OwnLoginHandler" for line in lines)
    assert not re.search(r"Hemmelig|nordmann|22 ?33|kari|127\.0\.0\.1", text)


@pytest.mark.parametrize(("text", "left"), [
    ("mail to ola.nordmann@firma.no refused", "mail to … refused"),
    ("login refused from 192.168.1.20", "login refused from …"),
    ("login refused from 2001:db8::ff00:42:8329", "login refused from …"),
    ("called +47 22 33 44 55 twice", "called … twice"),
    ("identity 01019912345", "identity …"),
    ("GET /crm/customers?q=Nordmann (1 ms)", "GET /crm/customers?… (1 ms)"),
    ("took 12.5 s at 10:31:07 on 2026-12-01", "took 12.5 s at 10:31:07 on 2026-12-01"),
])  # fmt: skip
def test_texts_of_libraries_are_cleaned(text: str, left: str) -> None:
    assert clean(text) == left


def test_an_error_is_told_by_class_and_place() -> None:
    try:
        raise ValueError("Kari Nordmann")
    except ValueError as error:
        event = error_as_places(None, "", {"event": "failed", "exc_info": error})
    assert event["error"] == "builtins.ValueError"
    assert re.fullmatch(r"server/test_metrics\.py:\d+ test_an_error_is_told_by_class_and_place", event["frames"][-1])
    assert "Nordmann" not in json.dumps(event)


def test_traces_go_where_they_are_asked_for() -> None:
    traces = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    taken: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.handle_request, daemon=True).start()
    tracer = Tracer(f"http://127.0.0.1:{collector.server_port}/v1/traces")
    with tracer.span("customers.list", {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) as span:
        span.set_attribute("http.response.status_code", 200)
    tracer.close()
    collector.server_close()
    (span,) = traces.ExportTraceServiceRequest.FromString(taken[0]).resource_spans[0].scope_spans[0].spans
    assert span.name == "customers.list"
    assert span.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
