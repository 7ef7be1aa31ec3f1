"""`python -m evals.recall`: ask everything of every system and print a table."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from domain.errors import AttuneError
from evals.recall.cases import SPLITS, deal
from evals.recall.scores import Scores, score
from evals.recall.systems import by_meaning, full_text, history, newest_first
from tools.embedders import NAMES, choose
from tools.embedders.lexical import LexicalEmbedder


class _FromEnvironment:
    """What `choose` reads, without the application's settings: evals stand below `app`."""

    def __init__(self, model: str, base_url: str | None) -> None:
        import os

        from pydantic import SecretStr

        key = os.environ.get("OPENAI_API_KEY")
        self.openai_api_key = SecretStr(key) if key else None
        self.openai_base_url = base_url or os.environ.get("OPENAI_BASE_URL")
        self.embedding_model = model
        self.model_timeout_seconds = 60.0
        self.model_attempts = 4


def run(embedder_name: str, settings: _FromEnvironment, contacts_per_split: int = 48) -> list[Scores]:
    """Score the baselines, the lexical embedder without its thesaurus, and the named embedder."""
    cases = deal(contacts_per_split)
    embedders = [LexicalEmbedder(knows_notions=False), LexicalEmbedder()]
    if embedder_name != "lexical":
        embedders.append(choose(embedder_name, settings))  # type: ignore[arg-type]
    rows: list[Scores] = []
    for split in SPLITS:
        rows += score("newest first", cases, newest_first(cases), split)
        rows += score("BM25 (FTS5)", cases, full_text(cases), split)
    with tempfile.TemporaryDirectory() as folder:
        for embedder in embedders:
            with history(cases, embedder, Path(folder) / embedder.name) as store:
                for split in SPLITS:
                    rows += score(embedder.name, cases, by_meaning(store), split)
                    rows += score(f"{embedder.name}, no floor", cases, by_meaning(store, 0.0), split)
    return sorted(rows, key=lambda row: (SPLITS.index(row.questions.split(",")[0]), row.questions))


def print_table(rows: Sequence[Scores]) -> None:
    """Print one line a system and question group."""
    heads = ("hit@1", "hit@3", "MRR", "silent, off topic", "silent, absent topic", "leaks")
    print(
        f"{'questions':<28}{'system':<30}{heads[0]:<20}{heads[1]:<20}{heads[2]:<7}"
        f"{heads[3]:<20}{heads[4]:<22}{heads[5]}"
    )
    for row in rows:
        silent = (str(row.silent_off_topic), str(row.silent_absent)) if row.silent_absent.of else ("", "")
        print(
            f"{row.questions:<28}{row.system:<30}{row.hit_at_1!s:<20}{row.hit_at_3!s:<20}"
            f"{row.reciprocal_rank:<7.3f}{silent[0]:<20}{silent[1]:<22}{row.leaks}  n={row.hit_at_1.of}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.recall", description=__doc__)
    parser.add_argument("--embedder", choices=NAMES, default="lexical")
    parser.add_argument("--model", default="text-embedding-3-small", help="embedding model, if openai")
    parser.add_argument("--base-url", help="OpenAI-compatible endpoint")
    parser.add_argument("--contacts", type=int, default=48, help="contacts a split")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    wanted = parser.parse_args(arguments)
    try:
        rows = run(wanted.embedder, _FromEnvironment(wanted.model, wanted.base_url), wanted.contacts)
    except AttuneError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if wanted.json:
        for row in rows:
            print(json.dumps(row.as_json()))
    else:
        print_table(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
