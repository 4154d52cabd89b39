"""Notebooks as pages: published by administrators, without another's outputs; figures that are their owner's alone."""

from __future__ import annotations

import json

import pytest

from crm_lab.domain.dashboard import DashboardBox
from crm_lab.errors import Forbidden, InvalidInput, NotFound

FIGURE = json.dumps({"data": [{"type": "bar", "x": ["a"], "y": [1]}], "layout": {}})


def notebook(source="crm.me", **extra):
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Salg"]},
        {"cell_type": "raw", "id": "r", "metadata": {}, "source": "<script>"},
        {"cell_type": "code", "id": "b", "metadata": {"tags": ["parameters"]}, "source": source, "outputs": [{"output_type": "stream", "text": "hemmelig"}], "execution_count": 3},
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {"widgets": {"x": 1}}, "nbformat": 4, "nbformat_minor": 5} | extra)


def test_a_page_is_published_renamed_moved_taken_out_removed_and_undone(login):
    kari, ola = login("kari"), login("ola")
    one = kari.notebooks.publish(title="  Sesong ", content=notebook())
    two = kari.notebooks.publish(title="Frafall", content=notebook("1 + 1"))
    assert [(p.title, p.changed_by) for p in ola.notebooks.list()] == [("Sesong", "Kari Nordmann"), ("Frafall", "Kari Nordmann")]
    kari.notebooks.move(id=two.id, version=two.version, earlier=True)
    assert [p.title for p in ola.notebooks.list()] == ["Frafall", "Sesong"]
    kari.notebooks.change(id=one.id, version=kari.notebooks.list()[1].version, is_active=False)
    assert [p.title for p in ola.notebooks.list()] == ["Frafall"]
    assert len(kari.notebooks.list()) == 2
    with pytest.raises(NotFound):
        ola.notebooks.content(id=one.id)
    left = kari.notebooks.list()[0]
    kari.notebooks.remove(id=left.id, version=left.version)
    assert ola.notebooks.list() == []
    kari.history.undo(request_id=kari.last_request)
    assert [p.title for p in ola.notebooks.list()] == ["Frafall"]


def test_what_is_kept_of_a_notebook_is_text_and_code_without_outputs(login):
    kari = login("kari")
    page = kari.notebooks.publish(title="Salg", content=notebook())
    told = json.loads(login("ola").notebooks.content(id=page.id))
    assert [cell["cell_type"] for cell in told["cells"]] == ["markdown", "code"]
    assert (told["cells"][1]["outputs"], told["cells"][1]["execution_count"], told["cells"][1]["metadata"]) == ([], None, {"tags": ["parameters"]})
    assert "hemmelig" not in json.dumps(told)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", json.dumps({"cells": []}), notebook(nbformat=3), notebook(cells=[]), notebook(cells=[{"cell_type": "code"}]), "x" * (1 << 21)])
def test_what_is_no_notebook_is_refused(login, content):
    kari = login("kari")
    with pytest.raises(InvalidInput) as refused:
        kari.notebooks.publish(title="Salg", content=content)
    assert refused.value.field == "content"
    assert kari.notebooks.list() == []


def test_only_administrators_publish_and_names_are_one_pages_own(login):
    kari, ola = login("kari"), login("ola")
    with pytest.raises(Forbidden):
        ola.notebooks.publish(title="Salg", content=notebook())
    kari.notebooks.publish(title="Salg", content=notebook())
    for title in ("salg", " "):
        with pytest.raises(InvalidInput) as refused:
            kari.notebooks.publish(title=title, content=notebook())
        assert refused.value.field == "title"


def test_a_figure_is_its_owners_alone_and_a_box_on_the_first_page(login):
    kari, ola = login("kari"), login("ola")
    figure = ola.figures.save(name="Mine kunder", figure=FIGURE)
    assert (kari.figures.list(), [f.name for f in ola.figures.list()]) == ([], ["Mine kunder"])
    with pytest.raises(NotFound):
        kari.figures.get(id=figure.id)
    box = f"figure-{figure.id}"
    ola.dashboard.arrange(boxes=(box, DashboardBox.MEETINGS))
    found = ola.dashboard.boxes()
    assert (found.boxes, found.figures[0].figure) == ((box, "meetings"), FIGURE)
    with pytest.raises(InvalidInput, match="figure-"):
        kari.dashboard.arrange(boxes=(box,))
    again = ola.figures.save(name="Mine kunder", figure=FIGURE.replace("1", "2"))
    assert (again.id, again.version) == (figure.id, 2)
    ola.figures.remove(id=figure.id)
    assert ola.dashboard.boxes().boxes == ("meetings",)
    ola.history.undo(request_id=ola.last_request)
    assert ola.dashboard.boxes().boxes == (box, "meetings")


@pytest.mark.parametrize(("name", "figure"), [("", FIGURE), ("Salg", "{}"), ("Salg", "1"), ("Salg", "x"), ("Salg", json.dumps({"data": [" " * (1 << 18)]}))])
def test_a_figure_has_a_name_and_traces(login, name, figure):
    kari = login("kari")
    with pytest.raises(InvalidInput):
        kari.figures.save(name=name, figure=figure)
    assert kari.figures.list() == []
