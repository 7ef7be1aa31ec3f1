"""The demo: a workspace with a generated, clearly labelled sample market."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import yaml

from app.remembering import catch_up
from app.settings import Settings
from app.wiring import EMBEDDER_FACT, LABEL_FACT, House, make_workspace, open_house
from app.workspace import Workspace
from domain.base import utc_now
from domain.errors import AttuneError, WorkspaceBusy
from domain.message import EvidenceKind
from domain.ports import Clock
from domain.records import ImportSummary
from domain.review import DraftRecord
from domain.run import ContactOutcome
from evals.market.sample import SAMPLE_LABEL, sample_assets, sample_market, sample_sender

CAMPAIGN = "trial-to-meeting"
SEED = 7
MARKER = "sample-market.txt"
"""Says that a folder is a demo, which another may replace where that is asked for."""

Tell = Callable[[str], None]


def furnish(
    settings: Settings,
    folder: Path,
    *,
    with_model: bool,
    tell: Tell,
    clock: Clock = utc_now,
    again: bool = False,
    seed: int = SEED,
) -> tuple[Settings, ImportSummary]:
    """Make the demo workspace anew; return its settings and what was imported.

    Raises:
        AttuneError: the folder holds something that is not an earlier demo, or one that `again` does not give up.
    """
    _clear(folder, again=again)
    changes: dict[str, object] = {
        "workspace": folder,
        "database_url": None,
        "channel": "mailbox",
        "embedder": "lexical",
    }
    if not with_model:
        changes |= {"model": None}
    settings = settings.model_copy(update=changes)
    workspace = Workspace(folder)
    workspace.lay()
    (folder / MARKER).write_text(f"{SAMPLE_LABEL}\n", encoding="utf-8")
    make_workspace(settings)
    profile = sample_sender().model_dump(mode="json")
    workspace.sender_file.write_text(
        yaml.safe_dump(profile, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    for source in resources.files("evals.market").joinpath("campaigns").iterdir():
        if source.name.endswith(".yaml"):
            (workspace.campaigns / source.name).write_text(
                source.read_text(encoding="utf-8"), encoding="utf-8"
            )
    house = open_house(settings, clock)
    try:
        house.content.set_fact(LABEL_FACT, {"text": SAMPLE_LABEL})
        house.content.set_fact(EMBEDDER_FACT, {"name": "lexical"})
        house.content.save_assets(sample_assets())
        tell("Importing the sample market")
        rejects = workspace.rejects / "sample.csv"
        rows = sample_market(seed, house.clock())
        summary = house.intake.take(rows, source_name="sample", rejects_path=rejects)
        tell("Remembering what contacts did")
        catch_up(house)
        house.audit.append("import", "sample market", {"rows": summary.rows, "seed": seed})
    finally:
        house.close()
    return settings, summary


def _clear(folder: Path, *, again: bool) -> None:
    workspace = Workspace(folder)
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / MARKER).exists():
        raise AttuneError(
            f"{folder} is there already and is not an earlier demo. Nothing was changed. "
            "Name another folder: `attune demo FOLDER`."
        )
    if not again:
        raise AttuneError(
            f"{folder} holds an earlier demo, with everything reviewed and sent in it. Nothing was changed. "
            f"Go on with it: `attune -w {folder} review list`. Make it anew: `attune demo {folder} --again`."
        )
    try:
        with workspace.only_worker():
            pass
    except WorkspaceBusy:
        raise AttuneError(f"A run is working in {folder}. Stop it first; nothing was changed.") from None
    shutil.rmtree(folder)


def pair_of_colleagues(house: House, run_id: str) -> tuple[DraftRecord, DraftRecord] | None:
    """Two people of one account and stage who got different content for what they knowingly did.

    Where the run has no such pair, two whose messages differ for other reasons; else None.
    """
    seen: dict[tuple[str, str], DraftRecord] = {}
    second_best: tuple[DraftRecord, DraftRecord] | None = None
    for record in _written(house, run_id):
        contact = house.crm.contact(record.contact_id)
        key = (contact.account_id or contact.id, contact.lifecycle_stage.value)
        first = seen.setdefault(key, record)
        if first.contact_id == contact.id or _asset(house, first) == _asset(house, record):
            continue
        if _tells_of_an_act(first) and _tells_of_an_act(record):
            return first, record
        second_best = second_best or (first, record)
    return second_best


def _written(house: House, run_id: str) -> Iterator[DraftRecord]:
    for outcome in (ContactOutcome.SENT, ContactOutcome.SCHEDULED, ContactOutcome.WAITING):
        for entry in house.runs.ledger(run_id, outcome=outcome, limit=500):
            record = house.archive.made_for(entry.decision_id) if entry.decision_id else None
            if record is not None and record.draft is not None:
                yield record


def _asset(house: House, record: DraftRecord) -> str | None:
    return house.crm.decision(record.decision_id).action.asset_id


def _tells_of_an_act(record: DraftRecord) -> bool:
    acts = {fact.id for fact in record.evidence if fact.kind is EvidenceKind.EVENT}
    return any(acts & set(sentence.evidence) for sentence in (record.draft.sentences if record.draft else ()))
