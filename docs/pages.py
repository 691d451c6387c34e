"""Writes the pages that are made from tables in the code: ``python docs/pages.py``. A test compares them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.reports.next_steps import next_step
from pytest_fasthook.settings.options import OPTIONS, Option
from pytest_fasthook.settings.route_file import KEYS

FOLDER = Path(__file__).parent

WHEN = {
    Cause.API_UNAUTHORIZED: "the API answers 401",
    Cause.API_FORBIDDEN: "the API answers 403 where the stage cannot do without the answer",
    Cause.CONNECTION_NOT_FOUND: "the connection is unknown under this team",
    Cause.WRONG_TEAM: "a record's `team_id` is not the given team",
    Cause.SOURCE_SECRET_MISSING: "the source demands a credential that the gate was not given or cannot make",
    Cause.API_UNREACHABLE: "connection refused, DNS, TLS, time-outs, or 5xx that outlast the retries",
    Cause.API_RATE_LIMITED: "429 that outlasts the budget",
    Cause.API_BAD_RESPONSE: "an answer that is not JSON or lacks what the stage needs",
    Cause.INGRESS_UNREACHABLE: "the source URL cannot be reached or answers 5xx, and no record of the probe appears",
    Cause.CONNECTION_PAUSED: "seen in preflight",
    Cause.CONNECTION_DISABLED: "seen in preflight",
    Cause.SOURCE_DISABLED: "seen in preflight",
    Cause.DESTINATION_DISABLED: "seen in preflight",
    Cause.RULES_DRIFT: "the live rules differ from the rules file of `fasthook.toml`",
    Cause.PAYLOAD_FILTERED: "the payload cannot pass the connection's filter",
    Cause.INGRESS_REJECTED: "the source refused the probe, or accepted it unverified although it has auth",
    Cause.REQUEST_NOT_SEEN: "sent or awaited, but no request record by the deadline",
    Cause.BRANCH_IGNORED: "the branch was ignored: filtered, deduplicated …",
    Cause.EVENT_HELD: "the event is on HOLD",
    Cause.BRANCH_NOT_SEEN: "no event and no ignored record by the deadline",
    Cause.DELIVERY_FAILED: "the event failed, or its next retry lies beyond the deadline",
    Cause.DELIVERY_SLOW: "delivered, but later than `--fasthook-max-latency` plus the route's delay rule",
    Cause.DELIVERY_PENDING: "not finished by the deadline",
    Cause.WRONG_VERSION: "delivered, but the answer does not carry the expected release",
    Cause.LATEST_INPUT_MISMATCH: "our request's input is there with other content",
    Cause.LATEST_INPUT_STALE: "empty or older than our request until the deadline",
    Cause.METRICS_FAILURES: "failures in the deploy window above the limit",
    Cause.METRICS_LAG: "our own event is not counted by the deadline",
    Cause.STAGE_NOT_RUN: "a stage was deselected or never reached",
    Cause.INTERNAL_ERROR: "a fault of this package, never of the deploy; no policy covers it",
    Cause.NEGATIVE_ACCEPTED: "a probe of `--fasthook-teeth` that must be refused or ignored got through",
}
FILE_ALONE = {
    "secret_env": "Name of the environment variable that holds the secret of the connection's source",
    "rules_file": "JSON file with the rules that the connection must have: a list, or the CLI's connection file",
    "expect": "`expect.response.body`: fields that the receiver's answer must have; `${VARIABLE}` is filled in",
}
SHAPES = {"headers": "table", "advisory": "list", "match": "list", "expect": "table"}
VERDICT = {Outcome.FAILED: "fail", Outcome.ERROR: "error", Outcome.INCONCLUSIVE: "inconclusive"}
NOTE = "<!-- made by docs/pages.py from the code's own table; change it there -->"


def settings_page() -> str:
    """The settings reference, from the options' table."""
    lines = [
        "# Settings",
        "",
        NOTE,
        "",
        "Strongest first: command line, environment, ini, default. A wrong value ends pytest with one line and exit",
        "code 4, before anything is sent. Durations are written `90`, `90s`, `2m`, `1h` or `500ms`.",
        "",
        "| option | environment | ini | default | what it does |",
        "| --- | --- | --- | --- | --- |",
        *map(_setting, OPTIONS),
        "",
        "## fasthook.toml",
        "",
        "Settings of single connections, in `[connections.<id>]`, and of all of them, in `[defaults]`. The command",
        "line and the environment are stronger than this file, the ini file is weaker. Paths begin where it lies.",
        "",
        "| key | value | like the option | what it does |",
        "| --- | --- | --- | --- |",
        *(_key(key, option) for key, option in KEYS.items()),
    ]
    return "\n".join(lines) + "\n"


def _setting(option: Option) -> str:
    value = " " + (option.metavar or "\\|".join(option.choices)) if option.action != "store_true" else ""
    cells = [
        f"`{option.flag}{value}`" if option.on_command_line else "-",
        f"`{option.env}`" if option.env else "-",
        f"`{option.dest}`" if option.ini else "-",
        option.default,
        option.help,
    ]
    return f"| {' | '.join(cells)} |"


def _key(key: str, option: Option | None) -> str:
    like = f"`{option.flag}`" if option else "-"
    return f"| `{key}` | {SHAPES.get(key, 'text')} | {like} | {option.help if option else FILE_ALONE[key]} |"


def causes_page() -> str:
    """The cause codes and what to do about each."""
    return "\n".join(_causes()) + "\n"


def _causes() -> Iterator[str]:
    yield from ("# Cause codes", "", NOTE, "")
    yield "Every verdict other than pass names one deciding stage and one of these codes. The message beside it says"
    yield "what was observed, what was expected and the ids; the next step below is printed with the ids filled in."
    yield from ("", "| code | verdict | exit code | when |", "| --- | --- | --- | --- |")
    for cause in Cause:
        yield f"| [`{cause}`](#{cause.lower()}) | {VERDICT[cause.outcome]} | {cause.exit_code} | {WHEN[cause]} |"
    for cause in Cause:
        yield from ("", f"## {cause}", "", next_step(cause, {}).splitlines()[0])


PAGES = {"settings.md": settings_page, "causes.md": causes_page}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
