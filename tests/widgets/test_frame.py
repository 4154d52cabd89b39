"""A screen in a notebook cell."""

from __future__ import annotations

import pytest
from ipywidgets.widgets import widget as models

from crm_lab.widgets.base import close_all
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.customers import CustomerList
from crm_lab.widgets.frame import Frame, asked


def test_a_frame_shows_the_screen_of_its_path_and_follows_links(crm, acme):
    frame = Frame(crm, f"customers/{acme.number}")
    assert isinstance(frame.main.children[0], CustomerCard)
    assert frame.nav not in frame.children
    frame.router.path = "customers"
    assert isinstance(frame.main.children[0], CustomerList)


def test_a_closed_frame_leaves_nothing(crm, acme):
    close_all(Frame(crm))
    before = len(models._instances)
    close_all(Frame(crm, f"customers/{acme.number}"))
    assert len(models._instances) == before


@pytest.mark.parametrize(
    ("query", "number"),
    [("customer=10002", "10002"), ("", "10001"), ("customer=", "10001"), ("x=1&customer=7", "7"), ("customer=../employees", "10001"), ("customer=%3Cb%3E", "10001")],
)
def test_the_address_of_a_notebook_names_the_customer(monkeypatch, query, number):
    monkeypatch.setenv("QUERY_STRING", query)
    assert asked("customer", otherwise="10001") == number
