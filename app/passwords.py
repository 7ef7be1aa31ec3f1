"""Passwords: Argon2id, and what a password must be like (W-05)."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import TeamRefused
from policies.rights import PASSWORD_CHARS

MOST_CHARS = 512
_AT_ONCE = threading.Semaphore(2)
"""Each check takes 64 MiB for a moment: a crowd of sign-ins waits instead of taking all memory."""

_HASHER = PasswordHasher()
"""RFC 9106's second choice: Argon2id, 64 MiB, 3 passes, 4 lanes."""

_NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZSBzYWx0IG9mIG91cnM$4kuNW7JiPOVGE0PUYSmMAHGdBwkRHI4WhSdUGk4X5UE"
)


def hashed(password: str, *names: str) -> str:
    """Return the hash to keep.

    Args:
        password: what was chosen.
        names: what it must not be: the member's name and address.

    Raises:
        TeamRefused: it is too short, or too easily guessed.
    """
    if len(password) < PASSWORD_CHARS:
        raise TeamRefused(
            f"The password has {len(password)} characters and needs {PASSWORD_CHARS}. Four or five words do well."
        )
    if len(password) > MOST_CHARS:
        raise TeamRefused(f"The password is longer than {MOST_CHARS} characters.")
    folded = password.casefold()
    if len(set(folded)) < 5 or folded in {name.casefold() for name in names}:
        raise TeamRefused("That password is too easily guessed. Four or five words do well.")
    with _AT_ONCE:
        return _HASHER.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Tell whether this is the password; where none is kept it takes as long, and it is not."""
    if len(password) > MOST_CHARS:
        return False
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _NOBODYS, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False
