"""The import screen without a browser, and its drop zone in a bare page."""

from __future__ import annotations

import uuid

import pytest

from crm_lab.domain.documents import LARGEST_SLICE
from crm_lab.widgets.imports import ImportScreen
from crm_lab.widgets.upload import Upload

FILE = b"Navn;Org.nr;Rart\nFjord AS;923609016;1\nFeil AS;12;2\n"


@pytest.fixture
def screen(app):
    app.go("imports")
    shown = app.main.children[0]
    assert isinstance(shown, ImportScreen)
    return shown


def test_a_file_goes_through_all_steps_and_is_undone(app, crm, screen):
    before = crm.customers.count()
    screen.upload.fire("file", name="kunder.csv", data=FILE)
    assert "kunder.csv" in screen.steps.html and "away" in screen.upload._dom_classes
    assert screen.job.mapping == ["name", "organisation_number", ""]
    screen.steps.act("map", at="2", value="note")
    screen.steps.act("check")
    assert "12 er ikke et organisasjonsnummer" in screen.steps.html
    screen.steps.act("run")
    assert crm.customers.count() == before, "a fault stops the file, also where somebody presses a disabled button"
    screen.steps.act("choose", name="skip_faulty", value=True)
    screen.steps.act("run")
    assert screen.steps.data["step"] == "done"
    assert crm.customers.count() == before + 1
    screen.steps.act("undo", id=str(screen.steps.data["result"].request_id))
    assert crm.customers.count() == before
    assert "Angret" in screen.before.html


def test_nothing_out_of_turn_does_anything(crm, screen):
    before = crm.customers.count()
    for do, arguments in (
        ("run", {}), ("check", {}), ("map", {"at": "0", "value": "name"}), ("choose", {"name": "known", "value": True}), ("back", {}),
        ("update", {"value": True}), ("undo", {"id": str(uuid.uuid4())}), ("undo", {"id": "x"}), ("kind", {"value": "ansatte"}),
    ):  # fmt: skip
        screen.steps.act(do, **arguments)
    assert (screen.steps.data["step"], crm.customers.count()) == ("choose", before)


@pytest.mark.parametrize(("at", "value"), [("9", "name"), ("-1", "name"), ("x", "name"), ("0", "password_hash"), ("²", "name")])
def test_a_made_up_column_is_not_mapped(screen, at, value):
    screen.upload.fire("file", name="kunder.csv", data=FILE)
    screen.steps.act("map", at=at, value=value)
    assert screen.job.mapping == ["name", "organisation_number", ""]


def test_a_file_that_is_none_says_so_and_another_can_be_chosen(screen):
    screen.upload.fire("file", name="x.xlsx", data=b"PK\x03\x04rubbish")
    assert "ikke en lesbar Excel-fil" in screen.steps.html
    screen.upload.fire("file", name="<b>.csv", data=FILE)
    assert "&lt;b&gt;.csv" in screen.steps.html


def test_slices_are_put_together_and_invented_ones_end_the_transfer():
    got = []
    upload = Upload(hint="", largest=10, on_file=lambda name, data: got.append((name, data)))
    upload.take({"name": "a", "size": 5, "at": 0}, b"abc")
    upload.take({"name": "a", "size": 5, "at": 3}, b"de")
    assert got == [("a", b"abcde")]
    for message, part in (
        ({"name": "a", "size": 11, "at": 0}, b"a" * 11), ({"name": "a", "size": 5, "at": 3}, b"de"), ({"name": 1, "size": 5, "at": 0}, b"a"),
        ({"name": "a", "size": 5, "at": 0}, b""), ({"name": "a", "size": True, "at": 0}, b"a"), ({"name": "a", "size": 5, "at": 0}, b"a" * (LARGEST_SLICE + 1)),
    ):  # fmt: skip
        upload.take(message, part)
    assert len(got) == 1


@pytest.mark.browser
def test_a_picked_file_is_sent_slice_by_slice(mount):
    page = mount(Upload(hint="CSV", accept=".csv", largest=20 << 20))
    page.set_input_files("input[type=file]", {"name": "stor.csv", "mimeType": "text/csv", "buffer": b"x" * (LARGEST_SLICE + 7)})
    page.wait_for_function("window.sent.length === 1")
    page.evaluate("window.tell('msg:custom', {next: 4 << 20})")
    page.wait_for_function("window.sent.length === 2")
    assert page.evaluate("window.sent") == [
        {"event": "slice", "name": "stor.csv", "size": LARGEST_SLICE + 7, "at": 0},
        {"event": "slice", "name": "stor.csv", "size": LARGEST_SLICE + 7, "at": LARGEST_SLICE},
    ]
    assert page.evaluate("window.buffers[0].byteLength") == 7
    page.evaluate(f"window.tell('msg:custom', {{next: {LARGEST_SLICE + 7}}})")
    assert page.locator("progress").is_hidden()
