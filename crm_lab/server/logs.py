"""The log: for people at a terminal, or with CRM_LOG=json one JSON object a line, without personal data.

A machine's log is copied to places that the company does not look after. So its lines hold what happened, to which
kind of thing, how long it took and the request's number; who asked stands in the audit under that number. Texts from
libraries are cleaned of what looks like somebody, and an error is told by its class and places, not by its message,
which may quote what was typed.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from crm_lab.settings import Settings

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+(\.[\w-]+)+"  # e-mail
    r"|\b\d{1,3}(\.\d{1,3}){3}\b"  # IPv4
    r"|(?<![\w:])[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){3,7}(?![\w:])"  # IPv6
    r"|\+?\b\d(?:[ .]?\d){7,}\b"  # telephone, identity and account numbers
    r"|(?<=\?)[^\s'\"]+"  # what stands after ? in an address
)
KEPT = frozenset({"at", "level", "process", "request", "reference", "logger", "frames", "error", "ms", "action", "handler", "outcome", "status", "code", "seconds"})
"""Fields of our own making; everything else is cleaned."""
HIDDEN = "…"
QUIET = ("uvicorn.access", "tornado.access", "httpx")
"""They write addresses; `request` and `action` are written instead."""


def clean(text: str) -> str:
    """A text without what looks like a person."""
    return PERSONAL.sub(HIDDEN, text)


def without_persons(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Clean every field that is not of our own making."""
    return {key: value if key in KEPT or isinstance(value, int | float | bool | None) else clean(str(value)) for key, value in event.items()}


def error_as_places(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """An error as its class and where it went, innermost last."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
        steps = traceback.extract_tb(error.__traceback__)
        event["frames"] = [f"{'/'.join(Path(step.filename).parts[-2:])}:{step.lineno} {step.name}" for step in steps]
    return event


def set_up(process: str) -> None:
    """Write the log as CRM_LOG says; called once by each process."""
    if Settings().log != "json":
        return
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        partial(_named, process),
        error_as_places,
        without_persons,
    ]
    structlog.configure(processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)], logger_factory=structlog.PrintLoggerFactory(sys.__stdout__))
    handler = logging.StreamHandler(sys.__stdout__)
    after: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(ensure_ascii=False)]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared], processors=after))
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)  # below that some libraries tell all they do, parameters and secrets too
    take_over()


def take_over() -> None:
    """Have every logger that libraries made write through ours; again once they have made theirs."""
    if Settings().log != "json":
        return
    for name in [name for name in logging.root.manager.loggerDict if name]:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.CRITICAL if name in QUIET else logging.NOTSET)


def _named(process: str, _logger: Any, _name: str, event: EventDict) -> EventDict:
    event["process"] = process
    return event
