"""Every setting of the gate, one row each; command line, environment, ini and docs are made from this table.

This module is imported by every pytest run on the machine, so it needs nothing but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pytest

PREFIX = "fasthook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting.

    Attributes:
        name: its name without prefix, in dashes; ``""`` of ``flag`` means that it has no command line option.
        help: what it does, one phrase, as ``--help`` and the docs show it.
        metavar: what stands for the value in ``--help``.
        action: ``store``, ``append`` (repeatable) or ``store_true``.
        env: name of the environment variable, or ``None``.
        ini: whether an ini key of the same name exists.
        default: the default in words, for the docs.
        choices: the valid values, where they are a closed list.
        on_command_line: whether a command line option exists (secrets never have one).
    """

    name: str
    help: str
    metavar: str | None = None
    action: Literal["store", "append", "store_true"] = "store"
    env: str | None = None
    ini: bool = False
    default: str = "none"
    choices: tuple[str, ...] = ()
    on_command_line: bool = True

    @property
    def flag(self) -> str:
        """The command line option, ``--fasthook-…``."""
        return f"--{PREFIX}-{self.name}"

    @property
    def dest(self) -> str:
        """The key under which pytest keeps the value, also the ini key."""
        return f"{PREFIX}_{self.name.replace('-', '_')}"


CONNECTION = Option(
    name="connection",
    metavar="ID",
    action="append",
    help="Gate the route of this connection (repeat the option or separate ids by commas)",
)
SOURCE = Option(
    name="source",
    metavar="ID",
    help="Gate every enabled connection of this source with as few probes as its filters allow",
)
EMULATOR = Option(
    name="emulator",
    action="store_true",
    default="off",
    help="Start the embedded FastHook emulator with a demo route and gate that; needs no account",
)
API_URL = Option(
    name="api-url",
    metavar="URL",
    env="FASTHOOK_API_URL",
    ini=True,
    default="https://api.fasthook.io/v1",
    help="Base URL of the FastHook API",
)
TEAM = Option(
    name="team",
    metavar="ID",
    env="FASTHOOK_TEAM_ID",
    ini=True,
    default="from the FastHook CLI's config file, else an error",
    help="Team that the connections belong to; a run without a team is refused",
)
API_KEY = Option(
    name="api-key",
    env="FASTHOOK_API_KEY",
    on_command_line=False,
    default="apiKey of the FastHook CLI's config file",
    help="API key; only from the environment or the CLI's config file, never an option",
)
API_KEY_FILE = Option(
    name="api-key-file",
    env="FASTHOOK_API_KEY_FILE",
    on_command_line=False,
    help="File that holds the API key",
)
SOURCE_SECRET = Option(
    name="source-secret",
    env="FASTHOOK_SOURCE_SECRET",
    on_command_line=False,
    help="Signing secret or credential of the source (BASIC_AUTH as user:password); "
    "FASTHOOK_SOURCE_SECRET_<SOURCE ID> for one source",
)
SOURCE_URL = Option(
    name="source-url",
    metavar="URL",
    env="FASTHOOK_SOURCE_URL",
    default="the source's url",
    help="Where to send the probe; lets the gate run with a key that may not read connections",
)
MODE = Option(
    name="mode",
    choices=("send", "wait"),
    env="FASTHOOK_MODE",
    ini=True,
    default="send",
    help="send a probe, or wait: send nothing and judge the first matching real request since the deploy start",
)
MATCH = Option(
    name="match",
    metavar="PATH=VALUE",
    action="append",
    default="any request",
    help="In wait mode, the request to judge: body.…, headers.…, query.… or path (repeatable, all must hold)",
)
PAYLOAD = Option(
    name="payload",
    metavar="FILE",
    ini=True,
    default="made from the connection's rules",
    help="Body to send, JSON or raw; {{probe_id}}, {{uuid}}, {{now}} and {{unix}} are filled in",
)
HEADER = Option(
    name="header",
    metavar="'NAME: VALUE'",
    action="append",
    help="Header to send with the probe (repeatable)",
)
TIMEOUT = Option(
    name="timeout",
    metavar="DURATION",
    env="FASTHOOK_TIMEOUT",
    ini=True,
    default="120s",
    help="Budget of one connection from sending to metrics (90, 90s, 2m, 500ms); the route's delay rule is added",
)
DEPLOY_START = Option(
    name="deploy-start",
    metavar="TIME",
    env="FASTHOOK_DEPLOY_START",
    default="the moment the gate starts",
    help="Start of the deploy, opens the metrics window; ISO 8601 or now-15m",
)
ATTEMPTS = Option(
    name="attempts",
    choices=("eventual", "first"),
    ini=True,
    default="eventual",
    help="Whether a success after retries passes with a warning (eventual) or only the first attempt counts (first)",
)
MAX_FAILURE_RATE = Option(
    name="max-failure-rate",
    metavar="X",
    ini=True,
    default="0",
    help="Failed / finished events in the deploy window that is still accepted (0..1)",
)
MAX_LATENCY = Option(
    name="max-latency",
    metavar="DURATION",
    ini=True,
    help="Longest accepted time from ingestion to delivery on the server's clock; the route's delay rule is added",
)
ADVISORY = Option(
    name="advisory",
    metavar="STAGE",
    action="append",
    choices=("delivery", "latest_input", "metrics"),
    help="Run and show this stage, but never let it decide (repeatable)",
)
ON_INCONCLUSIVE = Option(
    name="on-inconclusive",
    choices=("keep", "fail", "pass"),
    default="keep",
    help="Exit code of an inconclusive run: keep (75), fail (1) or pass (0, said loudly)",
)
ON_ERROR = Option(
    name="on-error",
    choices=("keep", "fail", "pass"),
    default="keep",
    help="Exit code of a run that ended in an error: keep (69, 77), fail (1) or pass (0, said loudly)",
)
RATE_LIMIT = Option(
    name="rate-limit",
    metavar="N",
    default="220",
    help="Most API calls a minute, shared by all connections of the run",
)
CONFIG = Option(
    name="config",
    metavar="FILE",
    ini=True,
    default="fasthook.toml where present",
    help="Per-connection settings: payload, limits, rules file, expected release",
)
PLAN = Option(
    name="plan",
    action="store_true",
    default="off",
    help="Read everything and show what would be sent and checked; sends nothing",
)
TEETH = Option(
    name="teeth",
    action="store_true",
    default="off",
    help="After a pass, also send a probe that the source must refuse and one that the filter must ignore",
)
RESUME = Option(
    name="resume",
    metavar="FILE",
    help="Go on watching the events of an earlier run's JSON report; nothing is sent again",
)
JSON = Option(name="json", metavar="FILE", help="Write the run as a JSON report")
JUNIT = Option(name="junit", metavar="FILE", help="Write the gate's stages as a strict JUnit file")

MARKDOWN = Option(
    name="markdown",
    metavar="FILE",
    help="Write the release checklist; added to GitHub's step summary by itself",
)
HTML = Option(name="html", metavar="FILE", help="Write one self-contained page with the hops drawn")
ON_FAIL = Option(
    name="on-fail",
    choices=("none", "pause"),
    default="none",
    help="What to do with a connection whose verdict is fail: nothing, or pause it (its events are then held)",
)
REPORTS = (JSON, JUNIT, MARKDOWN, HTML)

OPTIONS: tuple[Option, ...] = (
    CONNECTION,
    SOURCE,
    EMULATOR,
    API_URL,
    TEAM,
    API_KEY,
    API_KEY_FILE,
    SOURCE_SECRET,
    SOURCE_URL,
    MODE,
    MATCH,
    PAYLOAD,
    HEADER,
    TIMEOUT,
    DEPLOY_START,
    ATTEMPTS,
    MAX_FAILURE_RATE,
    MAX_LATENCY,
    ADVISORY,
    ON_INCONCLUSIVE,
    ON_ERROR,
    RATE_LIMIT,
    CONFIG,
    PLAN,
    TEETH,
    RESUME,
    ON_FAIL,
    *REPORTS,
)


def add_options(parser: pytest.Parser) -> None:
    """Give pytest the command line options and ini keys of the table."""
    group = parser.getgroup(PREFIX, "FastHook deploy gate")
    for option in OPTIONS:
        if option.on_command_line:
            group.addoption(option.flag, **_arguments(option))
        if option.ini:
            parser.addini(option.dest, option.help, default=None)


def _arguments(option: Option) -> dict[str, Any]:
    arguments: dict[str, Any] = {"dest": option.dest, "action": option.action, "help": _help(option)}
    if option.action != "store_true":
        arguments |= {"default": None, "metavar": option.metavar or "|".join(option.choices)}
    return arguments


def _help(option: Option) -> str:
    """The option's help; argparse wants its percent signs doubled."""
    env = f" [{option.env}]" if option.env else ""
    return f"{option.help}{env} (default: {option.default})".replace("%", "%%")
