"""Traces for OpenTelemetry, where it is installed (`pip install crm_lab[telemetry]`) and CRM_TRACES says where they go."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

log = structlog.get_logger()


class NoSpan:
    """Stands for a span where nobody wants one."""

    def set_attribute(self, key: str, value: object) -> None:
        """Nothing."""


NOWHERE = NoSpan()


class Tracer:
    """A span for every action: its name, time and status, as a child of the caller's `traceparent`. It names nobody."""

    def __init__(self, address: str) -> None:
        self._tracer: Any = None
        self._provider: Any = None
        if address:
            self._start(address)

    def _start(self, address: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            log.warning("no traces: opentelemetry is not installed")
            return
        provider = TracerProvider(resource=Resource.create({"service.name": "crm-lab-store"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
        self._provider, self._tracer = provider, provider.get_tracer("crm_lab")

    def close(self) -> None:
        """Send what waits."""
        if self._provider is not None:
            self._provider.shutdown()

    def span(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[Any]:
        """One action; `headers` are its request's (W3C Trace Context)."""
        if self._tracer is None:
            return nullcontext(NOWHERE)
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        caller = TraceContextTextMapPropagator().extract({"traceparent": headers.get("traceparent", "")})
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(name, context=caller)
        return span
