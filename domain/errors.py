"""The error tree: what happened, to which thing, what to do next.

A rule's refusal is a `Verdict` or a `Refusal`, never an exception. These are caught only in `app/`
and at a provider's edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from domain.message import Usage


class AttuneError(Exception):
    """Something a person has to act on; its text is one clear line. `exit_code` is the CLI's."""

    exit_code = 1


class NotFound(AttuneError):
    """A thing was asked for by an id that nothing has."""

    exit_code = 3

    def __init__(self, noun: str, thing_id: str, hint: str = "") -> None:
        super().__init__(f"No {noun} {thing_id!r} here. {hint}".rstrip())


class Ambiguous(AttuneError):
    """A thing was asked for by words that fit several."""

    exit_code = 3

    def __init__(self, noun: str, said: str, named: Sequence[str], total: int) -> None:
        more = f" and {total - len(named):,} more" if total > len(named) else ""
        super().__init__(f"{said!r} fits {total:,} {noun}s: {'; '.join(named)}{more}. Say which by its id.")


class InvalidFile(AttuneError):
    """A file a person wrote or exported cannot be read as what it should be, or one asked for cannot be written."""

    exit_code = 4

    def __init__(self, path: Path | str, problem: str, next_step: str = "") -> None:
        super().__init__(f"{path}: {problem} {next_step}".rstrip())


class ContentMissing(AttuneError):
    """A campaign names content that is not in the library."""

    exit_code = 4


class WorkspaceMissing(AttuneError):
    """A command needs a workspace and there is none."""

    exit_code = 5

    def __init__(self, path: Path | str) -> None:
        super().__init__(f"No Attune workspace at {path}. Make one with `attune init {path}`.")


class WorkspaceBusy(AttuneError):
    """Another process holds what this one needs."""

    exit_code = 6


class RunOpen(AttuneError):
    """A run was broken off, and what is asked for now does not fit it."""

    exit_code = 9

    def __init__(self, run_id: str, difference: str) -> None:
        super().__init__(
            f"Run {run_id} of this campaign was broken off, and {difference}. Nothing was changed. "
            f"Go on with it as it was: `attune runs resume {run_id}`; or give it up: `attune runs stop {run_id}`."
        )


class ThreadBroken(AttuneError):
    """A contact's checkpoints end without an outcome, as a process that died may leave them."""

    def __init__(self, contact_id: str) -> None:
        super().__init__(
            f"The checkpoints of contact {contact_id!r} ended nowhere and were removed. Nothing was sent "
            "twice. `attune jobs retry RUN` begins anew where it was not done already."
        )


class StoreTrouble(AttuneError):
    """The database or the disk failed over and over; nothing is lost, and nobody is parked for it."""

    exit_code = 11

    def __init__(self, run_id: str, problem: str) -> None:
        super().__init__(
            f"Run {run_id} was put down: {problem}. Nothing is lost. Mend the database or the disk, "
            f"then go on with `attune runs resume {run_id}`."
        )


class CampaignHeld(AttuneError):
    """A campaign is paused or stopped, by a person or by the circuit breaker."""

    exit_code = 10

    def __init__(self, campaign_id: str, standing: str) -> None:
        super().__init__(
            f"Campaign {campaign_id!r} is {standing}. Nothing was run. "
            f"Let it go on with `attune campaign resume {campaign_id}`."
        )


class WrongUsage(AttuneError):
    """The words of a command do not fit together, or one of its values cannot be."""

    exit_code = 2


class SettingsInvalid(AttuneError):
    """A setting is missing, malformed or contradicts another."""

    exit_code = 2


class PromptError(AttuneError):
    """A prompt file, or what it was given to render, is not as it should be."""

    exit_code = 4


class ModelError(AttuneError):
    """The language model gave nothing usable. The contact is held or the understudy writes.

    `usage` is what was answered, and will be billed, before it came to this.
    """

    usage: Usage = Usage()


class ModelUnavailable(ModelError):
    """Timeout, rate limit or server error, after every allowed retry."""


class ModelRefused(ModelError):
    """The model declined to answer."""


class ModelAnswerInvalid(ModelError):
    """The answer did not fit the schema, twice."""


class BudgetSpent(ModelError):
    """The run's cap on calls, tokens, cost or minutes is reached."""


class DaySpent(BudgetSpent):
    """The day's cap on what the assistant's models may take, of a member or of the whole team, is reached."""

    def __init__(self, whose: str, tokens: int) -> None:
        super().__init__(
            f"{whose} {tokens:,} tokens of the assistant's models for today are used up. No model was asked. "
            "It goes on tomorrow, or with a higher bound in the settings."
        )


class NothingToSay(AttuneError):
    """No truthful message about this asset can be written to this contact; nothing is sent instead."""

    def __init__(self, contact_id: str, asset_id: str, reason: str) -> None:
        super().__init__(
            f"Nothing to say to contact {contact_id!r} about asset {asset_id!r}: {reason} "
            "Nothing was drafted. Add approved claims to the asset, or choose another."
        )


class ChannelError(AttuneError):
    """A message did not go out."""


class NotSent(ChannelError):
    """The provider provably did not take the message; trying again later is safe when `is_transient`."""

    def __init__(self, detail: str, *, is_transient: bool) -> None:
        super().__init__(f"The message was not sent: {detail}")
        self.is_transient = is_transient


class SendUnknown(ChannelError):
    """The provider may or may not have taken the message. It is never sent again by itself."""


class WebhookRefused(AttuneError):
    """A webhook's signature, age or token is not as it must be. Nothing in it was looked at."""

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(
            f"A webhook that says it is from {provider} was refused: {reason}. Nothing was stored."
        )


class WebhookUnreadable(AttuneError):
    """A webhook is genuine but not in the shape the provider documents."""

    def __init__(self, provider: str, problem: str) -> None:
        super().__init__(f"A webhook of {provider} cannot be read: {problem}. Nothing was stored.")


class InboxUnavailable(AttuneError):
    """The mailbox replies arrive in cannot be read."""


class AddressRefused(AttuneError):
    """An outside address (host or IP) that must not be asked (W-07)."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url[:200]!r} was not asked: {reason}.")


class DuplicateSend(AttuneError):
    """A second message was put where only one may be: same run, or same campaign and still open."""

    exit_code = 8

    def __init__(self, contact_id: str, campaign_id: str, standing_id: str, status: str) -> None:
        super().__init__(
            f"Contact {contact_id!r} already has a message of campaign {campaign_id!r} here "
            f"({standing_id}, {status}). The second one was not stored. "
            f"See `attune contact show {contact_id}`."
        )


class ReviewRejected(AttuneError):
    """A reviewer's act does not fit the proposal as it stands now."""

    exit_code = 7


class HistoryMismatch(AttuneError):
    """The contact history was written by another embedder than the one configured."""


class ImportRefused(AttuneError):
    """A file is not what the importer reads."""

    exit_code = 4


class LinkSpent(AttuneError):
    """A one-time link was used, withdrawn, is too old, or was never one of ours."""

    def __init__(self, hint: str) -> None:
        super().__init__(f"This link does not work any more: each works once, and not for long. {hint}")


class TeamRefused(AttuneError):
    """A change of the team that must not be: nobody left to administer it, an address twice."""


class IdentityRefused(AttuneError):
    """An identity provider vouches for nobody here, or not in a way that can be proven."""

    def __init__(self, provider: str, why: str) -> None:
        super().__init__(
            f"Signing in by {provider} did not work: {why}. A one-time link lets you in as well."
        )


class ToolRefused(AttuneError):
    """A tool was not called: it does not exist, its arguments do not fit, or the asker may not; nothing was done."""


class ToolUnknown(ToolRefused):
    """There is no such tool."""


class ToolForbidden(ToolRefused):
    """The asker's role, or the way they came, does not allow this tool."""


class EffectChanged(AttuneError):
    """A change would do something else than what the asker said yes to; nothing was done."""


class ConversationBusy(AttuneError):
    """A conversation with the assistant is asked for something while an answer is under way in it."""

    exit_code = 6

    def __init__(self) -> None:
        super().__init__(
            "The assistant is still at work in this conversation. Nothing new was begun. "
            "Wait for its answer, or begin another conversation."
        )


class AssistantBusy(AttuneError):
    """A member asks for one more answer while as many as one may have at a time are under way."""

    exit_code = 6
    wait = 10

    def __init__(self, many: int) -> None:
        super().__init__(
            f"{many} of your conversations are answering already. Nothing was begun. Wait for one of them."
        )


class ProposalsWaiting(AttuneError):
    """A program proposes one more change while as many as may wait for its member's yes do."""

    exit_code = 6

    def __init__(self, many: int) -> None:
        super().__init__(
            f"{many} changes that programs proposed wait for the member's yes. Nothing more is put before them until "
            "they answered some, or forgot them, in Attune."
        )


class NothingAsked(AttuneError):
    """A yes or no was given to a change that does not wait for one."""

    exit_code = 7

    def __init__(self) -> None:
        super().__init__(
            "This change does not wait for a yes any more: it was answered already, or something else was "
            "asked since. Nothing was done. Look at the conversation again."
        )


class CannotSuppose(AttuneError):
    """What is supposed cannot be read out of a decision; says what can."""
