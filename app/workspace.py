"""The folder that holds everything of one team: database, history, checkpoints, jobs, mailbox, files."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from domain.errors import ConversationBusy, InvalidFile, ReviewRejected, WorkspaceBusy, WorkspaceMissing
from domain.sender import SenderProfile

SENDER_TEMPLATE = """\
# Who writes. Every message carries this; fill it in before the first real run.
organisation: Your Company
from_name: Your Company
from_email: hello@your-company.example
reply_to: null
# A postal address is required by law in most countries; without one every message is blocked (C-01).
postal_address: ""
website: https://www.your-company.example
unsubscribe_url: https://www.your-company.example/unsubscribe
# Hosts a message may link to, besides the content asset's own.
link_hosts: [www.your-company.example]
sign_off: Best regards
brand_voice: Plain, specific, brief. No hype, no exclamation marks.
product_summary: ""
"""


TEAM_RULES_TEMPLATE = """\
# Your team's own rules, beside the law and the house rules. No code: take the `#` away and change the words.
# They hold when a message is drafted and again when it is sent. `attune policy list` shows them;
# docs/rules.md tells every field. Ids (T-01, T-02, ...) follow the order here unless you give your own.

# Words no message may hold. verdict: block (default), hold (a person decides) or warn.
# banned_phrases:
#   - game changer
#   - phrase: best in class
#     verdict: hold
#     why: legal asked for proof

# Words that only an approved claim may say, if this person approved it; else a person looks each time.
# claims_needing_sign_off:
#   - phrase: ISO 27001
#     sign_off: legal

# Names not to mention without a person's look.
# competitors: [Globex, Initech]

# How the brand does not speak, and what it says instead (a warning only).
# brand_voice:
#   - phrase: utilize
#     instead: use

# Days on which nothing goes out, in the recipient's own calendar; without countries: everywhere.
# blackouts:
#   - from: 2026-12-24
#     to: 2027-01-01
#     countries: [DE, AT]
#     why: company holidays

# At most so many messages in so many days for some people. It only tightens the house's limit.
# caps:
#   - messages: 1
#     days: 14
#     stages: [customer]
"""


def placeholders(sender: SenderProfile) -> tuple[str, ...]:
    """The fields of a sender profile that still say what `attune init` wrote, by name."""
    written = sender.model_dump(mode="json")
    marks = ("your company", "your-company.example")
    return tuple(name for name, value in written.items() if any(mark in str(value).lower() for mark in marks))


@dataclass(frozen=True)
class Workspace:
    """Paths inside one workspace folder."""

    folder: Path

    @property
    def database(self) -> Path:
        """The CRM, the journal, decisions, proposals, outbox and audit chain."""
        return self.folder / "attune.db"

    @property
    def checkpoints(self) -> Path:
        """LangGraph's checkpoints of contacts under way."""
        return self.folder / "checkpoints.db"

    @property
    def jobs(self) -> Path:
        """The durable jobs of runs under way."""
        return self.folder / "jobs.db"

    @property
    def history(self) -> Path:
        """Chroma's folder."""
        return self.folder / "history"

    @property
    def features(self) -> Path:
        """The features' state: a shortcut that is built anew where it is missing."""
        return self.folder / "features.npz"

    @property
    def mailbox(self) -> Path:
        """Where the mailbox channel puts `.eml` files."""
        return self.folder / "mailbox"

    @property
    def campaigns(self) -> Path:
        """Campaign files."""
        return self.folder / "campaigns"

    @property
    def rejects(self) -> Path:
        """Rows that imports could not take."""
        return self.folder / "rejects"

    @property
    def sender_file(self) -> Path:
        """The sender profile."""
        return self.folder / "sender.yaml"

    @property
    def team_rules_file(self) -> Path:
        """The team's own rules."""
        return self.folder / "policies.yaml"

    @property
    def heads(self) -> Path:
        """Heads of the audit chain, kept outside the database: what tells a restored one, or a cut tail."""
        return self.folder / "audit-heads.txt"

    @property
    def key_file(self) -> Path:
        """The secret that links and canaries are derived from."""
        return self.folder / "link.key"

    def require(self) -> Workspace:
        """Return self, or raise `WorkspaceMissing` where `attune init` has not been."""
        if not self.key_file.is_file() and not self.sender_file.is_file():
            raise WorkspaceMissing(self.folder)
        return self

    def lay(self) -> bool:
        """Make the folders and a sender file to fill in; tell whether this is a new workspace."""
        is_new = not self.key_file.exists() and not self.sender_file.exists()
        for folder in (self.folder, self.mailbox, self.campaigns, self.rejects):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InvalidFile(
                    folder, f"no workspace can be made here ({error.strerror}).", "Name another folder."
                ) from None
        if not self.sender_file.exists():
            self.sender_file.write_text(SENDER_TEMPLATE, encoding="utf-8")
        if not self.team_rules_file.exists():
            self.team_rules_file.write_text(TEAM_RULES_TEMPLATE, encoding="utf-8")
        return is_new

    def make_key(self) -> None:
        """Make the secret. One that is there already stays."""
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(self.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))

    def link_key(self) -> bytes:
        """The workspace's secret. Raises `InvalidFile` where it is not there, or is none."""
        mend = "Put it back from a backup or another machine of this database, or set ATTUNE_LINK_KEY."
        try:
            return bytes.fromhex(self.key_file.read_text(encoding="ascii").strip())
        except FileNotFoundError:
            raise InvalidFile(self.key_file, "is missing.", mend) from None
        except ValueError:
            raise InvalidFile(self.key_file, "holds no key.", mend) from None

    def sender(self) -> SenderProfile:
        """Read the sender profile. Raises `InvalidFile` naming the field that is wrong."""
        try:
            return SenderProfile.model_validate(yaml.safe_load(self.sender_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InvalidFile(
                self.sender_file, "is missing.", "`attune init` writes one to fill in."
            ) from None
        except yaml.YAMLError as error:
            raise InvalidFile(self.sender_file, f"is not YAML: {error}".replace("\n", " ")) from None
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InvalidFile(self.sender_file, f"{field}: {first['msg']}.") from None

    @contextlib.contextmanager
    def only_worker(self) -> Iterator[None]:
        """Hold the right to carry runs forward; the kernel gives it back even after SIGKILL.

        Raises:
            WorkspaceBusy: another process of this workspace is running campaigns now.
        """
        with _lock(self.folder / "worker.lock", fcntl.LOCK_EX) as is_held:
            if not is_held:
                raise WorkspaceBusy(
                    f"Another `attune run` is working in {self.folder}. Wait for it, or stop it with Ctrl-C; "
                    "a stopped run goes on where it was."
                )
            yield

    @contextlib.contextmanager
    def reviewing(self, proposal_id: str) -> Iterator[None]:
        """Hold one proposal while a review of it is carried out.

        Raises:
            ReviewRejected: someone else's review of it is being carried out this very moment.
        """
        locks = self.folder / "reviewing"
        locks.mkdir(exist_ok=True)
        with _lock(
            locks / f"{hashlib.sha256(proposal_id.encode()).hexdigest()[:16]}.lock", fcntl.LOCK_EX
        ) as held:
            if not held:
                raise ReviewRejected(
                    f"Someone else's review of {proposal_id} is being carried out right now. Yours was not. "
                    f"Look again with `attune review show {proposal_id}`."
                )
            yield

    @contextlib.contextmanager
    def talking(self, conversation_id: str) -> Iterator[None]:
        """Hold one conversation while the assistant works in it.

        Raises:
            ConversationBusy: it works in it already, in this process or another.
        """
        locks = self.folder / "talking"
        locks.mkdir(exist_ok=True)
        name = hashlib.sha256(conversation_id.encode()).hexdigest()[:16]
        with _lock(locks / f"{name}.lock", fcntl.LOCK_EX) as held:
            if not held:
                raise ConversationBusy
            yield

    @contextlib.contextmanager
    def writing_campaigns(self) -> Iterator[bool]:
        """Tell whether nobody else writes campaign files now, and keep it so meanwhile."""
        with _lock(self.folder / "campaigns.lock", fcntl.LOCK_EX) as is_held:
            yield is_held

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        """Say that this process may have messages between reserve and confirm."""
        with _lock(self.folder / "sending.lock", fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def nobody_sends(self) -> Iterator[bool]:
        """Tell whether no living process is between reserve and confirm, and keep it so meanwhile."""
        with _lock(self.folder / "sending.lock", fcntl.LOCK_EX) as is_held:
            yield is_held

    @contextlib.contextmanager
    def writing_heads(self) -> Iterator[bool]:
        """Tell whether nobody else writes the heads of the audit chain now, and keep it so meanwhile."""
        with _lock(self.folder / "audit-heads.lock", fcntl.LOCK_EX) as is_held:
            yield is_held


@contextlib.contextmanager
def _lock(path: Path, kind: int) -> Iterator[bool]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        flags = kind if kind == fcntl.LOCK_SH else kind | fcntl.LOCK_NB
        try:
            fcntl.flock(descriptor, flags)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
