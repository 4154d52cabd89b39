"""E-mail as it is found: the right people, whatever the rest looks like, and no file that takes the reader down."""

from __future__ import annotations

import mailbox
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_lab.domain.messages import AddressRole, ReadMail, bare_subject, is_private
from crm_lab.exchange.mail_html import plain_text, safe_html
from crm_lab.exchange.mime import read_head, read_mail, read_mbox

SHARED = Path(os.environ.get("CRM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "6_crm" / "email"
HEAD = b"From: a@b.no\r\nTo: c@d.no\r\nSubject: x\r\n"
PEOPLE = {
    "raw_email_multiple_from.eml": (["tim@powerupdev.com", "concierge@powerupdev.com"], ["tim@powerupdev.com", "concierge@powerupdev.com"]),
    "raw_email_incorrect_header.eml": (["xxx@xxx.xxx"], ["xxx@xxx.com"]),
    "weird_to_header.eml": (["anonymous@i.tp.host"], ["user-example@aol.com", "e-s-a-s-2200@app.ar.com"]),
    "content_transfer_encoding_spam.eml": (["shechem@poetrix.com"], ["vladi.pimenov@enron.com"]),
    "raw_email_with_at_display_name.eml": (["test@lindsaar.net", "jack@lindsar.com"], ["smith@gmail.com", "mikel@lindsaar", "raasdnil@gmail.com", "tom@gmail.com"]),
    "cant_parse_from.eml": (["news@insideapple.apple.com"], ["karl.baum@gmail.com"]),
    "japanese_iso_2022.eml": (["raasdnil@gmail.com"], ["raasdnil@gmail.com"]),
    "utf8_headers.eml": (["jdöe@mächine.example"], ["märy@exämple.net"]),
    "example04.eml": (["pete@silly.example"], ["c@a.test", "joe@where.test", "jdoe@one.test"]),
    "example10.eml": (["pete@silly.test"], ["c@public.example", "joe@example.org", "jdoe@one.test"]),
    "example13.eml": (["jdoe@machine.example"], ["mary@example.net"]),
    "empty_group_lists.eml": (["ceciledwards@sbcglobal.net"], []),
    "outlook.eml": (["me@example.com"], ["you@example.com"]),
    "msg_01.txt": (["bbb@ddd.com"], ["bbb@zzz.org"]),
    "msg_45.txt": (["foo@bar.baz"], ["baz@bar.foo"]),
}


def addresses(mail: ReadMail, role: AddressRole) -> list[str]:
    return [one.address for one in mail.people if one.role is role]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared test data are not here")
def test_every_shared_file_is_read_with_the_right_people() -> None:
    files = {path.name: read_mail(path.read_bytes()) for path in SHARED.rglob("*") if path.is_file()}
    assert len(files) > 150
    assert {name: tuple(addresses(files[name], role) for role in (AddressRole.FROM, AddressRole.TO)) for name in PEOPLE} == PEOPLE
    assert [name for name, mail in files.items() if mail.is_cut] == []
    assert [f.name for f in files["japanese_attachment.eml"].files] == ["てすと.txt"]
    assert [f.media_type for f in files["attachment_pdf.eml"].files] == ["application/pdf"]
    assert files["japanese.eml"].subject == "まみむめも"
    for mail in files.values():  # what no database keeps
        assert "\0" not in mail.text + mail.html + mail.subject
        (mail.text + mail.html + mail.subject).encode()


def test_the_fields_of_a_message() -> None:
    head = "From: =?utf-8?q?P=C3=A5l?= <PAL@Acme.no>\nTo: Kari <kari@test.no>\nCc: x@y.no\nSubject: =?utf-8?b?w4Z0?= og\n dill\n"
    mail = read_mail(f"{head}Message-ID: <a@b>\nIn-Reply-To: <c@d>\nReferences: <e@f> <c@d>\nDate: Mon, 1 Jun 2026 10:00:00 +0200\n\nHei\n".encode())
    assert [(one.role, one.name, one.address) for one in mail.people] == [("from", "Pål", "pal@acme.no"), ("to", "Kari", "kari@test.no"), ("cc", "", "x@y.no")]
    assert (mail.subject, mail.message_id, mail.references) == ("Æt og dill", "a@b", ("e@f", "c@d"))
    assert (mail.sent_at, mail.text) == (datetime(2026, 6, 1, 8, tzinfo=UTC), "Hei\n")


@pytest.mark.parametrize("data", [
    HEAD + b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(250)) + b"\r\n\r\nx" * 10_000,
    HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 50_000,
    HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 3000,
    HEAD + b"\r\n" + b"a" * 61_000_000,
], ids=["nests", "parts", "enclosed", "large"])  # fmt: skip
def test_what_is_beyond_the_limits_is_read_by_its_head(data: bytes) -> None:
    mail = read_mail(data)
    assert (mail.is_cut, mail.subject, addresses(mail, AddressRole.FROM), mail.size) == (True, "x", ["a@b.no"], len(data))


@pytest.mark.parametrize("head", [b"From: " + b"(" * 50_000, b"From: " + b'"' * 50_001, b"Subject: " + b"=?utf-8?q?x?= " * 5_000, b"References: " + b"<" * 100_000, b"Date: " + b"9" * 5000])
def test_odd_heads_end_nothing(head: bytes) -> None:
    assert read_mail(head + b"\r\nTo: c@d.no\r\n\r\nx").text == "x"


def test_an_archive_is_a_file_and_is_not_unpacked() -> None:
    bomb = HEAD + b'Content-Type: application/zip\r\nContent-Disposition: attachment; filename="../../etc/a.zip"\r\n\r\nPK\x03\x04 not really\r\n'
    (file,) = read_mail(bomb).files
    assert (file.name, file.media_type) == ("a.zip", "application/zip")


def test_a_message_without_an_id_is_the_same_again() -> None:
    one, again, other = (read_mail(HEAD + b"\r\n" + body) for body in (b"x", b"x", b"y"))
    assert one.message_id == again.message_id != other.message_id
    assert one.message_id.endswith("@missing.invalid")
    assert read_head(HEAD, 200_000_000).is_cut


def test_an_mbox(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "a.mbox")
    for n in range(3):
        box.add(f"From: a@b.no\nSubject: {n}\n\nFrom her til der\n".encode())
    box.flush()
    assert [(mail.subject, mail.text) for mail in read_mbox(tmp_path / "a.mbox")] == [(str(n), "From her til der\n") for n in range(3)]


HOSTILE = """<html><head><style>body{background:url(https://t.example/a)}</style><meta http-equiv="refresh" content="0;url=https://t.example"></head>
<body onload="x()"><p onclick="x()" style="color:red;background:url(https://t.example/b);position:fixed">Hei</p><script>x()</script>
<img src="https://t.example/pixel.gif" width="1"><img src="cid:logo@x"><form action="https://t.example"><input name="password"><button>Send</button></form>
<a href="javascript:x()">en</a><a href="https://acme.no/">to</a><iframe src="https://t.example"></iframe><svg onload="x()"></svg><object data="x"></object><base href="https://t.example"></body></html>"""


def test_html_is_made_harmless() -> None:
    found = safe_html(HOSTILE, {"logo@x": "data:image/png;base64,AA=="})
    body = found.page.partition("<body>")[2]
    assert found.n_remote == 1
    assert "t.example" not in body
    for word in ("onload", "onclick", "script", "<form", "<input", "<button", "<iframe", "<svg", "<object", "<base", "<meta", "position"):
        assert word not in body
    assert 'src="data:image/png;base64,AA=="' in body
    assert 'href="https://acme.no/"' in body
    assert "https://t.example/pixel.gif" in safe_html(HOSTILE, {}, with_remote=True).page


def test_html_nested_beyond_reason_is_shown_as_text() -> None:
    deep = "<div>" * 100_000 + "hei"
    assert "hei" in safe_html(deep, {}).page
    assert plain_text(deep) == "hei"
    assert plain_text("<table><tr><td>a</td><td>b</td></tr></table>") == "a b"
    assert plain_text("<p>a<br>b</p><style>x</style><div>c &amp; d</div>") == "a\nb\nc & d"


def test_subjects_and_labels() -> None:
    assert {bare_subject(text) for text in ("Tilbud", "Re: Tilbud", "SV: re[2]: tilbud", "[liste] Fwd:  Tilbud")} == {"tilbud"}
    assert [is_private((label,), ("privat",)) for label in ("Privat", "INBOX/Privat/Ferie", "$privat", "Privatkunder", "INBOX")] == [True, True, True, False, False]
