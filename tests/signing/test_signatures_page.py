"""The page on signatures says what the table says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytest_fasthook.signing.providers import NOT_MAKEABLE, PROVIDERS, Origin
from pytest_fasthook.signing.table import signatures_page

PAGE = Path(__file__).parents[2] / "docs" / "signatures.md"


def test_the_page_is_the_one_that_the_table_makes() -> None:
    """Write it anew with ``python -m pytest_fasthook.signing.table > docs/signatures.md``."""
    assert PAGE.read_text(encoding="utf-8") == signatures_page()


def test_the_page_is_printed_on_demand() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "pytest_fasthook.signing.table"], capture_output=True, check=True, timeout=60
    )
    assert printed.stdout.decode().splitlines() == signatures_page().splitlines()


def test_every_provider_is_on_the_page_with_where_it_is_documented() -> None:
    rows = {line.split("`")[1]: line for line in signatures_page().splitlines() if line.startswith("| `")}
    assert set(PROVIDERS) | set(NOT_MAKEABLE) <= set(rows)
    assert all(str(provider.origin) in rows[name] for name, provider in PROVIDERS.items())


def test_the_providers_that_fasthook_describes_are_marked_as_such() -> None:
    described = {name for name, provider in PROVIDERS.items() if provider.origin is not Origin.PROVIDER}
    assert described == {
        *("GITHUB", "STRIPE", "SHOPIFY", "SLACK", "META", "LINE", "DOCUSIGN", "GITLAB", "STANDARD_WEBHOOKS"),
    }
