"""Embedders: texts to vectors, one provider a file. `choose` makes the one a workspace is set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from domain.errors import SettingsInvalid

if TYPE_CHECKING:
    from pydantic import SecretStr

    from domain.ports import Embedder

NAMES = ("lexical", "minilm", "openai")
"""What `ATTUNE_EMBEDDER` may say."""


class EmbedderSettings(Protocol):
    """What is read of the application's settings."""

    @property
    def openai_api_key(self) -> SecretStr | None:
        """Key of the endpoint."""
        ...

    @property
    def openai_base_url(self) -> str | None:
        """Any OpenAI-compatible endpoint."""
        ...

    @property
    def embedding_model(self) -> str:
        """Model that embeds."""
        ...

    @property
    def model_timeout_seconds(self) -> float:
        """Longest wait for one call."""
        ...

    @property
    def model_attempts(self) -> int:
        """Tries a call gets."""
        ...


def choose(name: str, settings: EmbedderSettings) -> Embedder:
    """Return the named embedder.

    Raises:
        SettingsInvalid: the name is unknown, or what the embedder needs is not there.
    """
    if name == "lexical":
        from tools.embedders.lexical import LexicalEmbedder

        return LexicalEmbedder()
    if name == "minilm":
        from tools.embedders.minilm import MiniLMEmbedder

        return MiniLMEmbedder()
    if name == "openai":
        from tools.embedders.openai import OpenAIEmbedder

        if settings.openai_api_key is None and settings.openai_base_url is None:
            raise SettingsInvalid(
                "ATTUNE_EMBEDDER: openai needs OPENAI_API_KEY or OPENAI_BASE_URL. "
                "Set one, or take the local `lexical`."
            )
        key = settings.openai_api_key
        return OpenAIEmbedder(
            model=settings.embedding_model,
            api_key=key.get_secret_value() if key is not None else None,
            base_url=settings.openai_base_url,
            timeout_seconds=settings.model_timeout_seconds,
            attempts=settings.model_attempts,
        )
    raise SettingsInvalid(f"ATTUNE_EMBEDDER: {name!r} is unknown. Take one of {', '.join(NAMES)}.")
