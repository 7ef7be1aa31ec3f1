"""Shows the spans of one contact's run as a tree: `python -m app.drills.spans`. No key, no server: a stand-in model."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app import loop
from app.drills.settling import settle
from app.logs import JsonLines
from app.runs import begin, carry_on
from domain.campaign import Autonomy
from evals.benchmarks.loopback import LoopbackModelServer
from evals.crowd import campaign
from tools.tracing import OpenTelemetry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

SHOWN = (
    "attune.outcome",
    "attune.contacts.sent",
    "gen_ai.agent.name",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "attune.channel",
)


def main() -> None:
    """Run one contact in a workspace of its own and print what was traced and logged."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans = InMemorySpanExporter()
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(JsonLines())
    with tempfile.TemporaryDirectory() as folder, LoopbackModelServer(0) as server:
        house = settle(
            Path(folder) / "ws",
            1,
            model="stand-in",
            openai_base_url=server.base_url,
            openai_api_key=SecretStr("none"),
        )
        house.__dict__["tracing"] = OpenTelemetry(SimpleSpanProcessor(spans))
        logging.getLogger("attune").addHandler(lines)
        logging.getLogger("attune").setLevel(logging.INFO)
        run, _ = begin(
            house, campaign().model_copy(update={"autonomy": Autonomy.AUTOPILOT}), is_dry_run=False
        )
        loop.run(carry_on(house, run))
        house.close()
    print("\n" + "\n".join(tree(spans.get_finished_spans())))


def tree(spans: tuple[ReadableSpan, ...], parent: int | None = None, depth: int = 0) -> list[str]:
    """The spans below one, a line each, in the order they began."""
    lines: list[str] = []
    for span in sorted(spans, key=lambda one: one.start_time or 0):
        if (span.parent.span_id if span.parent else None) != parent:
            continue
        took_ms = ((span.end_time or 0) - (span.start_time or 0)) / 1_000_000
        told = dict(span.attributes or {})
        noted = "  ".join(f"{name}={told[name]}" for name in SHOWN if name in told)
        lines.append(f"{'  ' * depth}{span.name:<{24 - 2 * depth}} {took_ms:8.1f} ms  {noted}".rstrip())
        lines += tree(spans, span.context.span_id, depth + 1)
    return lines


if __name__ == "__main__":
    main()
