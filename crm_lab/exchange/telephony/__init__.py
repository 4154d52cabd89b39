"""Telephone exchanges: files of call records (CDR) from Asterisk and 3CX, signed messages, and Asterisk's own interface (AMI)."""

from __future__ import annotations

from crm_lab.exchange.telephony.cdr import CallFault, read_cdr
from crm_lab.exchange.telephony.signed import SIGNATURE, TIMESTAMP, SignatureRefused, message_of, read_signed, sign

__all__ = ["SIGNATURE", "TIMESTAMP", "CallFault", "SignatureRefused", "message_of", "read_cdr", "read_signed", "sign"]
