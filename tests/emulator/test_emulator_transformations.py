from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.transform.engine import MISSING, Run, Scripts

from .conftest import Api

SCRIPT = """
addHandler("transform", (request, context) => {
  console.warn("seen", request.body.n, process.env.MODE);
  return {
    ...request,
    headers: { ...request.headers, "X-Added": "1" },
    body: { ...request.body, n: request.body.n + 1 },
    query: { a: ["1", "2"] },
    path: "/changed",
  };
});
"""


def in_handler(statement: str) -> str:
    return f'addHandler("transform", (request) => {{ {statement} }});'


SPOILED = {
    "JSON.stringify = () => 5": None,
    "JSON.stringify = undefined; JSON.parse = undefined": None,
    "globalThis.__finish = globalThis.__start = 1; Promise = null; String = null": None,
    "Object.prototype.toJSON = () => 5": "INVALID_RESULT",
    "Object.prototype.toJSON = () => { throw new Error('no') }": "RUNTIME_ERROR",
    "Array.prototype.toJSON = () => 'x'": "INVALID_RESULT",
    "console = null; process = 1; addHandler = 2": None,
}


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def scripts(runner: asyncio.Runner) -> Iterator[Scripts]:
    scripts = Scripts()
    runner.run(scripts.syntax_error("1"))
    yield scripts
    scripts.close()


@pytest.fixture(name="tried")
def _tried(runner: asyncio.Runner, scripts: Scripts) -> Any:
    def tried(code: str, *, seconds: float = 3.0) -> Run:
        return runner.run(scripts.run(code, {"body": {"n": 1}}, env={}, context={}, seconds=seconds))

    return tried


def scripted(emulator: Emulator, api: Api, code: str) -> Any:
    script = api.ok("POST", "/transformations", {"name": "t", "code": code, "env": {"MODE": "live"}})
    rule = {"type": "transform", "transformation_id": script["id"]}
    return script, emulator.add_route(name="r", rules=[rule, {"type": "filter", "body": {"n": 1}}])


def test_only_the_branch_sees_the_result(emulator: Emulator, api: Api) -> None:
    script, route = scripted(emulator, api, SCRIPT)
    request_id = api.sent(route, {"n": 1}, path="orig?x=1", headers={"x-kept": "yes"})
    [delivery] = emulator.receiver.deliveries
    assert (delivery.json(), delivery.path, delivery.query) == ({"n": 2}, "/changed", "a=1&a=2")
    assert (delivery.headers["x-added"], delivery.headers["x-kept"]) == ("1", "yes")
    request, event = api.get(f"/requests/{request_id}"), api.event(request_id)
    assert request["data"]["body"] == {"n": 1}
    assert event["event_data_id"] != request["original_event_data_id"]
    assert api.get(f"/events/{event['id']}")["data"]["body"] == {"n": 2}
    [execution] = api.get(f"/transformations/{script['id']}/executions")["models"]
    assert (execution["event_id"], execution["error_code"]) == (event["id"], None)
    assert (execution["log_level"], execution["logs"][0]["message"]) == ("warn", "seen 1 live")
    detail = api.get(f"/transformations/{script['id']}/executions/{execution['id']}")
    data = {name: detail[name] for name in ("original_event_data", "transformed_event_data")}
    assert detail == {**execution, **data}
    assert data["original_event_data"] == api.get(f"/requests/{request_id}")["data"]
    assert data["transformed_event_data"] == api.get(f"/events/{event['id']}")["data"]
    traced = {name: value for name, value in detail.items() if name not in ("runtime", "error_code", "stats")}
    trace = api.get(f"/requests/{request_id}/trace")
    assert trace["transformations_by_event_id"] == {event["id"]: [traced]}
    assert trace["counts"]["transformations"] == 1
    [metrics] = api.get("/metrics/transformations", transformation_id=script["id"])["models"]
    assert (metrics["executions_24h_successful_count"], metrics["connections_count"]) == (1, 1)


def test_a_retry_sends_what_was_ready_and_transforms_nothing_again(emulator: Emulator, api: Api) -> None:
    _, route = scripted(emulator, api, SCRIPT)
    event = api.event(api.sent(route, {"n": 1}))
    api.ok("POST", f"/events/{event['id']}/retry", status=202)
    emulator.settle()
    assert [item.json() for item in emulator.receiver.deliveries] == [{"n": 2}, {"n": 2}]


def test_a_script_that_changes_nothing_leaves_the_exact_bytes(
    emulator: Emulator, api: Api, wire: Any
) -> None:
    _, route = scripted(emulator, api, in_handler("return request"))
    wire.post(route.source_url, content=b'{ "n" : 1 }')
    emulator.settle()
    assert emulator.receiver.deliveries[0].body == b'{ "n" : 1 }'


def test_a_failing_script_fails_the_event_and_sends_nothing(emulator: Emulator, api: Api) -> None:
    script, route = scripted(emulator, api, in_handler('throw new Error("no way")'))
    event = api.event(api.sent(route, {"n": 1}))
    assert (event["status"], event["error_code"], event["attempts"]) == ("FAILED", "TRANSFORMATION_FAILED", 0)
    assert "no way" in event["failure_message"]
    assert emulator.receiver.deliveries == ()
    assert api.get(f"/transformations/{script['id']}")["error_code_counts"] == {"RUNTIME_ERROR": 1}


def test_without_the_engine_the_event_fails_and_says_why(
    emulator: Emulator, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, route = scripted(emulator, api, SCRIPT)
    monkeypatch.setitem(sys.modules, "quickjs", None)
    event = api.event(api.sent(route, {"n": 1}))
    assert (event["status"], event["failure_message"]) == ("FAILED", f"transformation failed: {MISSING}")
    response = api.call("PUT", "/transformations/run", {"code": SCRIPT})
    assert (response.status_code, response.json()) == (503, {"error": MISSING})


def test_a_deleted_transformation_fails_the_event(emulator: Emulator, api: Api) -> None:
    script, route = scripted(emulator, api, SCRIPT)
    api.ok("DELETE", f"/transformations/{script['id']}")
    assert api.event(api.sent(route, {"n": 1}))["error_code"] == "TRANSFORMATION_FAILED"


@pytest.mark.parametrize(
    ("code", "error_code"),
    [
        ("1", "NO_HANDLER"),
        ("syntax error(", "SYNTAX_ERROR"),
        ("while (true) {}", "TIMEOUT"),
        (in_handler("while (true) {}"), "TIMEOUT"),
        (in_handler("return new Promise(() => {})"), "TIMEOUT"),
        (
            in_handler("const all = []; while (true) all.push('x'.repeat(100000) + all.length)"),
            "MEMORY_LIMIT",
        ),
        (in_handler("const f = () => f() + 1; f()"), "STACK_LIMIT"),
        (in_handler("throw new Error('x')"), "RUNTIME_ERROR"),
        (in_handler("return Promise.reject(new Error('x'))"), "RUNTIME_ERROR"),
        (in_handler("return 5"), "INVALID_RESULT"),
        (in_handler("return undefined"), "INVALID_RESULT"),
        ("addHandler('other', () => 1)", "RUNTIME_ERROR"),
    ],
)
def test_every_failure_has_its_code(tried: Any, code: str, error_code: str) -> None:
    found = tried(code, seconds=0.3 if error_code == "TIMEOUT" else 3.0)
    assert (found.request, found.error_code) == (None, error_code)
    assert found.message


def test_an_async_handler_works(tried: Any) -> None:
    found = tried('addHandler("transform", async (request) => ({ ...request, body: await 5 }));')
    assert found.request == {"body": 5}


def test_a_script_reaches_nothing_outside(tried: Any) -> None:
    names = ["require", "fetch", "std", "os", "XMLHttpRequest", "__input"]
    found = tried(in_handler(f"return {{ body: {names}.filter((name) => name in globalThis) }}"))
    assert found.request == {"body": []}


def test_trying_a_script(emulator: Emulator, api: Api) -> None:
    body = {"code": SCRIPT, "env": {"MODE": "test"}, "request": {"body": {"n": 1}, "headers": {"a": "b"}}}
    answer = api.ok("PUT", "/transformations/run", body)
    assert answer["request"]["body"] == {"n": 2}
    assert answer["console"] == ["seen 1 test"]
    assert answer["log_level"] == "warn"
    assert set(answer) == {
        "runtime",
        "stats",
        "log_level",
        "console",
        "warnings",
        "request",
        "transformation_run_time",
    }


def test_trying_a_script_that_fails_leaves_the_request_and_says_why(api: Api) -> None:
    body = {"code": "nothing(", "request": {"body": {"n": 1}}}
    answer = api.ok("PUT", "/transformations/run", body)
    assert (answer["log_level"], answer["request"]["body"]) == ("error", {"n": 1})
    assert answer["warnings"][0]["code"] == "SYNTAX_ERROR"


def test_validating(api: Api) -> None:
    assert api.ok("PUT", "/transformations/validate", {"code": SCRIPT}) == {"valid": True, "errors": []}
    hashed = {"code": SCRIPT, "code_hash": "0" * 64}
    assert api.ok("PUT", "/transformations/validate", hashed) == {"valid": True, "errors": []}
    assert api.call("PUT", "/transformations/validate", {"code": SCRIPT, "code_hash": 1}).status_code == 400
    answer = api.ok("PUT", "/transformations/validate", {"code": "nothing("})
    assert answer["valid"] is False
    assert answer["errors"]
    assert api.get("/transformations/capabilities")["available"] is True


def test_upserting_and_changing(api: Api) -> None:
    first = api.ok("PUT", "/transformations", {"name": "t", "code": "1"})
    second = api.ok("PUT", "/transformations", {"name": "t", "code": "2"})
    assert (first["id"], second["code"]) == (second["id"], "2")
    assert first["code_hash"] != second["code_hash"]
    changed = api.ok("PUT", f"/transformations/{first['id']}", {"env": {"A": "1"}})
    assert (changed["code"], changed["env"]) == ("2", {"A": "1"})
    assert api.call("PUT", "/transformations", {"name": "t", "code": "1", "env": {"A": 1}}).status_code == 400
    assert api.get("/transformations")["count"] == 1


@pytest.mark.parametrize(("spoiling", "error_code"), SPOILED.items())
def test_a_script_that_overrides_names_of_the_engine_spoils_itself_only(
    tried: Any, spoiling: str, error_code: str | None
) -> None:
    handler = in_handler("return { body: request.body.n + 1 }")
    found = tried(f"{handler} {spoiling};")
    assert found.error_code == error_code
    assert found.request == (None if error_code else {"body": 2})
    assert tried(handler).request == {"body": 2}


AWAITS = in_handler("return (async () => { for (let i = 0; i < %s; i++) { await 0; %s } return request; })()")
BUSY = "const end = Date.now() + 90; while (Date.now() < end);"


@pytest.mark.parametrize(("times", "error_code"), [(5, "TIMEOUT"), (1, None)])
def test_the_limit_is_one_for_the_whole_run(tried: Any, times: int, error_code: str | None) -> None:
    began = time.monotonic()
    assert tried(AWAITS % (times, BUSY), seconds=0.3).error_code == error_code
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("code", "error_code"),
    [
        (
            in_handler("let deep = {}; for (let i = 0; i < 600; i++) deep = { deep }; return deep"),
            "INVALID_RESULT",
        ),
        (in_handler("let deep = {}; for (let i = 0; i < 400; i++) deep = { deep }; return deep"), None),
        (in_handler("return { body: 'x'.repeat(11e6) }"), "INVALID_RESULT"),
        (in_handler("return { body: 'x'.repeat(2e6) }"), None),
        (in_handler("throw new Error('\\ud800')"), "RUNTIME_ERROR"),
    ],
)
def test_results_are_bounded(tried: Any, code: str, error_code: str | None) -> None:
    found = tried(code)
    assert found.error_code == error_code
    (found.message or "").encode()


def test_logs_are_bounded(tried: Any) -> None:
    found = tried(in_handler("for (let i = 0; i < 1000; i++) console.log('x'.repeat(20000)); return {}"))
    assert [len(item["message"]) for item in found.logs] == [2_000] * 20
    assert len(tried(in_handler("for (let i = 0; i < 1000; i++) console.log('x'); return {}")).logs) == 200


@pytest.mark.parametrize(("first", "second"), [(0.3, "request"), (0.0, None)])
def test_a_process_that_ended_is_replaced(runner: asyncio.Runner, first: float, second: str | None) -> None:
    scripts = Scripts()
    code = in_handler("return { body: 1 }")
    run = scripts.run(code, {}, env={}, context={}, seconds=first)
    assert runner.run(run).error_code == (None if second else "TIMEOUT")
    for process in scripts._idle:
        process.end()
    assert runner.run(scripts.run(code, {}, env={}, context={})).request == {"body": 1}
    scripts.close()


LOOPS = AWAITS % (5000, "const end = Date.now() + 900; while (Date.now() < end);")


def test_others_are_answered_while_a_script_runs(emulator: Emulator, api: Api, wire: Any) -> None:
    health = f"{emulator.world.origin}/__emulator__/health"
    with ThreadPoolExecutor(5) as pool:
        runs = [pool.submit(api.call, "PUT", "/transformations/run", {"code": LOOPS}) for _ in range(5)]
        longest = 0.0
        while not all(run.done() for run in runs):
            began = time.monotonic()
            assert wire.get(health).status_code == 200
            longest = max(longest, time.monotonic() - began)
    assert longest < 0.5
    for run in runs:
        assert run.result().json()["warnings"][0]["code"] == "TIMEOUT"


def test_the_emulator_stops_while_a_script_runs(wire: Any) -> None:
    emulator = Emulator().start()
    api = Api(emulator, wire)
    script, route = scripted(emulator, api, LOOPS)
    for _ in range(8):
        assert api.send(route, {"n": 1}).status_code == 200
    began = time.monotonic()
    emulator.stop()
    assert time.monotonic() - began < 5
    assert script["id"]


@pytest.mark.parametrize(
    ("result", "status"), [("path: '/\\ud800'", "SUCCESSFUL"), ("query: {a: '\\ud800'}", "SUCCESSFUL")]
)
def test_a_result_with_half_of_a_surrogate_pair_is_sent_without_it(
    emulator: Emulator, api: Api, result: str, status: str
) -> None:
    _, route = scripted(emulator, api, in_handler(f"return {{ ...request, {result} }}"))
    assert api.event(api.sent(route, {"n": 1}))["status"] == status
    [delivery] = emulator.receiver.deliveries
    assert f"{delivery.path}?{delivery.query}" in ("/%EF%BF%BD?", "/?a=%3F")


def test_a_body_that_is_not_finite_reaches_the_script_as_text(
    emulator: Emulator, api: Api, wire: Any
) -> None:
    code = in_handler("return { ...request, body: typeof request.body }")
    script = api.ok("POST", "/transformations", {"name": "t", "code": code})
    rule = {"type": "transform", "transformation_id": script["id"]}
    route = emulator.add_route(name="r", rules=[rule], auth={"auth_type": None})
    for body in (b'{"x":1e999}', b'{"x":1e9}'):
        assert wire.post(route.source_url, content=body).status_code == 200
        emulator.settle()
    assert [item.body for item in emulator.receiver.deliveries] == [b"string", b"object"]
