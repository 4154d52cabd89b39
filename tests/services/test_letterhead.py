"""The company's logo and colour: kept in a form that can do no harm, and on every document."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from crm_lab.errors import Forbidden, InvalidFields, InvalidInput

SHAPES = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><title>x</title><rect width="10" height="10" fill="#3451d1"/></svg>'


def picture(kind="PNG", size=(2000, 400)):
    out = BytesIO()
    Image.new("RGB", size, (20, 90, 60)).save(out, kind)
    return out.getvalue()


def test_a_logo_is_drawn_anew_and_taken_away(login):
    crm = login("kari")
    for kind in ("PNG", "JPEG"):
        kept = crm.letterhead.set_logo(data=picture(kind))
        assert kept.media_type == "image/png" and Image.open(BytesIO(kept.logo)).size == (1000, 200)
    assert b"<title" not in crm.letterhead.set_logo(data=SHAPES.encode()).logo
    assert crm.letterhead.save(accent="#145A3C", foot="Medlem").rgb == (20, 90, 60)
    assert crm.letterhead.get().media_type == "image/svg+xml" and login("ola").letterhead.get().foot == "Medlem"
    crm.history.undo(request_id=crm.last_request)
    assert crm.letterhead.get().accent == "#3451d1" and crm.letterhead.set_logo(data=b"").logo == b""
    with pytest.raises(Forbidden):
        login("ola").letterhead.set_logo(data=picture())


@pytest.mark.parametrize("wrong", [
    b"MZ", b"<html></html>", b"<svg", picture()[:200], b"GIF89a", SHAPES.replace("<rect", "<script>x</script><rect").encode(),
    SHAPES.replace("<rect", '<image href="http://x/y.png"/><rect').encode(), SHAPES.replace("<rect", '<rect onload="x()"').encode(),
    SHAPES.replace("#3451d1", "url(http://x)").encode(), b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SHAPES.encode(), picture(size=(5000, 4001)),
])  # fmt: skip
def test_what_is_no_harmless_picture_is_refused(login, wrong):
    crm = login("kari")
    with pytest.raises(InvalidInput):
        crm.letterhead.set_logo(data=wrong)
    assert crm.letterhead.get().logo == b""


def test_a_colour_must_be_read_on_paper(login):
    crm = login("kari")
    for wrong in ("blue", "#fff", "#ffffff", "#12345g"):
        with pytest.raises(InvalidFields):
            crm.letterhead.save(accent=wrong)
