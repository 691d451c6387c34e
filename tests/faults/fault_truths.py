"""What may be true of a route, a service and a call: each truth sets its stage and says what the gate must find."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from expected import PASS, Expected, broken
from fault_scene import CONNECTION, LASTING_S, Plot, Scene, Step, fault, signed
from tcp_proxy import Trouble

from pytest_fasthook.emulator import Answer

Truth = Callable[[Plot, Random], None]

EVERYTHING = frozenset(
    {
        *("lag", "clock", "traffic", "hiccup", "api proxy", "ingress proxy"),
        *("slow", "words", "no id", "partial", "one dialect"),
    }
)
QUIET = frozenset({"clock", "words", "no id", "one dialect"})
"""What takes no time, for truths that show only when the budget has run out."""
UNHURRIED = EVERYTHING - {"traffic", "hiccup", "slow", "api proxy", "partial"}
"""For truths that take most of the budget's patience with the API themselves."""
SHORT_S = 4.0
CLOSED_URL = "http://127.0.0.1:9/closed"
"""Port 9 (discard) is closed on every machine that runs tests."""
OTHER_KEY = "fhp_" + "ee11dd22cc33bb44" * 4
NOW_15M = "--fasthook-deploy-start=now-15m"


def _retry(interval_ms: int, count: int) -> dict[str, Any]:
    return {"type": "retry", "strategy": "linear", "interval": interval_ms, "count": count}


# -- routes that work ------------------------------------------------------------------------------------------


def healthy(plot: Plot, rng: Random) -> None:
    plot.bears = EVERYTHING
    plot.route["rules"] = rng.choice(
        [
            [],
            [{"type": "filter", "body": {"type": "order.paid", "total": {"$gte": 5}}}],
            [{"type": "deduplicate", "window": 300_000, "include_fields": ["body.id"]}],
            [{"type": "delay", "delay": rng.randint(200, 1500)}],
            [_retry(30_000, 5)],
        ]
    )


def healthy_signed(plot: Plot, rng: Random) -> None:
    plot.bears = EVERYTHING - {"traffic"}
    plot.route["auth"] = signed()
    plot.before.append(_give_secret)
    plot.args += rng.choice([[], ["--fasthook-attempts=first"], ["--fasthook-max-latency=30s"]])


def healthy_after_retries(plot: Plot, rng: Random) -> None:
    failures = [
        rng.choice([Answer(500), Answer(503), Answer(429), Answer(reset=True)])
        for _ in range(rng.randint(1, 2))
    ]
    plot.bears = EVERYTHING - {"traffic"}
    plot.route["rules"] = [_retry(rng.randint(150, 500), 5)]
    plot.before.append(lambda scene: scene.emulator.receiver.script(*failures))


def healthy_with_a_custom_answer(plot: Plot, rng: Random) -> None:
    """The source answers what its owner likes; the record says that it was accepted."""
    plot.bears = EVERYTHING - {"ingress proxy", "no id"}
    status = rng.choice([200, 202, 404, 500])
    plot.route["source_config"] = {
        "custom_response": {"status": status, "content_type": "text", "body": "thanks"}
    }


def healthy_of_the_expected_release(plot: Plot, rng: Random) -> None:
    plot.bears = EVERYTHING - {"words"}
    _expect_release(plot, "f00d")


def healthy_beside_old_failures(plot: Plot, rng: Random) -> None:
    """What failed before the deploy is not the deploy's fault.

    The window's start is known to a second, as the service tells the time in its ``Date`` header; so the failures
    are some seconds older.
    """
    plot.bears = EVERYTHING
    plot.before += [_failures(rng.randint(1, 4)), lambda scene: scene.emulator.clock.advance(5)]


def healthy_within_the_failure_rate(plot: Plot, rng: Random) -> None:
    plot.bears = EVERYTHING - {"traffic"}
    plot.before.append(_failures(3))
    plot.args += [NOW_15M, "--fasthook-max-failure-rate=0.8"]


def healthy_with_two_branches(plot: Plot, rng: Random) -> None:
    """A duplicated branch delivers twice; that is the receiver's matter."""
    plot.bears = EVERYTHING - {"traffic"}
    plot.before.append(fault("duplicated_branch", CONNECTION))


def healthy_real_request(plot: Plot, rng: Random) -> None:
    """Wait mode: a real request that came before the gate started is judged, nothing is sent."""
    plot.expected = Expected(probes=range(1))
    plot.bears = frozenset({"clock", "hiccup", "api proxy", "slow", "words", "partial"})
    plot.args += ["--fasthook-mode=wait", NOW_15M, "--fasthook-match=body.kind=real"]
    plot.before += [
        lambda scene: scene.post({"kind": "other"}),
        lambda scene: scene.post({"kind": "real"}),
        lambda scene: scene.emulator.settle(),
    ]


def healthy_but_for_an_advisory_stage(plot: Plot, rng: Random) -> None:
    plot.bears = QUIET
    plot.timeout_s = SHORT_S
    plot.args.append("--fasthook-advisory=metrics")
    plot.before.append(fault("metrics_lag", seconds=LASTING_S))


def healthy_although_the_answer_was_lost(plot: Plot, rng: Random) -> None:
    """The source took the probe and the connection broke: the record is there, nothing is sent again."""
    plot.bears = EVERYTHING - {"ingress proxy"}
    plot.before.append(fault(rng.choice(["lost_answer", "truncated"]), "/hook-*", times=1))


def healthy_with_a_payload_sent_before(plot: Plot, rng: Random) -> None:
    """The same payload came minutes ago and would be a duplicate; the field that tells gets a fresh value."""
    plot.bears = EVERYTHING - {"traffic"}
    plot.route["rules"] = [{"type": "deduplicate", "window": 300_000, "include_fields": ["body.id"]}]
    payload = {"id": 7, "kind": "order"}
    plot.files["event.json"] = json.dumps(payload)
    plot.args.append("--fasthook-payload=event.json")
    plot.before += [lambda scene: scene.post(payload), lambda scene: scene.emulator.settle()]


def healthy_although_the_api_was_away(plot: Plot, rng: Random) -> None:
    """Half-way everything fails for a while, then recovers within the budget."""
    plot.bears = UNHURRIED
    away_s = round(rng.uniform(0.5, 3.0), 1)
    kind, details = rng.choice(_PASSING)
    plot.on_probe.append(lambda scene: scene.break_for(away_s, kind, "/[!h]*", **details))


# -- what preflight must see -----------------------------------------------------------------------------------


def not_in_service(plot: Plot, rng: Random) -> None:
    code, path = rng.choice(
        [
            ("CONNECTION_PAUSED", "/connections/{0.connection_id}/pause"),
            ("CONNECTION_DISABLED", "/connections/{0.connection_id}/disable"),
            ("SOURCE_DISABLED", "/sources/{0.source_id}/disable"),
            ("DESTINATION_DISABLED", "/destinations/{0.destination_id}/disable"),
        ]
    )
    plot.expected = broken("preflight", code, probes=0)
    plot.bears = frozenset({"clock", "hiccup", "api proxy", "slow"})
    plot.before.append(_change(path))


def payload_that_cannot_pass(plot: Plot, rng: Random) -> None:
    plot.expected = broken("preflight", "PAYLOAD_FILTERED", probes=0)
    plot.bears = frozenset({"clock", "hiccup", "api proxy", "slow"})
    plot.route["rules"] = [{"type": "filter", "body": {"type": "order.paid"}}]
    plot.files["event.json"] = '{"type": "order.refunded"}'
    plot.args.append("--fasthook-payload=event.json")


def rules_that_drifted(plot: Plot, rng: Random) -> None:
    plot.expected = broken("preflight", "RULES_DRIFT", probes=0)
    plot.bears = frozenset({"clock", "hiccup", "api proxy", "slow"})
    plot.files["rules.json"] = json.dumps([_retry(30_000, 5)])
    plot.files["fasthook.toml"] = f'[connections.{CONNECTION}]\nrules_file = "rules.json"\n'


def wrong_credentials(plot: Plot, rng: Random) -> None:
    code, env = rng.choice(
        [
            ("API_UNAUTHORIZED", {"FASTHOOK_API_KEY": OTHER_KEY}),
            ("API_FORBIDDEN", {"FASTHOOK_TEAM_ID": "tm_of_somebody_else"}),
        ]
    )
    plot.expected = broken("preflight", code, probes=0)
    plot.bears = frozenset({"clock", "slow"})
    plot.env.update(env)


def records_of_another_team(plot: Plot, rng: Random) -> None:
    plot.expected = broken("preflight", "WRONG_TEAM", probes=0)
    plot.bears = frozenset({"clock", "hiccup", "slow"})
    plot.before.append(fault("other_team"))


def unknown_connection(plot: Plot, rng: Random) -> None:
    plot.expected = broken("preflight", "CONNECTION_NOT_FOUND", probes=0)
    plot.bears = frozenset({"clock", "hiccup", "api proxy", "slow"})
    plot.before.append(_change("/connections/{0.connection_id}", method="DELETE"))


def secret_not_given(plot: Plot, rng: Random) -> None:
    plot.expected = broken("preflight", "SOURCE_SECRET_MISSING", probes=0)
    plot.bears = frozenset({"clock", "hiccup", "api proxy", "slow"})
    plot.route["auth"] = signed()


def api_down(plot: Plot, rng: Random) -> None:
    """The API misbehaves from the start and never stops."""
    code, kind, details = rng.choice(_LASTING)
    plot.expected = broken("preflight", *code.split(), probes=0)
    plot.timeout_s = SHORT_S
    plot.bears = frozenset({"clock"})
    plot.before.append(fault(kind, "/connections*", **details))


def api_behind_a_broken_line(plot: Plot, rng: Random) -> None:
    code, trouble = rng.choice(
        [
            ("API_UNREACHABLE", Trouble(cut_after=rng.randint(0, 12), ending="reset")),
            ("API_UNREACHABLE", Trouble(cut_after=0, ending="close")),
            ("API_UNREACHABLE", Trouble(cut_after=0, ending="half_close")),
            ("API_UNREACHABLE", Trouble(delay_s=20.0)),
            ("API_BAD_RESPONSE", Trouble(garbage=b"\x00\x01SSH-2.0-not-http\r\n\r\n")),
            ("API_BAD_RESPONSE", Trouble(garbage=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{]")),
        ]
    )
    plot.expected = broken("preflight", code, probes=0)
    plot.timeout_s = SHORT_S
    plot.bears = frozenset({"clock"})
    plot.api = trouble


def api_refuses_connections(plot: Plot, rng: Random) -> None:
    plot.expected = broken("preflight", "API_UNREACHABLE", probes=0)
    plot.timeout_s = SHORT_S
    plot.bears = frozenset({"clock"})
    plot.before.append(lambda scene: scene.api.refuse())


# -- what ingress must see -------------------------------------------------------------------------------------


def wrong_secret(plot: Plot, rng: Random) -> None:
    plot.expected = broken("ingress", "INGRESS_REJECTED")
    plot.bears = EVERYTHING - {"traffic", "no id"}
    plot.route["auth"] = signed()
    plot.env["FASTHOOK_SOURCE_SECRET"] = "not-the-secret-of-this-source"


def source_disabled_meanwhile(plot: Plot, rng: Random) -> None:
    plot.expected = broken("ingress", "INGRESS_REJECTED")
    plot.bears = EVERYTHING - {"traffic", "hiccup", "ingress proxy", "no id"}
    plot.on_probe.append(_change("/sources/{0.source_id}/disable"))


def source_unreachable(plot: Plot, rng: Random) -> None:
    """Nothing of the probe was carried out, and nothing is sent again."""
    kind, details, probes = rng.choice(
        [
            ("status", {"status": 503}, 0),
            ("status", {"status": 404}, 0),
            ("reset", {}, 0),
        ]
    )
    plot.expected = broken("ingress", "INGRESS_UNREACHABLE", probes=probes)
    plot.timeout_s = SHORT_S
    plot.bears = frozenset({"clock"})
    plot.before.append(fault(kind, "/hook-*", **details))


def source_behind_a_broken_line(plot: Plot, rng: Random) -> None:
    """What answers in the source's place is no FastHook; or nothing answers at all."""
    plot.expected = broken("ingress", "INGRESS_UNREACHABLE", probes=0)
    plot.timeout_s = SHORT_S
    plot.bears = frozenset({"clock"})
    plot.ingress = Trouble(garbage=rng.choice([b"", b"\x00\x01not-http\r\n\r\n"]))


def source_refuses_connections(plot: Plot, rng: Random) -> None:
    plot.expected = broken("ingress", "INGRESS_UNREACHABLE", probes=0)
    plot.timeout_s = SHORT_S
    plot.bears = frozenset({"clock"})
    plot.ingress = Trouble(cut_after=0)
    plot.before.append(lambda scene: scene.ingress.refuse())


def never_recorded(plot: Plot, rng: Random) -> None:
    plot.expected = broken("ingress", "REQUEST_NOT_SEEN")
    plot.timeout_s = SHORT_S
    plot.bears = QUIET | {"traffic"}
    plot.before.append(fault("lag", "requests", seconds=LASTING_S))


# -- what branch must see --------------------------------------------------------------------------------------


def branch_lost(plot: Plot, rng: Random) -> None:
    plot.expected = broken("branch", "BRANCH_NOT_SEEN")
    plot.timeout_s = SHORT_S
    plot.bears = QUIET
    plot.before.append(
        rng.choice([fault("lost_branch", CONNECTION), fault("lag", "events", seconds=LASTING_S)])
    )


def filtered_meanwhile(plot: Plot, rng: Random) -> None:
    plot.expected = broken("branch", "BRANCH_IGNORED")
    plot.bears = EVERYTHING - {"hiccup", "ingress proxy"}
    rules = [{"type": "filter", "body": {"nobody": "sends this"}}]
    plot.on_probe.append(lambda scene: _set_rules(scene, rules))


def duplicate_by_a_given_header(plot: Plot, rng: Random) -> None:
    """What the rule tells duplicates by is what the user gave, and it came before: the branch is ignored."""
    plot.expected = broken("branch", "BRANCH_IGNORED")
    plot.bears = EVERYTHING - {"traffic"}
    plot.route["rules"] = [{"type": "deduplicate", "window": 300_000, "include_fields": ["headers.x-env"]}]
    plot.args.append("--fasthook-header=x-env: staging")
    plot.before += [
        lambda scene: scene.post({}, headers={"x-env": "staging"}),
        lambda scene: scene.emulator.settle(),
    ]


def destination_disabled_meanwhile(plot: Plot, rng: Random) -> None:
    plot.expected = broken("branch", "BRANCH_IGNORED")
    plot.bears = EVERYTHING - {"hiccup", "ingress proxy"}
    plot.on_probe.append(_change("/destinations/{0.destination_id}/disable"))


def held(plot: Plot, rng: Random) -> None:
    plot.expected = broken("branch", "EVENT_HELD")
    plot.bears = EVERYTHING - {"hiccup", "ingress proxy"}
    plot.on_probe.append(_change("/connections/{0.connection_id}/pause"))


# -- what delivery must see ------------------------------------------------------------------------------------


def delivery_fails(plot: Plot, rng: Random) -> None:
    plot.expected = broken("delivery", "DELIVERY_FAILED")
    plot.bears = EVERYTHING
    status = rng.choice([301, 400, 404, 410, 500, 502, 503])
    plot.route["rules"] = rng.choice([[], [_retry(200, 2)], [_retry(600_000, 5)]])
    plot.before.append(lambda scene: scene.answer(status))


def delivery_breaks(plot: Plot, rng: Random) -> None:
    plot.expected = broken("delivery", "DELIVERY_FAILED")
    plot.bears = EVERYTHING
    how = rng.choice(["reset", "closed", "timeout"])
    if how == "closed":
        plot.route["destination_url"] = CLOSED_URL
    if how == "timeout":
        plot.settings["delivery_timeout"] = 0.4
    delay = 3.0 if how == "timeout" else 0.0
    plot.before.append(lambda scene: scene.answer(200, reset=how == "reset", delay=delay))


def delivery_only_after_a_retry(plot: Plot, rng: Random) -> None:
    """The first attempt is asked for, and it failed."""
    plot.expected = broken("delivery", "DELIVERY_FAILED")
    plot.bears = EVERYTHING - {"traffic"}
    plot.route["rules"] = [_retry(200, 5)]
    plot.args.append("--fasthook-attempts=first")
    plot.before.append(lambda scene: scene.emulator.receiver.script(500))


def delivery_pending(plot: Plot, rng: Random) -> None:
    plot.expected = broken("delivery", "DELIVERY_PENDING")
    plot.timeout_s = SHORT_S
    plot.bears = QUIET
    plot.before.append(
        rng.choice([fault("lag", "attempts", seconds=LASTING_S), lambda scene: scene.answer(200, delay=20.0)])
    )


def delivery_slow(plot: Plot, rng: Random) -> None:
    plot.expected = broken("delivery", "DELIVERY_SLOW")
    plot.bears = EVERYTHING - {"traffic"}
    plot.args.append("--fasthook-max-latency=200ms")
    plot.before.append(lambda scene: scene.answer(200, delay=1.0))


def delivery_of_another_release(plot: Plot, rng: Random) -> None:
    plot.expected = broken("delivery", "WRONG_VERSION")
    plot.bears = EVERYTHING - {"words"}
    _expect_release(plot, rng.choice(["beef", "", "f00d-dirty"]))


def one_of_two_fails(plot: Plot, rng: Random) -> None:
    """Two connections on one source share a probe; one receiver is broken."""
    plot.expected = PASS
    plot.bears = EVERYTHING - {"traffic"}
    plot.also["billing"] = broken("delivery", "DELIVERY_FAILED")
    plot.before.append(lambda scene: scene.answer(500, name="billing"))


# -- what the last stages must see -----------------------------------------------------------------------------


def latest_input_stale(plot: Plot, rng: Random) -> None:
    plot.expected = broken("latest_input", "LATEST_INPUT_STALE")
    plot.timeout_s = SHORT_S
    plot.bears = QUIET
    plot.before.append(fault("lag", "latest_input", seconds=LASTING_S))


def metrics_lag(plot: Plot, rng: Random) -> None:
    plot.expected = broken("metrics", "METRICS_LAG")
    plot.timeout_s = SHORT_S
    plot.bears = QUIET
    plot.before.append(fault("metrics_lag", seconds=LASTING_S))


def failures_in_the_window(plot: Plot, rng: Random) -> None:
    plot.expected = broken("metrics", "METRICS_FAILURES")
    plot.bears = EVERYTHING - {"traffic"}
    plot.args += [NOW_15M, *rng.choice([[], ["--fasthook-max-failure-rate=0.6"]])]
    plot.before.append(_failures(3))


# -- an API that breaks half-way -------------------------------------------------------------------------------


def api_breaks_at_a_stage(plot: Plot, rng: Random) -> None:
    """Everything that only this stage needs misbehaves and never stops."""
    stage, path = rng.choice(
        [
            ("ingress", "/requests*"),
            ("branch", "/events"),
            ("delivery", "/attempts"),
            ("latest_input", "/connections/*/latest-input"),
            ("metrics", "/metrics/events"),
        ]
    )
    code, kind, details = rng.choice(_LASTING)
    plot.expected = broken(stage, *code.split())
    plot.timeout_s = SHORT_S
    plot.bears = frozenset({"clock", "words"})
    plot.before.append(fault(kind, path, **details))


def service_down_half_way(plot: Plot, rng: Random) -> None:
    """The API dies when the receiver has the probe; until then nobody can have seen the attempt."""
    plot.expected = broken("delivery", "API_UNREACHABLE")
    plot.or_at = ("ingress", "branch")
    plot.timeout_s = SHORT_S
    plot.bears = QUIET
    plot.before.append(fault("lag", "attempts", seconds=LASTING_S))
    plot.on_delivery.append(lambda scene: scene.api.go_down())


def key_revoked_meanwhile(plot: Plot, rng: Random) -> None:
    plot.expected = broken("ingress", "API_UNAUTHORIZED")
    plot.bears = frozenset({"clock", "words"})
    plot.on_probe.append(fault("status", "/[!h]*", status=401))


_LASTING: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("API_UNREACHABLE", "status", {"status": 500}),
    ("API_UNREACHABLE", "status", {"status": 503}),
    ("API_UNREACHABLE", "status", {"status": 503, "seconds": 1}),
    ("API_UNREACHABLE", "reset", {}),
    ("API_UNREACHABLE", "lost_answer", {}),
    ("API_UNREACHABLE", "slow", {"seconds": 20.0}),
    ("API_RATE_LIMITED", "status", {"status": 429}),
    ("API_RATE_LIMITED", "status", {"status": 429, "seconds": 1}),
    ("API_RATE_LIMITED", "status", {"status": 429, "seconds": 600}),
    ("API_BAD_RESPONSE", "not_json", {}),
    ("API_BAD_RESPONSE API_UNREACHABLE", "truncated", {}),
    ("API_FORBIDDEN", "status", {"status": 403}),
    ("API_UNAUTHORIZED", "status", {"status": 401}),
)
"""How an API misbehaves for ever: the code, the emulator's fault, and its details."""


_PASSING: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("status", {"status": 500}),
    ("status", {"status": 503}),
    ("status", {"status": 429}),
    ("status", {"status": 429, "seconds": 1}),
    ("reset", {}),
    ("not_json", {}),
    ("truncated", {}),
)
"""How an API misbehaves for a while."""


TRUTHS: Mapping[Truth, int] = {
    healthy: 12,
    healthy_signed: 3,
    healthy_after_retries: 4,
    healthy_with_a_custom_answer: 3,
    healthy_of_the_expected_release: 1,
    healthy_beside_old_failures: 3,
    healthy_within_the_failure_rate: 1,
    healthy_with_two_branches: 2,
    healthy_real_request: 2,
    healthy_but_for_an_advisory_stage: 1,
    healthy_although_the_answer_was_lost: 3,
    healthy_with_a_payload_sent_before: 2,
    healthy_although_the_api_was_away: 4,
    not_in_service: 3,
    payload_that_cannot_pass: 1,
    rules_that_drifted: 1,
    wrong_credentials: 2,
    records_of_another_team: 1,
    unknown_connection: 1,
    secret_not_given: 1,
    api_down: 3,
    api_behind_a_broken_line: 3,
    api_refuses_connections: 1,
    wrong_secret: 2,
    source_disabled_meanwhile: 1,
    source_unreachable: 2,
    source_behind_a_broken_line: 2,
    source_refuses_connections: 1,
    never_recorded: 2,
    branch_lost: 2,
    filtered_meanwhile: 2,
    duplicate_by_a_given_header: 1,
    destination_disabled_meanwhile: 1,
    held: 2,
    delivery_fails: 5,
    delivery_breaks: 3,
    delivery_only_after_a_retry: 2,
    delivery_pending: 2,
    delivery_slow: 2,
    delivery_of_another_release: 2,
    one_of_two_fails: 2,
    latest_input_stale: 2,
    metrics_lag: 2,
    failures_in_the_window: 2,
    api_breaks_at_a_stage: 6,
    service_down_half_way: 2,
    key_revoked_meanwhile: 1,
}
"""Every truth, with how often it comes up beside the others."""


def _give_secret(scene: Scene) -> None:
    scene.plot.env["FASTHOOK_SOURCE_SECRET"] = scene.route.secret


def _change(path: str, method: str = "PUT") -> Step:
    """A call of the API that changes something of the route."""

    def change(scene: Scene) -> None:
        scene.call(method, path.format(scene.route))

    return change


def _set_rules(scene: Scene, rules: list[dict[str, Any]]) -> None:
    scene.call("PUT", f"/connections/{CONNECTION}", {"rules": rules})


def _failures(count: int) -> Step:
    """Events of other people that have failed already."""

    def fail(scene: Scene) -> None:
        scene.emulator.receiver.script(*[500] * count)
        scene.post({"kind": "other"}, times=count)
        scene.emulator.settle()

    return fail


def _expect_release(plot: Plot, found: str) -> None:
    """The receiver answers with its release; the deploy is of ``f00d``."""
    table = f"[connections.{CONNECTION}.expect.response.body]"
    plot.files["fasthook.toml"] = f'{table}\nrelease = "${{GIT_SHA}}"\n'
    plot.env["GIT_SHA"] = "f00d"
    plot.body = json.dumps({"release": found}).encode()
