"""What went wrong, for programs: `application/problem+json` (RFC 9457), the same for every failure of the API."""

from __future__ import annotations

from fastapi.responses import JSONResponse
from pydantic import BaseModel

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """`type` names the kind of failure, `detail` says in words what happened and what to do next."""

    type: str
    title: str
    status: int
    detail: str


def as_problem(status: int, title: str, detail: str, kind: str = "") -> JSONResponse:
    """Return the answer for one failure; `kind` is the failure's class, where there is one."""
    told = Problem(type=f"urn:attune:{kind or status}", title=title, status=status, detail=detail)
    return JSONResponse(told.model_dump(), status_code=status, media_type=MEDIA_TYPE)
