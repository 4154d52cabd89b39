"""Telephone exchanges: files of call records (CDR) from Asterisk and 3CX, signed messages, and Asterisk's own interface (AMI)."""

from __future__ import annotations

from crm_lab.exchange.telephony.cdr import CallFault, read_cdr
from crm_lab.exchange.telephony.signed import read_signed

__all__ = ["CallFault", "read_cdr", "read_signed"]
