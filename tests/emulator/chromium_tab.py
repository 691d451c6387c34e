"""Debian's headless Chromium, driven over its DevTools protocol: real keys, real widths, the page as it is served."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
_KEYS = {"Tab": 9, "Enter": 13, "Space": 32}
_TEXTS = {"Enter": "\r", "Space": " "}


def chromium() -> str | None:
    """The browser, where there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class PageChangedError(Exception):
    """The page was left while it was asked something."""


class Tab:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.problems: list[str] = []
        for domain in ("Page", "Runtime", "Log"):
            self.command(f"{domain}.enable")

    def command(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its result; errors of the page are gathered on the way."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == self._last:
                if "navigated" in message.get("error", {}).get("message", ""):
                    raise PageChangedError
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _note(self, message: Any) -> None:
        if message.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
            self.problems.append(json.dumps(message["params"]))

    def value(self, expression: str) -> Any:
        """Evaluate JavaScript, waiting for a promise, and return its value."""
        result = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, condition: str, *, seconds: float = 15) -> None:
        """Wait inside the page until a condition holds, also over a change of page."""
        end = time.monotonic() + seconds
        while not self._held(condition):
            assert time.monotonic() < end, f"never: {condition}; {self.value('document.body.innerText')}"

    def _held(self, condition: str) -> bool:
        """Watch for a moment; ``False`` where the condition did not hold or the page changed meanwhile."""
        watch = f"""new Promise((resolve) => {{
          const end = performance.now() + 500;
          const look = () => {{
            if ({condition}) resolve(true);
            else if (performance.now() > end) resolve(false);
            else setTimeout(look, 20);
          }};
          look();
        }})"""
        try:
            return bool(self.value(watch))
        except PageChangedError:
            return False

    def open(self, url: str) -> None:
        """Go to an address and wait until its scripts have run."""
        self.command("Page.navigate", url=url)
        self.until(f"location.href === {json.dumps(url)} && document.body?.dataset.state === 'live'")

    def width(self, pixels: int) -> None:
        """Make the tab as wide as a screen."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=pixels, height=900, deviceScaleFactor=1, mobile=False
        )

    def press(self, key: str) -> None:
        """Press and release a key."""
        common = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        text = {"text": _TEXTS[key]} if key in _TEXTS else {}
        self.command("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.command("Input.dispatchKeyEvent", type="keyUp", **common)


@contextmanager
def tab(folder: Path) -> Iterator[Tab]:
    """A fresh browser with one tab, its profile in ``folder``."""
    browser = chromium()
    assert browser is not None
    process = subprocess.Popen(  # noqa: S603 - the browser found above
        [browser, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(folder)},
    )
    try:
        with connect(_page_socket(process), proxy=None, max_size=None) as socket:
            yield Tab(socket)
    finally:
        process.kill()
        process.communicate(timeout=20)


def _page_socket(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    found = next(re.search(r"ws://(\S+?)/", line) for line in process.stderr if "DevTools listening" in line)
    assert found
    with httpx.Client(verify=False, trust_env=False) as client:  # noqa: S501 - loopback over plain HTTP
        targets = client.get(f"http://{found[1]}/json").json()
    return next(str(item["webSocketDebuggerUrl"]) for item in targets if item["type"] == "page")
