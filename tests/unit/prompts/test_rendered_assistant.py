"""The assistant's prompt, word for word. `python -m tests.unit.prompts.test_rendered_assistant` writes it anew."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.fakes.talk import ScriptedTalker
from tests.talk import Talk

FILE = Path(__file__).parent / "rendered" / "assistant.marketer.txt"


async def rendered(folder: Path) -> str:
    """What the model receives before anything was looked up, as one text."""
    model = ScriptedTalker("Hello.")
    await Talk(folder, model).said("Which accounts went quiet?")
    return "\n".join(f"===== {turn.role} =====\n{turn.content}\n" for turn in model.requests[0].turns)


async def test_the_prompt_reads_exactly_so(tmp_path: Path) -> None:
    assert await rendered(tmp_path) == FILE.read_text(encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        FILE.write_text(asyncio.run(rendered(Path(folder))), encoding="utf-8")
