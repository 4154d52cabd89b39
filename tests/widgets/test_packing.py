"""Column buffers and the catalogue of texts."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from babel.messages.pofile import read_po

import crm_lab
from crm_lab.widgets.grid import Grid
from crm_lab.widgets.live import environment
from crm_lab.widgets.packing import pack

ROOT = Path(crm_lab.__file__).parent


def test_dates_are_days_in_oslo():
    stamps = pd.to_datetime(["2026-01-01T23:30:00Z", None]).as_unit("us")
    (column,) = pack(pd.DataFrame({"at": stamps}))
    days = np.frombuffer(column["data"], "int32")
    assert column["kind"] == "date"
    assert days[0] == pd.Timestamp("2026-01-02").toordinal() - pd.Timestamp("1970-01-01").toordinal()
    assert days[1] == np.iinfo("int32").min


@pytest.mark.parametrize("values", [["a", "b", "a"], [f"text {i} æøå" for i in range(500)], ["x", None, ""]])
def test_text_comes_back_whole(values):
    (column,) = pack(pd.DataFrame({"t": values}))
    if column["kind"] == "dict":
        back = [column["dict"][c] if c >= 0 else None for c in np.frombuffer(column["data"], "int32")]
    else:
        at = np.frombuffer(column["offsets"], "int32")
        back = [column["data"][a:b].decode() for a, b in pairwise(at)]
    assert back == values


def test_whole_numbers_beyond_32_bits_stay_exact():
    big = [3_000_000_000, -3_000_000_000, 7]
    (column,) = pack(pd.DataFrame({"n": pd.array(big, "Int64")}))
    kinds = {"i32": "int32", "f64": "float64", "whole": "float64"}
    assert np.frombuffer(column["data"], kinds[column["kind"]]).tolist() == big


def test_an_empty_frame_packs():
    frame = pd.DataFrame({"a": pd.Series([], dtype="str"), "n": pd.Series([], dtype="Int64")})
    assert [c["key"] for c in pack(frame)] == ["a", "n"]


def test_selection_from_the_browser_is_checked():
    grid = Grid(columns=[{"key": "a", "label": "A"}])
    grid.show(pd.DataFrame({"a": list("xyz")}))
    grid.set_state({"selected": memoryview(np.array([2, 0, 3, -1, 10**9], "int32").tobytes() + b"\x01")})
    assert grid.selected_rows == [2, 0]


def test_every_text_of_the_screens_is_translated():
    catalogue = read_po((ROOT / "locale/nb/LC_MESSAGES/crm_lab.po").open("rb"), locale="nb")
    done = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id and m.string}
    sources = [*(ROOT / "widgets").glob("*.py"), *(ROOT / "widgets/templates").glob("*.html")]
    text = r"""\b_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')"""
    used = {a or b for s in sources for a, b in re.findall(text, s.read_text(encoding="utf-8"))}
    assert len(used) > 60
    assert sorted(used - done) == []


def test_templates_escape_everything():
    folder = ROOT / "widgets/templates"
    for template in folder.glob("*.html"):
        source = template.read_text(encoding="utf-8")
        assert "|safe" not in source.replace(" ", "") and "autoescape" not in source
        environment().get_template(template.name)
