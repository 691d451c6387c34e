"""The guides, done step by step against the emulator: every file, every command, every line of output."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from emulated import Emulated
from gate_run import Command
from guide_pages import Block, blocks, missing_lines, pages

from standin import API_KEY

SECRET = "s3cret-of-a-guide"
HMAC = {"auth_type": "HMAC", "auth": {"secret": SECRET, "signature_header": "x-signature"}}
ORDERS = [{"type": "filter", "body": {"type": "order"}}]


@dataclass
class Scene:
    """What a guide takes for granted.

    Attributes:
        env: variables that are there from the beginning.
        fills: what a reader fills in, in the order in which the page asks for it.
        ids: names that stand for ids which only the emulator knows.
    """

    env: dict[str, str] = field(default_factory=dict)
    fills: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


def first_gate(emulated: Emulated) -> Scene:
    delay = {"type": "delay", "delay": 1000}
    emulated.route("orders", connection_id="conn_orders", auth=HMAC, rules=[*ORDERS, delay])
    emulated.route("paused", connection_id="conn_paused")
    emulated.call("PUT", "/connections/conn_paused/pause")
    return Scene(fills={"FASTHOOK_SOURCE_SECRET": [SECRET]})


def several_routes(emulated: Emulated) -> Scene:
    key = {"auth_type": "API_KEY", "auth": {"header_name": "x-key", "api_key": SECRET}}
    shop = emulated.route("orders", connection_id="conn_orders", rules=ORDERS)
    for name in ("mail", "old"):
        emulated.route(name, connection_id=f"conn_{name}", source=shop)
    emulated.call("PUT", "/connections/conn_old/disable")
    emulated.route("invoices", connection_id="conn_invoices", auth=key)
    emulated.emulator.receiver.answer(200, b'{"release": "f00d"}', name="invoices")
    emulated.route("broken", connection_id="conn_broken")
    emulated.emulator.receiver.answer(500, name="broken")
    return Scene(
        env={"FASTHOOK_SOURCE_SECRET": SECRET},
        fills={"INVOICES_SECRET": [SECRET]},
        ids={"src_shop": shop.source_id},
    )


def your_own_checks(emulated: Emulated) -> Scene:
    emulated.route("orders", connection_id="conn_orders", rules=ORDERS)
    return Scene(env={"RECEIVER_URL": f"{emulated.emulator.page_url}__emulator__/receiver"})


def real_traffic(emulated: Emulated) -> Scene:
    route = emulated.route("orders", connection_id="conn_orders", rules=ORDERS)
    emulated.post(route, {"type": "order", "id": 1}, headers={"x-shop": "7"})
    emulated.emulator.settle()
    return Scene(env={"SHOP_WEBHOOK_URL": route.source_url})


def secrets(emulated: Emulated) -> Scene:
    emulated.route("signed", connection_id="conn_signed", auth=HMAC)
    orders = emulated.route("orders", connection_id="conn_orders")
    owner = emulated.emulator.session_token
    wanted = {"name": "gate", "scopes": ["control:read"]}
    reading = emulated.call("POST", "/project-api-keys", key=owner, json=wanted)["data"]["api_key"]
    return Scene(
        env={"ORDERS_SOURCE_URL": orders.source_url},
        fills={"FASTHOOK_SOURCE_SECRET": [SECRET], "FASTHOOK_API_KEY": [reading]},
    )


def exit_codes(emulated: Emulated) -> Scene:
    for name in ("orders", "broken", "slow"):
        emulated.route(name, connection_id=f"conn_{name}")
    emulated.emulator.receiver.answer(500, name="broken")
    emulated.emulator.receiver.answer(200, name="slow", delay=8.0)
    return Scene(env={"FASTHOOK_TIMEOUT": "5s"})


SCENES: Mapping[str, Callable[[Emulated], Scene]] = {
    "first-gate": first_gate,
    "several-routes": several_routes,
    "your-own-checks": your_own_checks,
    "real-traffic": real_traffic,
    "secrets": secrets,
    "exit-codes": exit_codes,
}


class Reader:
    """Somebody who does what a guide says."""

    def __init__(self, emulated: Emulated, scene: Scene) -> None:
        self._folder = emulated.folder
        self._scene = scene
        self._output = ""
        self._env = {**self._clean(emulated), **scene.env}

    def _clean(self, emulated: Emulated) -> dict[str, str]:
        """The gate's own environment, with the commands that an installed package has."""
        call = Command(folder=self._folder, api_url=emulated.emulator.api_url)
        own = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**call.environment, "PATH": own, "COLUMNS": "200", **_loading(call)}

    def follow(self, block: Block) -> None:
        """Do one step."""
        if block.is_file:
            file = self._folder / block.word
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._known(block.text), encoding="utf-8")
        elif block.is_script:
            self._call(block)
        elif block.language == "text":
            assert missing_lines(self._known(block.text), self._output) == [], self._output

    def _call(self, block: Block) -> None:
        for name in block.exports:
            left = self._scene.fills.get(name)
            if left:
                self._env[name] = left.pop(0)
        if not block.commands.strip():
            return
        done = subprocess.run(  # noqa: S603 - the guide's own commands
            ["bash", "-eo", "pipefail", "-c", self._known(block.commands)],  # noqa: S607 - bash of the machine
            cwd=self._folder,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        self._output = done.stdout + done.stderr
        assert done.returncode == block.exit_code, f"{block.commands}\n{self._output}"
        assert not any(secret in self._output for secret in (SECRET, API_KEY))

    def _known(self, text: str) -> str:
        for name, real in self._scene.ids.items():
            text = text.replace(name, real)
        return text


def _loading(call: Command) -> dict[str, str]:
    """How pytest finds the plugin where it is not installed."""
    return (
        {"PYTEST_PLUGINS": call.words[call.words.index("-p") + 1]}
        if "pytest_fasthook.plugin" in call.words
        else {}
    )


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_guide_holds_when_it_is_followed(page: Path, emulated: Emulated) -> None:
    reader = Reader(emulated, SCENES[page.stem](emulated))
    for block in blocks(page):
        reader.follow(block)


def test_every_guide_is_followed() -> None:
    assert {page.stem for page in pages()} == set(SCENES)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_every_block_is_used(page: Path) -> None:
    """A block that is neither a file, a command nor output would not be checked."""
    unused = [b for b in blocks(page) if not (b.is_file or b.is_script or b.language == "text")]
    assert unused == []
    assert any(block.is_script for block in blocks(page))


def test_what_an_output_does_not_show_is_found() -> None:
    output = "  a   passed  12 ms\nb passed\n"
    assert missing_lines("a passed … ms\nb passed", output) == []
    assert missing_lines("b passed\na passed", output) == ["a passed"]
    assert missing_lines("c", output) == ["c"]


def test_a_step_that_ends_otherwise_is_found(emulated: Emulated) -> None:
    """The twin of all pages: the reader does notice."""
    reader = Reader(emulated, Scene())
    reader.follow(Block("sh", "", "true\n"))
    with pytest.raises(AssertionError):
        reader.follow(Block("sh", "", "exit 3\n"))
    with pytest.raises(AssertionError):
        reader.follow(Block("text", "", "something else\n"))
