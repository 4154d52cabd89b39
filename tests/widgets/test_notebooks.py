"""Notebooks on screen: published from a file, renamed, taken out of the menu; a figure as a box."""

from __future__ import annotations

from tests.services.test_notebooks import FIGURE, notebook


def test_a_notebook_is_published_renamed_and_taken_out_of_the_menu(app, crm):
    app.go("settings/notebooks")
    (screen,) = app.main.children
    screen.upload.fire("file", name="salg_etter_sesong.ipynb", data=b"no notebook")
    assert "nbformat 4" in screen.page.html
    screen.upload.fire("file", name="salg_etter_sesong.ipynb", data=notebook().encode())
    (page,) = crm.notebooks.list()
    assert page.title == "Salg etter sesong"
    assert f"/pages/{page.id}" in app.nav.html
    screen.page.act("edit", id=str(page.id))
    screen.page.act("save", values={"title": ""})
    assert "Skriv hva siden skal hete i menyen." in screen.page.html
    screen.page.act("save", values={"title": "Sesong"})
    assert crm.notebooks.list()[0].title == "Sesong"
    screen.page.act("show", id=str(page.id))
    assert f"/pages/{page.id}" not in app.nav.html
    screen.page.act("show", id="made up")
    screen.page.act("remove", id=str(page.id))
    assert crm.notebooks.list() == []


def test_a_figure_of_ones_own_is_shown_as_a_box(app, crm):
    figure = crm.figures.save(name="Mine <kunder>", figure=FIGURE)
    app.go("dashboard")
    (screen,) = app.main.children
    screen.act("arrange")
    assert "Mine &lt;kunder&gt;" in screen.html
    screen.act("show", box=f"figure-{figure.id}")
    assert screen.html.count('fill="#3451d1"') == 1
    crm.figures.save(name="Mine <kunder>", figure=FIGURE.replace("bar", "sunburst"))
    screen.reload()
    assert "sunburst" in screen.html
