"""The project's two credentials, which are only ever held as ``Secret``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.replies import Reply
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import SettingsError, UnreadableError
from pytest_fasthook.redact import Secret

SecretName = Literal["api_key", "signing_secret"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSecrets:
    """The credentials of a project (FastHook's automation guide, project secrets).

    Attributes:
        api_key: for calls of the API.
        signing_secret: receivers verify deliveries with it.
    """

    api_key: Secret | None
    signing_secret: Secret | None


class SecretsCalls:
    """Reading and changing the project's secrets; no message repeats anything of these calls' answers."""

    transport: Transport

    def get_project_secrets(self) -> ProjectSecrets:
        """Read both credentials."""
        return _read(self.transport.get(path_of("project-secrets"), withhold=True))

    def rotate_project_secrets(self, *names: SecretName) -> ProjectSecrets:
        """Let FastHook make new credentials; what used the old ones stops working.

        Args:
            names: one of ``api_key`` and ``signing_secret``, or both. None is an error, since FastHook would
                take that for both.

        Raises:
            SettingsError: no name, or an unknown one.
        """
        chosen = sorted(set(names))
        if not chosen or not set(chosen) <= {"api_key", "signing_secret"}:
            raise SettingsError("name what to rotate: api_key, signing_secret or both")
        body: dict[str, Any] = {} if len(chosen) == 2 else {"rotate": chosen}
        path = path_of("project-secrets", "rotate")
        return _read(self.transport.write("POST", path, body, withhold=True))

    def set_project_secrets(
        self, *, api_key: Secret | None = None, signing_secret: Secret | None = None
    ) -> ProjectSecrets:
        """Use credentials of one's own; one that is not given stays as it is.

        Raises:
            SettingsError: neither is given.
        """
        given = {"api_key": api_key, "signing_secret": signing_secret}
        body = {name: secret.reveal() for name, secret in given.items() if secret}
        if not body:
            raise SettingsError("give an api_key, a signing_secret or both")
        return _read(self.transport.write("PUT", path_of("project-secrets"), body, withhold=True))


def _read(reply: Reply) -> ProjectSecrets:
    answer = reply.value if isinstance(reply.value, Mapping) else {}
    found = {name: _secret(answer.get(name)) for name in ("api_key", "signing_secret")}
    if not any(found.values()):
        text = f"{reply.call}: the answer holds neither api_key nor signing_secret"
        raise UnreadableError(text, call=reply.call, field="api_key")
    return ProjectSecrets(api_key=found["api_key"], signing_secret=found["signing_secret"])


def _secret(value: Any) -> Secret | None:
    text = value.get("value") if isinstance(value, Mapping) else value
    return Secret(text) if isinstance(text, str) and text else None
