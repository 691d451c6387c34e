"""The hiding of secrets inside configs, and their keeping where a hidden one comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLACEHOLDER = "********"
"""What a secret looks like in answers; sent back in its place, it keeps the stored secret."""

_SECRET_KEYS = frozenset(
    [
        "secret",
        "password",
        "api_key",
        "key",
        "value",
        "header_value",
        "token",
        "webhook_signing_secret",
        "signing_secret",
        "client_secret",
        "refresh_token",
        "access_token",
        "bot_token",
        "private_key",
        "secret_access_key",
        "connection_string",
    ]
)


def redacted(value: Any) -> Any:
    """Return a config with every secret under an ``auth`` key replaced by the placeholder."""
    if not isinstance(value, Mapping):
        return [redacted(item) for item in value] if isinstance(value, list) else value
    return {key: _hidden(item) if key == "auth" else redacted(item) for key, item in value.items()}


def restore_secrets(new: Any, stored: Any) -> Any:
    """Return a config in which placeholders are replaced by the secrets stored at the same place."""
    if new == PLACEHOLDER and isinstance(stored, str):
        return stored
    if isinstance(new, Mapping):
        known = stored if isinstance(stored, Mapping) else {}
        return {key: restore_secrets(item, known.get(key)) for key, item in new.items()}
    return new


def _hidden(auth: Any) -> Any:
    if not isinstance(auth, Mapping):
        return auth
    return {key: PLACEHOLDER if key in _SECRET_KEYS and item else _hidden(item) for key, item in auth.items()}
