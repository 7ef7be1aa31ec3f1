"""Traces by OpenTelemetry, off until its usual variables ask for them; the SDK is not even imported before.

A provider of our own, not the process's: what libraries would trace by themselves (job arguments, statements) holds
more than ids, and stays out. An exception's words may be a person's too: only its class is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from domain.errors import SettingsInvalid
from domain.tracing import NO_TRACING, NOTHING_NOTED, Attribute, Kind, Noted, Span, Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span as OtelSpan

MOST_TEXT_CHARS = 20_000


class KeptSpan:
    """A `domain.tracing.Span` that is written down."""

    def __init__(self, span: OtelSpan, shows_text: bool) -> None:
        self.kept = span
        self._shows_text = shows_text

    def note(self, **attributes: Attribute | None) -> None:
        """See `domain.tracing.Span.note`."""
        self.note_all({f"attune.{name}": value for name, value in attributes.items()})

    def note_all(self, attributes: Noted) -> None:
        """See `domain.tracing.Span.note_all`."""
        for name, value in attributes.items():
            if value is not None:
                self.kept.set_attribute(name, value)

    def show(self, name: str, text: str) -> None:
        """See `domain.tracing.Span.show`."""
        if self._shows_text:
            self.kept.set_attribute(name, text[:MOST_TEXT_CHARS])


class OpenTelemetry:
    """A `domain.tracing.Tracing` that hands spans to one processor."""

    def __init__(self, processor: SpanProcessor, *, shows_text: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        resource = Resource.create()
        # Where neither OTEL_SERVICE_NAME nor OTEL_RESOURCE_ATTRIBUTES names it.
        if str(resource.attributes.get("service.name")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "attune"}))
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("attune")
        self._shows_text = shows_text

    @contextmanager
    def span(
        self,
        name: str,
        noted: Noted = NOTHING_NOTED,
        *,
        kind: Kind = "internal",
        within: Span | None = None,
        alone: bool = False,
    ) -> Iterator[KeptSpan]:
        """See `domain.tracing.Tracing.span`."""
        from opentelemetry import trace

        parent = trace.set_span_in_context(within.kept) if isinstance(within, KeptSpan) else None
        kept = self._tracer.start_span(
            name,
            context=parent,
            kind=trace.SpanKind.CLIENT if kind == "client" else trace.SpanKind.INTERNAL,
        )
        inside: AbstractContextManager[Any] = (
            nullcontext()
            if alone
            else trace.use_span(kept, record_exception=False, set_status_on_exception=False)
        )
        try:
            with inside:
                span = KeptSpan(kept, self._shows_text)
                span.note(**noted)
                yield span
        except BaseException as failure:
            kept.set_attribute("error.type", type(failure).__name__)
            if self._shows_text:
                kept.set_attribute("exception.message", str(failure)[:MOST_TEXT_CHARS])
            kept.set_status(trace.StatusCode.ERROR)
            raise
        finally:
            kept.end()


def tracing_of(environment: Mapping[str, str], *, shows_text: bool = False) -> Tracing:
    """Return what the environment asks for: nothing, spans by OTLP over HTTP, or spans on standard error.

    Args:
        environment: read for `OTEL_SDK_DISABLED`, `OTEL_TRACES_EXPORTER` (otlp, console, none) and
            `OTEL_EXPORTER_OTLP_[TRACES_]ENDPOINT`; the SDK reads its other variables by itself.
        shows_text: let spans hold personal text.

    Raises:
        SettingsInvalid: it asks for an exporter that is not here.
    """
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    is_addressed = any(
        environment.get(name)
        for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return NO_TRACING
    if not exporter and not is_addressed:
        return NO_TRACING
    if exporter not in {"", "otlp", "console"}:
        raise SettingsInvalid(f"OTEL_TRACES_EXPORTER: {exporter!r} is not here. Use otlp, console or none.")
    if exporter == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

        return OpenTelemetry(SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr)), shows_text=shows_text)
    protocol = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"
    )
    if protocol != "http/protobuf":
        raise SettingsInvalid(f"OTEL_EXPORTER_OTLP_PROTOCOL: {protocol!r} is not here. Use http/protobuf.")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return OpenTelemetry(BatchSpanProcessor(OTLPSpanExporter()), shows_text=shows_text)


def current_ids() -> dict[str, str]:
    """The ids of the span this is asked in, as log lines name them; none where nothing is traced."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
