"""The whole gate on answers bent at any place: a result with a cause, sound reports, no secret, no unfounded pass.

How many answers are bent: ``FASTHOOK_FUZZ``, 60 by default::

    FASTHOOK_FUZZ=20000 pytest tests/core/test_fuzz_answers.py
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest
from core_world import KEY, START, TEAM, connection_json, resolved
from fake_api import SERVER_DATE, FakeApi, page
from fake_route import FakeBell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from pytest_fasthook.errors import FastHookError
from pytest_fasthook.evidence.reader import Reader
from pytest_fasthook.gate.collect import Collector
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.judge.verdict import Verdict, decide, exit_code
from pytest_fasthook.leaks import SecretNet
from pytest_fasthook.reports import html, json_report, junit, markdown, terminal
from pytest_fasthook.reports.document import ConnectionRun, Run, document
from pytest_fasthook.reports.github import workflow_commands
from pytest_fasthook.reports.rejudging import Changes, judged_again
from pytest_fasthook.reports.transcript.kept import transcribed
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.stages import Stage

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
COMMAND = re.compile(r"::(error|warning|set-output)|##\[|##vso\[")
EXAMPLES = int(os.environ.get("FASTHOOK_FUZZ", "60"))
NAME, PROBE, REQUEST, EVENT = "conn_orders", "probe_1", "req_1", "evt_1"
JUNIT_SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
SCHEMA = jsonschema.Draft202012Validator(json_report.schema())
NOW = "2026-05-29T12:00:00.000Z"
DEEP, HUGE, LONG = "@deep@", "@huge@", "@long@"
"""Stand for what no Python value says: JSON nested without end, a number of thousands of digits, a megabyte."""
RAW = {
    f'"{DEEP}"': "[" * 50_000 + "]" * 50_000,
    f'"{HUGE}"': "9" * 5_000,
    f'"{LONG}"': '"' + "x" * 1_000_000 + '"',
}

Place = tuple[Any, ...]
Bend = Callable[[Any], Any]


def answers(api: FakeApi) -> dict[str, Any]:
    """What the API answers about a route on which everything went well at once."""
    sent_body = api.sent[-1].content if api.sent else b""
    body = json.loads(sent_body) if sent_body.startswith(b"{") else sent_body.decode()
    sent = {"headers": {"x-fasthook-probe": PROBE}, "body": body}
    event = {"id": EVENT, "webhook_id": NAME, "connection_id": NAME, "request_id": REQUEST, "team_id": TEAM}
    return {
        f"/connections/{NAME}": connection_json(NAME),
        "/requests": page(
            [
                {
                    "id": REQUEST,
                    "team_id": TEAM,
                    "source_id": "src_orders",
                    "status": "accepted",
                    "verified": True,
                    "rejection_cause": None,
                    "ingested_at": NOW,
                    "data": sent,
                }
            ]
        ),
        "/events": page([event | {"status": "SUCCESSFUL", "attempts": 1, "created_at": NOW}]),
        "/attempts": page(
            [
                {
                    "id": "att_1",
                    "event_id": EVENT,
                    "status": "SUCCESSFUL",
                    "response_status": 200,
                    "attempt_number": 1,
                    "created_at": NOW,
                    "successful_at": NOW,
                    "body": {"ok": True},
                }
            ]
        ),
        f"/connections/{NAME}/latest-input": {
            "connection_id": NAME,
            "latest_input": {"request_id": REQUEST, "ingested_at": NOW, "input": sent},
        },
        "/metrics/events": {
            "series": [{"timestamp": NOW, "count": 1, "failed_count": 0, "delivered_count": 1}],
            "granularity": "1s",
        },
        f"/requests/{REQUEST}/ignored_events": page([]),
    }


@dataclass
class BentApi(FakeApi):
    """A FastHook with one endpoint whose answers are bent; it remembers all that it said."""

    path: str = ""
    bend: Bend = lambda value: value
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as a good route would, but for one thing."""
        self.answers = answers(self)
        path = request.url.path.removeprefix("/v1")
        whole = super().__call__(request)
        if request.url.host != "api.test" or whole.status_code != 200:
            return httpx.Response(
                whole.status_code, content=whole.content, headers={**whole.headers, **self.headers}
            )
        value = json.loads(whole.content)
        text = json.dumps(self.bend(value) if path == self.path else value)
        for mark, raw in RAW.items():
            text = text.replace(mark, raw)
        self.said[path] = text
        bends = self.path in {path, "*"}
        more, status = (self.headers, self.status) if bends else ({}, 200)
        return httpx.Response(status, content=text, headers={"date": SERVER_DATE, **more})


def gated(api: BentApi, given: Settings) -> Gate:
    """The gate, run to its end on the fake clock."""
    reader = Reader(api.transport(), api.clock)
    gate = Gate(settings=given, reader=reader, clock=api.clock, new_id=lambda: PROBE)
    gate._collector = Collector(
        reader,
        gate.evidence,
        api.clock,
        on_result=gate._post,
        bell=FakeBell(api.clock),
        spawn=lambda job: job(),
    )
    gate.run({NAME: frozenset(Stage)})
    if gate.problem is not None:
        raise gate.problem
    return gate


def reported(gate: Gate) -> tuple[Run, dict[str, bytes | str]]:
    """The finished run and all that is written of it."""
    results = gate.board.of(NAME)
    assert list(results) == list(Stage)
    decision = decide(results)
    ended = Run(
        settings=gate.settings,
        connections=[ConnectionRun(connection_id=NAME, results=results, decision=decision, probe_id=PROBE)],
        verdict=decision.verdict,
        exit_code=exit_code([decision], on_inconclusive="keep", on_error="keep"),
        started_at=START,
        finished_at=gate.clock.now(),
    )
    made = document(ended)
    SCHEMA.validate(made)
    lines = terminal.summary_lines(made, width=80, verbosity=1)
    return ended, {
        "json": json_report.render(made),
        "junit": junit.render(made, hostname="runner"),
        "markdown": markdown.render(made),
        "html": html.render(made),
        "terminal": "\n".join(text for text, _ in lines),
        "github": "\n".join(workflow_commands(made)),
    }


# -- what is bent ----------------------------------------------------------------------------------------------

ECHOES = [
    KEY,
    f"Bearer {KEY}",
    quote(f"/?key={KEY}", safe=""),
    KEY.encode().hex(),
    KEY.encode().hex().upper(),
    *(base64.b64encode(b"-" * before + KEY.encode()).decode() for before in range(3)),
    base64.urlsafe_b64encode(f"?>{KEY}".encode()).decode(),
    json.dumps({"said": json.dumps({"key": KEY})}),
]
HOSTILE = [
    "\x1b]0;title\x07\x1b[2J",
    "\n::error::pwned\n##[error]pwned\n##vso[task.complete result=Succeeded]",
    "\x00\x0b\ud800\ufffe ]]> <![CDATA[ &amp; <script>alert(1)</script>",
    "\u202eevil\u2066",
]
ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(10**30), float("nan"), float("inf"), -0.0, 1e308, 0, -1, 1, 2])
    | st.floats()
    | st.text(st.characters(), max_size=6)
    | st.sampled_from(ECHOES)
    | st.sampled_from(HOSTILE)
    | st.sampled_from(
        [DEEP, HUGE, LONG, "", "SUCCESSFUL", "FAILED", "HOLD", "accepted", "WEIRD", REQUEST, EVENT]
    )
    | st.sampled_from(["0000-00-00", "2026-05-29", "9999-12-31T23:59:59Z", "2026-05-29T12:00:00+99:99"])
)
VALUES = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(ECHOES), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: Place = ()) -> list[Place]:
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def bent(value: Any, path: Place, change: Bend) -> Any:
    """The value with one place changed; a place that is not there leaves it as it is."""
    if not path:
        return change(value)
    if not isinstance(value, dict | list) or (isinstance(value, dict) and path[0] not in value):
        return value
    copy = value.copy()
    copy[path[0]] = bent(value[path[0]], path[1:], change)
    return copy


def extended(value: Any, odd: Any) -> Any:
    """With more in it than there should be."""
    if isinstance(value, dict):
        return {**value, "more": odd, "": odd}
    return [*value, odd] if isinstance(value, list) else [value, odd]


def dropped(value: Any, key: Any) -> Any:
    """Without one of its parts."""
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if name != key}
    return value[1:] if isinstance(value, list) else value


@st.composite
def bends(draw: st.DrawFn) -> tuple[str, Bend]:
    """An endpoint and what happens to its answers."""
    good = answers(FakeApi())
    path = draw(st.sampled_from(sorted(good)))
    place = draw(st.sampled_from(places(good[path])))
    odd = draw(VALUES)
    how = draw(st.sampled_from(["replace", "replace", "replace", "extend", "drop"]))
    changes: dict[str, Bend] = {"replace": lambda _: odd, "extend": lambda value: extended(value, odd)}
    if how == "drop":
        return path, lambda value: bent(
            value, place[:-1], lambda inner: dropped(inner, place[-1] if place else None)
        )
    return path, lambda value: bent(value, place, changes[how])


DATES = st.sampled_from(
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 29 May 2026 12:00:00 +9999",
        "Fri, 29 May 2026 11:50:00 GMT",
        "soon",
        "",
    ]
)
WAITS = st.sampled_from(["0", "1", "-1", "1e9", "9" * 30, "NaN", "", "Fri, 31 Dec 9999 23:59:59 GMT"])
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "date": DATES,
        "retry-after": WAITS,
        "content-type": st.sampled_from(
            ["text/html", "application/json; charset=utf-16", "application/json; charset=?"]
        ),
        "x-key": st.just(KEY),
        "location": st.just(f"https://elsewhere.test/?key={KEY}"),
    },
)

# -- what must hold --------------------------------------------------------------------------------------------


def models(api: BentApi, path: str) -> list[dict[str, Any]]:
    """The records in what an endpoint said last."""
    said = json.loads(api.said.get(path, "{}"))
    found = said.get("models") if isinstance(said, dict) else None
    return [model for model in found if isinstance(model, dict)] if isinstance(found, list) else []


def on_our_route(event: dict[str, Any]) -> bool:
    """Whether nothing readable says otherwise: the list was asked for this connection alone."""
    named = [name for name in (event.get("connection_id"), event.get("webhook_id")) if isinstance(name, str)]
    return not named or NAME in named


def founded(api: BentApi) -> bool:
    """Whether what was said, read without the package, bears a pass out."""
    accepted = any(one.get("status") == "accepted" for one in models(api, "/requests"))
    branched = any(one.get("request_id") == REQUEST and on_our_route(one) for one in models(api, "/events"))
    delivered = any(one.get("status") == "SUCCESSFUL" for one in models(api, "/attempts"))
    series = json.loads(api.said["/metrics/events"]).get("series")
    counted = sum(float(point.get("count") or 0) for point in series) >= 1
    return accepted and branched and delivered and counted


def check_schemas(made: bytes | str) -> None:
    """The JUnit file is XML, and valid under the strict schemas where these are at hand."""
    assert isinstance(made, bytes)
    read = etree.fromstring(made)
    for name in ("junit-10.xsd", "windyroad-JUnit.xsd"):
        if (JUNIT_SCHEMAS / name).exists():
            etree.XMLSchema(etree.parse(JUNIT_SCHEMAS / name)).assertValid(read)


def check(path: str, bend: Bend, folder: Path) -> Verdict:
    """Everything that must hold whatever an answer says."""
    return check_api(BentApi(path=path, bend=bend), folder)


def check_api(api: BentApi, folder: Path) -> Verdict:
    run, artefacts = reported(gated(api, resolved(folder, command={"connection": [NAME], "timeout": "4s"})))
    assert len(api.sent) <= 1
    for name, made in artefacts.items():
        text = made.decode() if isinstance(made, bytes) else made
        assert SecretNet([KEY]).form_in(text) is None, name
        assert len(text) < 500_000, name
        assert UNPRINTABLE.search(text) is None, name
        assert COMMAND.search(text) is None or name == "github", name
    check_schemas(artefacts["junit"])
    (decision,) = (one.decision for one in run.connections)
    if decision.verdict is Verdict.PASS:
        assert founded(api), api.said
    else:
        assert decision.deciding is not None
        assert decision.deciding.message.strip()
    return decision.verdict


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(how=bends())
def test_whatever_an_answer_says_there_is_an_outcome(how: tuple[str, Bend], tmp_path: Path) -> None:
    check(*how, tmp_path)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=HEADERS,
    status=st.sampled_from([200, 200, 200, 204, 301, 307, 400, 401, 403, 404, 409, 429, 429, 500, 503, 599]),
    path=st.sampled_from(["*", *sorted(answers(FakeApi()))]),
)
def test_whatever_status_and_headers_say_there_is_an_outcome(
    headers: dict[str, str], status: int, path: str, tmp_path: Path
) -> None:
    verdict = check_api(BentApi(path=path, status=status, headers=headers), tmp_path)
    assert status < 300 or verdict is not Verdict.PASS or path.endswith("/ignored_events")


def test_the_answers_that_were_not_bent_pass(tmp_path: Path) -> None:
    assert check("", lambda value: value, tmp_path) is Verdict.PASS


@pytest.mark.parametrize("path", sorted(answers(FakeApi())))
@pytest.mark.parametrize("odd", [DEEP, HUGE, LONG, None, [], {}, ECHOES, HOSTILE, float("nan")], ids=repr)
def test_a_whole_answer_in_its_place(odd: Any, path: str, tmp_path: Path) -> None:
    """No such answer holds evidence; only ignored branches need not be readable where there is an event."""
    verdict = check(path, lambda _: odd, tmp_path)
    assert (verdict is Verdict.PASS) == path.endswith("/ignored_events")


@pytest.mark.parametrize("path", ["/requests", "/events", "/attempts", f"/requests/{REQUEST}/ignored_events"])
@pytest.mark.parametrize("record_id", [[], {}, 7, None], ids=repr)
def test_a_record_whose_id_is_no_text_breaks_nothing(record_id: Any, path: str, tmp_path: Path) -> None:
    """What is shown of a list is told apart by ids, and one without a hash ended the gate with a traceback."""
    check(path, lambda value: {**value, "models": [*value["models"], {"id": record_id}]}, tmp_path)
    check(path, lambda value: {**value, "models": [{"id": record_id}]}, tmp_path)


# -- judged again ----------------------------------------------------------------------------------------------


def kept(folder: Path, *, fails: bool) -> dict[str, Any]:
    """The document of a run with its transcript, as a file holds it."""
    api = BentApi()
    if fails:
        api.path, api.bend = (
            "/attempts",
            lambda value: bent(value, ("models", 0, "status"), lambda _: "FAILED"),
        )
    gate = gated(api, resolved(folder, command={"connection": [NAME], "timeout": "4s"}))
    run, _ = reported(gate)
    expect = gate.expectations(NAME)
    assert expect is not None
    transcript = transcribed(gate.evidence, expect, gate.settings.redactor)
    whole = document(replace(run, connections=[replace(run.connections[0], transcript=transcript)]))
    read: dict[str, Any] = json.loads(json_report.render(whole))
    return read


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fails=st.booleans(), data=st.data())
def test_a_bent_transcript_is_judged_again_or_refused(
    *, fails: bool, data: st.DataObject, tmp_path: Path
) -> None:
    saved = kept(tmp_path, fails=fails)
    transcript = ("connections", 0, "transcript")
    inside = places(saved["connections"][0]["transcript"])
    place = (*transcript, *data.draw(st.sampled_from(inside)))
    odd = data.draw(VALUES)
    again = judged(bent(saved, place, lambda _: odd))
    if again is not None:
        del again["connections"][0]["transcript"]  # kept as it was
        SCHEMA.validate(again)
        html.render(again)
        junit.render(again, hostname="runner")


def judged(saved: dict[str, Any]) -> dict[str, Any] | None:
    """The run judged again; ``None`` where it was refused with an error of ours."""
    try:
        return judged_again(saved, Changes())
    except FastHookError:
        return None


@pytest.mark.parametrize("fails", [False, True])
def test_a_transcript_that_was_not_bent_gives_the_same_verdict(*, fails: bool, tmp_path: Path) -> None:
    saved = kept(tmp_path, fails=fails)
    again = judged(saved)
    assert again is not None
    assert again["verdict"] == saved["verdict"]
    assert (saved["verdict"] == "pass") is not fails
