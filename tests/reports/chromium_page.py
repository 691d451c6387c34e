"""A page in Debian's headless Chromium, with its scripts' findings read back from the page itself.

The page under test allows no script; so its own policy is taken out, and nothing else, before it is measured inside
a frame of a given width.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--virtual-time-budget=30000",
)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
HARNESS = """<!doctype html><title>harness</title>
<iframe width="{width}" height="1200" srcdoc="{page}"></iframe>"""
REPORT = """<script>
const seen = [];
addEventListener("error", (event) => seen.push(String(event.message)));
addEventListener("load", async () => {{
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  const found = {{...await (async () => {{ {measure} }})(), errors: seen}};
  const result = window.parent.document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(found);
  window.parent.document.body.append(result);
}});
</script>"""


def chromium() -> str | None:
    """The browser, where there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def measured(
    page: str, measure: str, *, width: int, folder: Path, dark: bool = False, library: str = ""
) -> Any:
    """Open ``page`` at ``width`` pixels with everything unfolded and return what ``measure`` returns.

    Args:
        page: the HTML page.
        measure: the body of an async JavaScript function.
        width: of the frame, in CSS pixels.
        folder: an empty folder for the browser's profile and the page.
        dark: whether the reader prefers dark pages.
        library: JavaScript to load first.
    """
    script = f"<script>{library}</script>" + REPORT.format(measure=measure)
    inner = POLICY.sub("", page).replace("</body>", f"{script}</body>")
    file = folder / "harness.html"
    file.write_text(HARNESS.format(width=width, page=html.escape(inner)), encoding="utf-8")
    return _result(_dumped(file, folder / "profile", dark=dark))


def _dumped(file: Path, profile: Path, *, dark: bool) -> str:
    browser = chromium()
    assert browser is not None
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run(  # noqa: S603 - the browser found above, on a page of our own
        [
            browser,
            *FLAGS,
            *scheme,
            f"--user-data-dir={profile}",
            "--window-size=1400,1300",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout


def _result(dom: str) -> Any:
    found = re.search(r'<pre id="result">(.*?)</pre>', dom, re.DOTALL)
    assert found, "the page never reported"
    return json.loads(html.unescape(found[1]))
