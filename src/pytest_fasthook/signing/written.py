"""The secret that a source's own body holds, for whoever has just written that source.

FastHook gives secrets back redacted, so a body that was read holds none. The spelling of most keys inside ``auth`` is
not published (see ``requirement.py``), so every likely one is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_fasthook.redact import Secret

_KEYS = ("secret", "webhook_signing_secret", "signing_secret", "api_key", "value", "token", "password", "key")
_USERS = ("username", "user")


def written_secret(config: Mapping[str, Any] | None) -> Secret | None:
    """The secret in a source's ``config``, in the form of ``FASTHOOK_SOURCE_SECRET``; ``None`` without one.

    Args:
        config: as it is written to FastHook; a redacted placeholder is no secret.
    """
    auth = (config or {}).get("auth")
    if not isinstance(auth, Mapping):
        return None
    secret = next((text for key in _KEYS if (text := _text(auth, key))), None)
    user = next((text for key in _USERS if (text := _text(auth, key))), None)
    if secret is None:
        return None
    return Secret(f"{user}:{secret}" if user and "password" in auth else secret)


def _text(auth: Mapping[str, Any], key: str) -> str | None:
    value = auth.get(key)
    if not isinstance(value, str) or not value.strip("* ") or "redacted" in value.lower():
        return None
    return value
