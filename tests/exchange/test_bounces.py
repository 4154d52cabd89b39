"""Why an e-mail came back, and which one it was."""

from __future__ import annotations

import pytest

from crm_lab.exchange.bounces import NoBounce, read_bounce

REPORT = b"""From: MAILER-DAEMON@mx.example
To: faktura@selger.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <report@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; post@acme.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user

--b
Content-Type: message/rfc822

From: faktura@selger.example
To: post@acme.example
Message-ID: <sent@selger.example>
Subject: Faktura 10001

Hei
--b--
"""


def test_a_report_tells_recipient_reason_and_message():
    found = read_bounce(REPORT)
    assert (found.message_id, found.recipient) == ("<sent@selger.example>", "post@acme.example")
    assert found.reason == "post@acme.example: 5.1.1 550 5.1.1 No such user"


@pytest.mark.parametrize("other", [b"", b"Subject: Hei\n\nHei", REPORT.replace(b"Action: failed", b"Action: delayed"), REPORT.replace(b"<sent@selger.example>", b"")])
def test_other_mail_is_none(other):
    with pytest.raises(NoBounce):
        read_bounce(other)
