"""The ``fasthook_route`` fixture: routes made for tests, gated, and removed again whatever happens."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable

import pytest
from emulated import Emulated
from gate_run import Command, GateRun

SECRET = "s3cret-of-the-made-source"
AUTH = {"auth_type": "HMAC", "auth": {"secret": SECRET, "signature_header": "x-signature"}}

MAKING = """
import json, os, pathlib, time
import pytest
from pytest_fasthook import ApiError, MadeRoute, SettingsError, StageFailed
"""

GOOD = """
def test_from_files(fasthook_route):
    route = fasthook_route("routes/orders")
    assert isinstance(route, MadeRoute)
    assert route.source_url.startswith("http://127.0.0.1:")
    assert route.source_id and route.destination_id
    route.send({"type": "order"}).verify()
    with pytest.raises(StageFailed, match="PAYLOAD_FILTERED"):
        route.send({"type": "refund"})

def test_from_files_and_code(fasthook_route):
    route = fasthook_route(
        pathlib.Path("routes/orders"), connection={"name": "refunds", "rules": [
            {"type": "filter", "body": {"type": "refund"}}]}
    )
    route.send({"type": "refund"}).verify()

def test_from_code_alone_twice(fasthook_route):
    for name in ("one", "two"):
        fasthook_route(
            source={"name": name, "type": "WEBHOOK"},
            destination={"name": name, "type": "HTTP", "config": {"url": RECEIVER + name}},
            connection={"name": name},
        ).send().verify()

def test_waiting(fasthook_route):
    import httpx
    route = fasthook_route("routes/orders", source={"name": "open", "config": {"auth_type": None, "auth": None}})
    sent = httpx.post(route.source_url, json={"type": "order", "id": 5}).json()["request_id"]
    assert route.wait({"body.id": 5}).ingress().id == sent
"""

SESSION = """
@pytest.fixture(scope="session")
def orders(fasthook_session_route):
    return fasthook_session_route("routes/orders")

def test_one(orders):
    orders.send({"type": "order"}).verify()

def test_two(orders):
    orders.send({"type": "order"}).verify()
    pathlib.Path("ids.txt").open("a").write(orders.connection_id + "\\n")
"""

BAD = """
def test_fails(fasthook_route):
    fasthook_route("routes/orders")
    assert False

def test_half_made(fasthook_route):
    fasthook_route("routes/orders", connection={"name": "half", "rules": [{"type": "nonsense"}]})
"""

WRONG = """
@pytest.mark.parametrize("call", [
    dict(folder="nowhere"),
    dict(folder="routes"),
    dict(source={"name": "a"}),
    dict(connection={"name": "a"}),
    dict(connection={"name": "a", "source_id": "src_1"}),
    dict(folder="broken"),
    dict(folder="lists"),
])
def test_what_cannot_be_used_is_told(fasthook_route, call):
    with pytest.raises(SettingsError):
        fasthook_route(**call)
"""

INTERRUPTED = """
def test_long(fasthook_route):
    fasthook_route("routes/orders")
    pathlib.Path("made").touch()
    time.sleep(60)
"""


@pytest.fixture
def with_files(emulated: Emulated) -> Emulated:
    """The CLI's files of one route, between a source and a receiver of their own."""
    emulated.write("routes/orders/source.json", {"name": "orders", "type": "WEBHOOK", "config": AUTH})
    emulated.write(
        "routes/orders/destination.json",
        {"name": "billing", "type": "HTTP", "config": {"url": receiver(emulated) + "billing"}},
    )
    emulated.write(
        "routes/orders/connection.json",
        {
            "name": "orders-billing",
            "source_id": "src_of_staging",
            "destination_id": "des_of_staging",
            "paused_at": None,
            "disabled_at": None,
            "rules": [{"type": "filter", "body": {"type": "order"}}],
        },
    )
    return emulated


def receiver(emulated: Emulated) -> str:
    return f"{emulated.emulator.page_url}__emulator__/receiver/"


def command(emulated: Emulated, tests: str, *args: str, **env: str) -> Command:
    """A run of these tests alone: no connection is gated, the account comes from the environment."""
    head = f"{MAKING}RECEIVER = {receiver(emulated)!r}\n"
    emulated.write("test_routes.py", head + tests)
    return Command(
        folder=emulated.folder,
        api_url=emulated.emulator.api_url,
        connections=(),
        args=("test_routes.py", *args),
        env={"FASTHOOK_TIMEOUT": "20s", **env},
        timeout_option=False,
        reports=False,
    )


def run_tests(emulated: Emulated, tests: str, *args: str, **env: str) -> GateRun:
    return command(emulated, tests, *args, **env).run()


def names(emulated: Emulated) -> dict[str, list[str]]:
    """What is there, by kind."""
    kinds = ("sources", "destinations", "connections")
    return {kind: sorted(m["name"] for m in emulated.call("GET", f"/{kind}")["models"]) for kind in kinds}


NOTHING: dict[str, list[str]] = {"sources": [], "destinations": [], "connections": []}


def counts(run: GateRun) -> dict[str, int]:
    last = run.output.strip().splitlines()[-1]
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", last)}


def test_routes_are_made_gated_and_removed(with_files: Emulated) -> None:
    run = run_tests(with_files, GOOD)
    assert (run.exit_code, counts(run)) == (0, {"passed": 4}), run.output
    assert names(with_files) == NOTHING
    assert SECRET not in run.output


def test_a_receiver_that_fails_fails_the_test(with_files: Emulated) -> None:
    """The twin: the made route is really delivered through."""
    with_files.emulator.receiver.answer(500, name="billing")
    run = run_tests(with_files, GOOD, "-k", "from_files")
    assert run.exit_code == 1
    assert "DELIVERY_FAILED" in run.output
    assert names(with_files) == NOTHING


def test_a_session_shares_one_route(with_files: Emulated) -> None:
    run = run_tests(with_files, SESSION)
    assert (run.exit_code, counts(run)) == (0, {"passed": 2}), run.output
    assert names(with_files) == NOTHING


def test_what_was_there_before_stays(with_files: Emulated) -> None:
    before = with_files.call("PUT", "/sources", json={"name": "orders", "type": "WEBHOOK"})
    run = run_tests(with_files, GOOD, "-k", "test_from_files")
    assert run.exit_code == 0, run.output
    assert names(with_files) == NOTHING | {"sources": ["orders"]}
    assert with_files.call("GET", f"/sources/{before['id']}")["config"]["auth_type"] == "HMAC"


def test_a_connection_that_was_there_gets_its_ends_and_rules_back(with_files: Emulated) -> None:
    """Removing an end that was made would otherwise take the connection with it."""
    route = with_files.route("orders", auth=AUTH)
    link = {"name": "orders-billing", "source_id": route.source_id, "destination_id": route.destination_id}
    before = with_files.call("PUT", "/connections", json=link | {"rules": [{"type": "delay", "delay": 10}]})
    run = run_tests(with_files, GOOD, "-k", "test_from_files and not code")
    assert run.exit_code == 0, run.output
    after = with_files.call("GET", f"/connections/{before['id']}")
    assert [after[key] for key in ("destination_id", "rules")] == [
        before[key] for key in ("destination_id", "rules")
    ]
    assert names(with_files)["destinations"] == ["orders"]


def test_after_a_failure_all_is_removed(with_files: Emulated) -> None:
    run = run_tests(with_files, BAD)
    assert (run.exit_code, counts(run)["failed"]) == (1, 2), run.output
    assert names(with_files) == NOTHING


@pytest.mark.parametrize("what", ["/sources", "/destinations", "/connections"])
def test_what_was_made_although_the_answer_was_lost_is_removed(what: str, with_files: Emulated) -> None:
    """The lists that are read before come through: only the call that writes loses its answer."""
    spoil = f"""
import httpx
@pytest.fixture
def lost_answer(monkeypatch):
    from pytest_fasthook.client.transport import Transport
    whole = Transport.write
    def write(self, method, path, *args, **more):
        reply = whole(self, method, path, *args, **more)
        if method == "POST" and path == {what!r}:
            raise KeyboardInterrupt if os.environ.get("CTRL_C") else ApiError("the answer was lost", call=path)
        return reply
    monkeypatch.setattr(Transport, "write", write)

def test_lost(lost_answer, fasthook_route):
    fasthook_route("routes/orders")
"""
    run = run_tests(with_files, spoil)
    assert run.exit_code == 1
    assert "the answer was lost" in run.output
    assert names(with_files) == NOTHING
    run = run_tests(with_files, spoil, CTRL_C="1")
    assert run.exit_code == 2, run.output
    assert names(with_files) == NOTHING


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
@pytest.mark.parametrize("args", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_after_ctrl_c_all_is_removed(args: tuple[str, ...], with_files: Emulated) -> None:
    call = command(with_files, INTERRUPTED, *args)
    process = call.start()
    made = with_files.folder / "made"
    wait_for(made.exists, process)
    assert names(with_files)["connections"] == ["orders-billing"]
    os.killpg(process.pid, signal.SIGINT)
    run = call.finish(process)
    assert run.exit_code == 2, run.output
    assert names(with_files) == NOTHING


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something is so, or fail when the process ends or takes too long."""
    for _ in range(600):
        if condition():
            return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    output, _ = process.communicate(timeout=10)
    raise AssertionError(output)


def test_what_cannot_be_removed_is_named(with_files: Emulated) -> None:
    tests = """
import httpx
def test_kept(fasthook_route):
    fasthook_route("routes/orders")
    fault = {"kind": "status", "path": "/destinations/*", "status": 500}
    httpx.post(RECEIVER.replace("receiver/", "faults"), json=fault)
"""
    run = run_tests(with_files, tests)
    with_files.emulator.faults.clear()
    assert run.exit_code == 1
    assert "left behind: destination des_" in run.output
    assert names(with_files) == NOTHING | {"destinations": ["billing"]}


def test_calls_that_cannot_be_meant_are_refused_before_anything_is_made(with_files: Emulated) -> None:
    with_files.write("broken/connection.json", "{")
    with_files.write("lists/connection.json", [])
    run = run_tests(with_files, WRONG)
    assert (run.exit_code, counts(run)) == (0, {"passed": 7}), run.output
    assert names(with_files) == NOTHING


def test_without_an_account_the_test_fails_with_one_line(with_files: Emulated) -> None:
    run = run_tests(with_files, GOOD, "-k", "from_code_alone", FASTHOOK_TEAM_ID="")
    assert run.exit_code == 1
    assert "no team was given" in run.output


@pytest.mark.parametrize("name", ["test_from_files", "test_one"])
def test_in_a_plan_nothing_is_made(name: str, with_files: Emulated) -> None:
    route = with_files.route("gated")
    with_files.write("test_routes.py", f"{MAKING}RECEIVER = ''\n{GOOD}{SESSION}")
    args = ("test_routes.py", "--fasthook-plan", "-k", f"{name} or preflight")
    run = with_files.run(*args, connections=[route.connection_id], reports=False)
    assert run.exit_code == 0, run.output
    assert "skipped" in run.output
    assert names(with_files)["connections"] == ["gated"]
