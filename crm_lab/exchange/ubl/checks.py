"""Checks an invoice against the schema and the rules of its own kind, before it is sent and without asking anybody.

The rules are chosen by the document's CustomizationID: EN 16931, and Peppol BIS Billing 3.0 with its Norwegian part on top.
Compiling them takes about a second, the first time; a check after that about 15 ms.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lxml import etree

from crm_lab.exchange.ubl.explanations import explained
from crm_lab.exchange.ubl.names import CBC
from crm_lab.exchange.ubl.reader import parse_ubl
from crm_lab.i18n import _

SVRL = "{http://purl.oclc.org/dsdl/svrl}"
EUROPEAN, PEPPOL = "urn:cen.eu:en16931:2017", "urn:fdc:peppol.eu:2017:poacc:billing:3.0"
SCHEMA, UNKNOWN = "UBL-2.1", "CustomizationID"
LINE = re.compile(r"(?:InvoiceLine|CreditNoteLine)(?:\[[^\]]*\])*?\[(\d+)\]")
LAST = re.compile(r"([A-Za-z]+)(?:\[[^/]*\])*$")


class Severity(StrEnum):
    """Whether a receiver refuses the document."""

    FATAL = "fatal"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that the document breaks.

    Attributes
    ----------
    rule : its identifier, such as "PEPPOL-EN16931-R003" or "BR-25".
    message : what to mend, in the reader's language; the rule's own English where it is none that our documents meet.
    line : the line of the invoice it is about, counted from 1; None where it is about all of it.
    field : what to mend, in the words of an order ("buyer_reference"); else the name of the element.
    """

    rule: str
    severity: Severity
    message: str
    line: int | None = None
    field: str = ""


def check_ubl(data: bytes) -> list[Finding]:
    """What is wrong with a document, the fatal first; nothing where it may be sent. Raises `NotUbl`."""
    root = parse_ubl(data)
    findings = _by_schema(root)
    customization = root.findtext(f"{{{CBC}}}CustomizationID") or ""
    sheets = [name for name, kind in (("CEN-EN16931-UBL", EUROPEAN), ("PEPPOL-EN16931-UBL", PEPPOL)) if kind in customization]
    for sheet in sheets:
        findings += _by_rules(data, sheet)
    if not sheets:
        text = _("The document follows rules that are not known here ({name}); only its form was checked.", name=customization[:120] or "–")
        findings.append(Finding(rule=UNKNOWN, severity=Severity.WARNING, message=text))
    return sorted(findings, key=lambda one: (one.severity is not Severity.FATAL, one.line or 0))


def _by_schema(root: Any) -> list[Finding]:
    schema: Any = _schema(etree.QName(root).localname)
    if schema.validate(root):
        return []
    return [Finding(rule=SCHEMA, severity=Severity.FATAL, message=_("Line {line} of the file: {reason}", line=error.line, reason=_short(error.message))) for error in schema.error_log]


def _by_rules(data: bytes, sheet: str) -> list[Finding]:
    processor, sheets = _saxon()
    node = processor.parse_xml(xml_text=data.decode("utf-8"))
    report = etree.fromstring(sheets[sheet].transform_to_string(xdm_node=node).encode())
    return [_finding(failed) for failed in report.iter(f"{SVRL}failed-assert")]


def _finding(failed: Any) -> Finding:
    rule, location = failed.get("id", ""), failed.get("location", "")
    line, last = LINE.search(location), LAST.search(location)
    said = " ".join(failed.findtext(f"{SVRL}text", "").split()).removeprefix(f"[{rule}]").strip(" -")
    told = explained(rule)
    return Finding(
        rule=rule, severity=Severity.WARNING if failed.get("flag") == "warning" else Severity.FATAL, line=int(line[1]) if line else None,
        field=told[0] if told else last[1] if last else "", message=told[1] if told else said,
    )  # fmt: skip


def _short(message: str) -> str:
    """A schema's message without the namespaces."""
    return re.sub(r"\{[^}]*\}", "", message)[:300]


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(_rules() / "xsd" / "maindoc" / f"UBL-{name}-2.1.xsd"))


@cache
def _saxon() -> tuple[Any, dict[str, Any]]:
    """The processor of XSLT 2 and the compiled rules; imported late, for it takes 170 MB."""
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    compiler = processor.new_xslt30_processor()
    names = ("CEN-EN16931-UBL", "PEPPOL-EN16931-UBL")
    return processor, {name: compiler.compile_stylesheet(stylesheet_file=str(_rules() / f"{name}.xslt")) for name in names}


def _rules() -> Path:
    return Path(str(files("crm_lab.exchange.ubl"))) / "rules"
