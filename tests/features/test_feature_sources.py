"""A whole source: every enabled connection with one probe, what is left out is told, and nothing to gate is no pass."""

from __future__ import annotations

import pytest
from emulated import Emulated, check_whole, warnings
from expected import Expected, broken

from pytest_fasthook.emulator import Route

XDIST = ("-n", "2")


def siblings(emulated: Emulated) -> tuple[Route, list[Route]]:
    """A source with two enabled connections and two disabled ones, beside another source."""
    first = emulated.route("first", rules=[{"type": "filter", "body": {"type": "order"}}])
    more = [emulated.route(name, source=first) for name in ("second", "off", "off_too")]
    emulated.route("elsewhere")
    for route in more[1:]:
        emulated.call("PUT", f"/connections/{route.connection_id}/disable")
    return first, more


def sent(emulated: Emulated, route: Route) -> int:
    return len(emulated.probes(route))


@pytest.mark.parametrize("more", [(), XDIST], ids=["alone", "xdist"])
def test_every_enabled_connection_is_gated_with_one_probe(more: tuple[str, ...], emulated: Emulated) -> None:
    first, (second, off, off_too) = siblings(emulated)
    run = emulated.run(f"--fasthook-source={first.source_id}", *more)
    assert run.exit_code == 0, run.output
    check_whole(run)
    gated = {connection["connection_id"] for connection in run.connections}
    assert gated == {first.connection_id, second.connection_id}
    assert sent(emulated, first) == 1
    for left_out in (off, off_too):
        assert left_out.connection_id in warnings(run, first.connection_id)
        assert left_out.connection_id in run.output


@pytest.mark.parametrize("more", [(), XDIST], ids=["alone", "xdist"])
def test_one_that_is_broken_sinks_the_run(more: tuple[str, ...], emulated: Emulated) -> None:
    """The twin: the second receiver answers 500."""
    first, (second, *_) = siblings(emulated)
    emulated.emulator.receiver.answer(500, name="second")
    run = emulated.run(f"--fasthook-source={first.source_id}", *more)
    assert run.exit_code == 1
    assert run.connection(first.connection_id)["verdict"] == "pass"
    assert run.connection(second.connection_id)["cause"]["code"] == "DELIVERY_FAILED"
    assert sent(emulated, first) == 1


def test_filters_that_exclude_each_other_take_as_few_probes_as_needed(emulated: Emulated) -> None:
    first, (second, *_) = siblings(emulated)
    third = emulated.route("third", source=first, rules=[{"type": "filter", "body": {"type": "refund"}}])
    run = emulated.run(f"--fasthook-source={first.source_id}")
    assert run.exit_code == 0, run.output
    assert len(run.connections) == 3
    assert sent(emulated, first) == 2
    assert {second.connection_id, third.connection_id} <= {c["connection_id"] for c in run.connections}


def test_a_paused_sibling_is_gated_too(emulated: Emulated) -> None:
    """Paused is not disabled: its events would be held."""
    first, (second, *_) = siblings(emulated)
    emulated.call("PUT", f"/connections/{second.connection_id}/pause")
    run = emulated.run(f"--fasthook-source={first.source_id}")
    assert run.exit_code == 1
    assert run.connection(second.connection_id)["cause"]["code"] == "CONNECTION_PAUSED"
    assert run.connection(first.connection_id)["verdict"] == "pass"


NOTHING: list[tuple[str, str, dict[str, str | None], Expected]] = [
    ("unknown", "src_unknown", {}, broken("preflight", "CONNECTION_NOT_FOUND")),
    ("only_disabled", "disabled", {}, broken("preflight", "CONNECTION_NOT_FOUND")),
    (
        "wrong_key",
        "good",
        {"FASTHOOK_API_KEY": "fhp_" + "0" * 64},
        broken("preflight", "API_UNAUTHORIZED"),
    ),
]


@pytest.mark.parametrize("more", [(), XDIST], ids=["alone", "xdist"])
@pytest.mark.parametrize("row", NOTHING, ids=lambda row: row[0])
def test_nothing_to_gate_is_an_error_that_says_why(
    row: tuple[str, str, dict[str, str | None], Expected], more: tuple[str, ...], emulated: Emulated
) -> None:
    _, which, env, expected = row
    route = emulated.route()
    if which == "disabled":
        emulated.call("PUT", f"/connections/{route.connection_id}/disable")
    source_id = which if which.startswith("src_") else route.source_id
    run = emulated.run(f"--fasthook-source={source_id}", *more, env=env)
    (connection,) = run.connections
    assert run.exit_code == 77, run.output
    assert connection["cause"]["code"] in expected.codes
    assert source_id in connection["cause"]["message"]
    check_whole(run)
    assert emulated.probes(route) == []


def test_the_connections_may_have_settings_of_their_own(emulated: Emulated) -> None:
    first, (second, *_) = siblings(emulated)
    emulated.write("fasthook.toml", f'[connections.{second.connection_id}]\nheaders = {{ x-shop = "7" }}\n')
    run = emulated.run(f"--fasthook-source={first.source_id}")
    assert run.exit_code == 0, run.output
    shops = [record["data"]["headers"].get("x-shop") for record in emulated.probes(first)]
    assert sorted(shops, key=str) == ["7", None]


def test_all_of_a_source_in_wait_mode(emulated: Emulated) -> None:
    first, _ = siblings(emulated)
    emulated.post(first, {"type": "order"})
    emulated.emulator.settle()
    args = ("--fasthook-mode=wait", "--fasthook-deploy-start=now-1h")
    run = emulated.run(f"--fasthook-source={first.source_id}", *args)
    assert run.exit_code == 0, run.output
    assert emulated.probes(first) == []
