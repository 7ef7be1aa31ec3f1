"""Every setting, typed, read once from the environment and `.env`, then passed down.

Business numbers are not here: they live in `policies/rules.yaml` with their sources.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AliasChoices,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import SettingsConfigDict

from app.delivery_settings import DeliverySettings
from domain.errors import SettingsInvalid
from domain.staff import Role


class Settings(DeliverySettings):
    """`ATTUNE_*` variables; the model's key and address keep the names every OpenAI client reads."""

    model_config = SettingsConfigDict(
        env_prefix="ATTUNE_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    workspace: Path = Field(Path("attune-workspace"), description="Folder that holds everything of one team.")
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL URL for the CRM, checkpoints and jobs; without it SQLite in the workspace.",
    )
    link_key: SecretStr | None = Field(
        None,
        description="What stands in a link.key, for machines that share a database; without it the workspace's file.",
    )

    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key"),
        description="Key of the model endpoint.",
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_BASE_URL", "openai_base_url"),
        description="Any OpenAI-compatible endpoint.",
    )
    model: str | None = Field(
        None,
        description="Model all agents use. Without it the understudy plays every part, and nothing is asked.",
    )
    models: dict[str, str] = Field(
        default_factory=dict,
        description='Model per agent, as JSON: {"outreach_composer": "…"}. The rest use ATTUNE_MODEL.',
    )
    structured_output: Literal["json_schema", "json_object", "none"] = Field(
        "json_schema", description="How the endpoint is asked for JSON."
    )
    model_timeout_seconds: PositiveFloat = Field(60, description="Longest wait for one model call.")
    model_attempts: PositiveInt = Field(4, description="Tries a call gets on rate limits and server errors.")
    model_concurrency: PositiveInt = Field(32, description="Model calls under way at once.")
    prices: Path | None = Field(
        None, description="YAML file with prices per model, to know what drafts cost."
    )

    time_zone: str = Field(
        "UTC",
        description="The team's zone: days of budgets begin in it, schedules without a zone of their own run in it.",
    )
    daily_messages: PositiveInt | None = Field(
        None, description="Messages of all campaigns a day; what is beyond waits for the next."
    )
    messages_per_minute: PositiveInt | None = Field(
        None, description="Messages the channel is handed a minute, over all workers; what is beyond waits."
    )
    model_calls_per_minute: PositiveInt | None = Field(
        None, description="Model calls this process begins a minute; what is beyond waits."
    )
    warm_up: bool = Field(
        True, description="Let a new sender domain start small (H-20). Never applied to the mailbox channel."
    )

    conversation_tokens: PositiveInt | None = Field(
        1_000_000,
        description="Tokens one conversation with the assistant may take before its understudy answers.",
    )
    assistant_member_daily_tokens: PositiveInt | None = Field(
        3_000_000,
        description="Tokens the assistant may take a day for one member before its understudy answers.",
    )
    assistant_daily_tokens: PositiveInt | None = Field(
        20_000_000,
        description="Tokens the assistant may take a day for the whole workspace before its understudy answers.",
    )

    contacts_at_once: PositiveInt = Field(64, description="Contacts a run works on side by side.")

    embedder: Literal["lexical", "minilm", "openai"] = Field(
        "lexical", description="Embedder of a new workspace; later moves go by `attune memory reindex`."
    )
    embedding_model: str = Field("text-embedding-3-small", description="Embedding model, if `openai`.")
    chroma_url: str | None = Field(
        None, description="Address of a Chroma server, where several processes share one contact history."
    )

    global_holdout_share: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of all contacts that get nothing of any campaign, to measure lift.",
    )

    keep_checkpoints_days: PositiveInt = Field(
        30, description="Days after which checkpoints of contacts whose way has ended are deleted."
    )
    keep_drafts_days: PositiveInt = Field(
        365, description="Days after which what was drafted for a decision is deleted; messages stay."
    )
    keep_rejects_days: PositiveInt = Field(
        90, description="Days after which lists of rows an import rejected are deleted."
    )
    keep_conversations_days: PositiveInt = Field(
        180,
        description="Days after which a conversation with the assistant that nobody went on with is deleted.",
    )
    keep_inbound_days: PositiveInt = Field(
        365, description="Days after which mail that reached us, and what providers posted, is blanked."
    )

    oidc_issuer: str | None = Field(
        None, description="Issuer of OpenID Connect sign-in (https://…); without it there is none."
    )
    oidc_client_id: str | None = Field(None, description="Client id the issuer knows us by.")
    oidc_client_secret: SecretStr | None = Field(None, description="Client secret.")
    oidc_name: str = Field("single sign-on", description="What its button says: Sign in with …")
    oidc_domains: tuple[str, ...] = Field(
        (),
        description='Of whose addresses anybody may join, as JSON: ["example.com"]; else only who is invited.',
    )
    oidc_role: Role = Field(Role.MARKETER, description="Role of those who join so.")
    public_url: str | None = Field(
        None,
        description="Address people reach the web app at, behind a reverse proxy; links we print and mail begin so.",
    )
    token: SecretStr | None = Field(
        None, description="API token `attune mcp` acts with when it talks over stdin and stdout."
    )
    reviewer: str | None = Field(None, description="Name reviews are signed with; else the login name.")

    studio_member: str | None = Field(
        None,
        description="Member (id or address) who answers pauses under `langgraph dev`; without it nobody can.",
    )
    studio_secret: SecretStr | None = Field(
        None,
        description="What every request to `langgraph dev` has to bring; a new one is printed at each start else.",
    )
    interrupts: Literal["hitl", "agent_inbox"] = Field(
        "hitl",
        description="Form of pauses under `langgraph dev`: LangChain's human-in-the-loop, or the older Agent Inbox.",
    )

    log: Literal["text", "json"] = Field(
        "text", description="Log lines on standard error: faults in words, or one JSON object a line."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Lowest level of our own lines in the JSON log."
    )
    trace_text: bool = Field(
        False, description="Let traces and JSON logs hold personal text: prompts, messages, errors' words."
    )

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            raise ValueError(f"{name!r} is no time zone; write one such as Europe/Berlin") from None
        return name

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if url is not None and (
            parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or parts.query
        ):
            raise ValueError(f"{url!r} is no address of a host; write one such as https://attune.example.com")
        return url

    @property
    def zone(self) -> ZoneInfo:
        """The team's zone."""
        return ZoneInfo(self.time_zone)

    @property
    def model_is_on(self) -> bool:
        """Tell whether agents ask a language model: a model is named and there is somewhere to ask."""
        return self.model is not None and (
            self.openai_api_key is not None or self.openai_base_url is not None
        )


def read_settings(**overrides: object) -> Settings:
    """Read the environment once, and the files of `ATTUNE_SECRETS_DIR`; the environment wins.

    Raises:
        SettingsInvalid: naming the variable and what is wrong with it.
    """
    folder = os.environ.get("ATTUNE_SECRETS_DIR") or None
    if folder is not None and not Path(folder).is_dir():
        raise SettingsInvalid(f"ATTUNE_SECRETS_DIR: {folder} is no folder. See .env.example.")
    try:
        return Settings(_secrets_dir=folder, **overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        variable = name.upper() if name.isupper() else f"ATTUNE_{name.upper()}"
        raise SettingsInvalid(f"{variable}: {first['msg']}. See .env.example.") from None
