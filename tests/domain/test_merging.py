"""Three-way merging: no change of either side is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.merging import Clash, merge

RECORDS = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 3))


def test_changes_to_different_fields_come_together() -> None:
    base = {"name": "Acme", "phone": "1", "city": "Oslo"}
    merged = merge(base, base | {"phone": "2"}, base | {"city": "Bergen"})
    assert merged.values == {"name": "Acme", "phone": "2", "city": "Bergen"}
    assert merged.clashes == {}


def test_a_field_both_changed_keeps_both_versions() -> None:
    merged = merge({"name": "Acme"}, {"name": "Acme Nordic"}, {"name": "Acme Group"})
    assert merged.clashes == {"name": Clash("Acme", "Acme Nordic", "Acme Group")}


def test_the_same_change_twice_is_no_clash() -> None:
    assert merge({"a": 1}, {"a": 2}, {"a": 2}).clashes == {}


def test_taken_out_by_one_and_changed_by_the_other_clashes() -> None:
    assert merge({"a": 1}, {}, {"a": 2}).clashes == {"a": Clash(1, None, 2)}
    assert merge({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 2}).values == {"b": 2}


@given(RECORDS, RECORDS, RECORDS)
def test_no_change_of_either_side_is_lost(base: dict[str, int], mine: dict[str, int], theirs: dict[str, int]) -> None:
    merged = merge(base, mine, theirs)
    for name in {*base, *mine, *theirs}:
        was, my, their = base.get(name), mine.get(name), theirs.get(name)
        clash, now = merged.clashes.get(name), merged.values.get(name)
        for change in {my, their} - {was}:
            assert change == now or (clash and change in {clash.mine, clash.theirs})
        if len({was, my, their}) < 3:
            assert clash is None
        if my == their == was:
            assert now == was


@given(RECORDS, RECORDS, RECORDS)
def test_it_does_not_matter_who_was_first(base: dict[str, int], mine: dict[str, int], theirs: dict[str, int]) -> None:
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert set(one.clashes) == set(other.clashes)
    settled = {name for name in one.values if name not in one.clashes}
    assert {n: one.values[n] for n in settled} == {n: other.values[n] for n in settled}
