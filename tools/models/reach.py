"""Is the model's endpoint there, and does it take our key? Asked by `attune doctor`; no tokens are spent."""

from __future__ import annotations

import httpx

OPENAI_URL = "https://api.openai.com/v1"


def reach(
    base_url: str | None,
    api_key: str | None,
    timeout_seconds: float = 5.0,
    transport: httpx.BaseTransport | None = None,
) -> str | None:
    """Ask for the list of models; return what went wrong, or None.

    Args:
        base_url: the endpoint; None is OpenAI's own.
        api_key: sent where there is one.
        timeout_seconds: longest wait.
        transport: in tests, who answers.

    """
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    url = f"{(base_url or OPENAI_URL).rstrip('/')}/models"
    try:
        with httpx.Client(timeout=timeout_seconds, transport=transport) as client:
            status = client.get(url, headers=headers).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return f"cannot be reached ({type(problem).__name__})"
    # Some servers do not list models (404) and answer questions all the same.
    return None if status < 400 or status == 404 else f"answered {status}"
