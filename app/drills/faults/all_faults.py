"""Every fault that is tried, in order. A new one is a file here with a `FAULT`, and its name below."""

from __future__ import annotations

from app.drills.faults import (
    f01_step,
    f02_random,
    f04_schedulers,
    f05_model,
    f06_store,
    f07_mail,
    f08_clocks,
    f09_backup,
    f10_webhooks,
    f11_opt_out,
    f12_csv,
    f13_reviewers,
    f15_machine,
)
from app.drills.faults.seen import Fault

FAULTS: tuple[Fault, ...] = (
    f01_step.FAULT,
    f02_random.FAULT,
    f04_schedulers.FAULT,
    f05_model.FAULT,
    f06_store.FAULT,
    f07_mail.FAULT,
    f08_clocks.FAULT,
    f09_backup.FAULT,
    f10_webhooks.FAULT,
    f11_opt_out.FAULT,
    f12_csv.FAULT,
    f13_reviewers.FAULT,
    f15_machine.FAULT,
)
