"""What `langgraph.json` names as `auth`: no request gets to a graph or a thread without the server's secret."""

from __future__ import annotations

import sys

from langgraph_sdk import Auth

from app.studio_door import HEADERS, studio_door

auth = Auth()
door = studio_door()
door.is_watched = True
if door.made:
    sys.stderr.write(
        f"attune: the secret of this server, until it ends, is {door.made}\n"
        f"attune: send it with every request, as {HEADERS}; ATTUNE_STUDIO_SECRET sets one that stays.\n"
    )
    sys.stderr.flush()


@auth.authenticate
async def authenticate(headers: dict[bytes, bytes]) -> Auth.types.MinimalUserDict:
    """Let in who brings the secret. Raises the server's own 401 else."""
    if not door.opens_to(headers):
        raise Auth.exceptions.HTTPException(
            status_code=401,
            detail=f"Send this server's secret, as {HEADERS}. It was printed when the server started, or is "
            "what ATTUNE_STUDIO_SECRET says.",
        )
    return {"identity": "studio"}
