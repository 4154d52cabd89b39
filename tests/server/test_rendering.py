"""A page that fails half way, without a browser: what is sent ends, says so, and its kernel is freed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import voila.handler
from jinja2 import DictLoader, Environment
from voila.notebook_renderer import NotebookRenderer

from crm_lab.server import rendering


def test_a_template_that_fails_half_way_ends_with_the_error_page(monkeypatch):
    async def failing(_self, _kernel_id, _kernel_future):
        yield "<html><body>begun", {}
        raise ValueError("secret detail")

    async def shutdown_kernel(kernel_id):
        ended.append(kernel_id)

    async def pieces():
        return [html async for html, _resources in page.generate_content_generator("k1", None)]

    ended: list[str] = []
    monkeypatch.setattr(NotebookRenderer, "generate_content_generator", failing)
    page = rendering.PageRenderer.__new__(rendering.PageRenderer)
    page.resources = {}
    page.request_handler = SimpleNamespace(
        kernel_manager=SimpleNamespace(shutdown_kernel=shutdown_kernel), error_page=lambda status: f"<h1>Feil {status}</h1><script>1</script>"
    )
    first, last = asyncio.run(pieces())
    assert first == "<html><body>begun"
    assert "Feil 500" in last and "secret" not in last and last.count("</script>") == 1
    assert ended == ["k1"]


def test_voila_renders_its_pages_with_ours(monkeypatch):
    monkeypatch.setattr(voila.handler, "NotebookRenderer", NotebookRenderer)
    rendering.take_over()
    assert voila.handler.NotebookRenderer is rendering.PageRenderer


def test_a_template_is_compiled_for_the_first_page_only(monkeypatch):
    def environment() -> Environment:
        return Environment(loader=loader, bytecode_cache=compiled)

    source, compiled = {"page.html": "<p>{{ name }}</p>"}, rendering.Compiled()
    loader = DictLoader(source)
    assert environment().get_template("page.html").render(name="Kari") == "<p>Kari</p>"
    with monkeypatch.context() as patch:
        patch.setattr(Environment, "compile", None)
        assert environment().get_template("page.html").render(name="Ola") == "<p>Ola</p>"
    source["page.html"] = "<b>{{ name }}</b>"
    assert environment().get_template("page.html").render(name="Ola") == "<b>Ola</b>"
