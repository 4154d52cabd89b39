"""Mail by SMTP, against a real server on loopback."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from crm_lab.exchange.mail import InvalidMailServer, MailRefused, MailServer, MailUnavailable, send_mail
from tests.mailbox import mailbox


def message(to: str = "kunde@havn.example") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "post@nordlys.example", to, "Faktura 10001 – blåbær"
    made.set_content("Hei, her er fakturaen.")
    made.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="faktura-10001.pdf")
    return made


def test_a_message_arrives_whole() -> None:
    with mailbox("crm", "hemmelig@nok") as box:
        send_mail(MailServer.parse(box.url.replace("hemmelig@nok", "hemmelig%40nok")), message())
    (got,) = box.messages
    assert got["Subject"] == "Faktura 10001 – blåbær"
    (pdf,) = got.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()) == ("faktura-10001.pdf", b"%PDF-1.4")
    assert box.recipients == [["kunde@havn.example"]]


def test_who_is_refused_is_refused_for_good() -> None:
    with mailbox() as box:
        box.refused.add("borte@havn.example")
        with pytest.raises(MailRefused, match=r"borte@havn\.example: 5\.1\.1 No such mailbox"):
            send_mail(MailServer.parse(box.url), message("borte@havn.example"))
    assert box.messages == []


def test_a_busy_server_is_worth_another_try() -> None:
    with mailbox() as box:
        box.busy.add("kunde@havn.example")
        with pytest.raises(MailUnavailable, match="Try again later"):
            send_mail(MailServer.parse(box.url), message())


def test_a_wrong_password_is_told() -> None:
    with mailbox("crm", "hemmelig") as box, pytest.raises(MailRefused):
        send_mail(MailServer.parse(box.url.replace("hemmelig", "feil")), message())


def test_no_server_and_no_tls_where_it_is_wanted() -> None:
    with mailbox() as box:
        with pytest.raises(MailUnavailable):
            send_mail(MailServer.parse(box.url.partition("?")[0]), message())
        url = box.url
    with pytest.raises(MailUnavailable):
        send_mail(MailServer.parse(url), message(), patience=2)
    assert box.messages == []


@pytest.mark.parametrize("url", ["", "mail.company.no", "http://mail.company.no", "smtp://", "smtp://user:hemmelig@host:port"])
def test_what_is_no_server(url: str) -> None:
    with pytest.raises(InvalidMailServer) as caught:
        MailServer.parse(url)
    assert "hemmelig" not in caught.value.message
