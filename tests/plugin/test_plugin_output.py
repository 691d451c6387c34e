"""What a person sees of a run: header, lines while it works, summary; and that quiet is quiet."""

from __future__ import annotations

import json

import pytest
from plugin_scene import STAGES, Scene, text_of

from standin import API_KEY, SOURCE_SECRET, TEAM, AttemptScript, BranchScript, RouteScript

pytest_plugins = ("pytester",)

BROKEN = RouteScript(attempts=(AttemptScript(status="FAILED", response_status=503),))


def test_the_header_shows_the_resolved_settings_and_no_secret(scene: Scene) -> None:
    scene.monkeypatch.setenv("FASTHOOK_SOURCE_SECRET", SOURCE_SECRET)
    result = scene.gate("--collect-only", "--fasthook-attempts=first")
    (where, how) = [line for line in result.outlines if line.startswith("fasthook: ")]
    for word in (scene.api_url, f"team {TEAM}", "(from FASTHOOK_TEAM_ID)", "1 connection(s): conn_orders"):
        assert word in where
    for word in ("mode send", "timeout 20s", "attempts first"):
        assert word in how
    for secret in (API_KEY, SOURCE_SECRET):
        assert secret not in text_of(result)


def test_no_header_is_no_header(scene: Scene) -> None:
    result = scene.gate("--collect-only", "--no-header")
    assert not [line for line in result.outlines if line.startswith("fasthook: ")]


def test_without_the_gate_nothing_is_said(scene: Scene) -> None:
    scene.file("test_a.py", "def test_a(): pass\n")
    result = scene.run()
    assert result.ret == 0
    assert not [line for line in result.outlines if "fasthook" in line.lower() and "plugins:" not in line]


def test_a_passing_run_is_summed_up(scene: Scene) -> None:
    with scene.serving():
        result = scene.gate()
    assert result.ret == 0
    result.assert_outcomes(passed=6)
    text = text_of(result)
    assert "PASS" in text
    assert "conn_orders" in text
    for stage in STAGES:
        assert stage in text
    assert API_KEY not in text


def test_a_failing_run_names_stage_code_ids_and_the_next_step(scene: Scene) -> None:
    with scene.serving(BROKEN) as standin:
        result = scene.gate("--fasthook-json=gate.json")
        (probe,) = standin.probes
    document = json.loads((scene.pytester.path / "gate.json").read_text())
    cause = document["connections"][0]["cause"]
    text = " ".join(text_of(result).split())
    assert result.ret == 1
    for word in (
        "FAIL",
        "delivery",
        "DELIVERY_FAILED",
        "503",
        str(probe.request_id),
        cause["next"].split(".")[0],
    ):
        assert word in text
    assert "--fasthook-json: wrote" in text


@pytest.mark.parametrize(
    "args", [("-q",), ("-qq",), ("-v",), ("-vv",), ("-s",), ("--color=yes",), ("--tb=no",)]
)
def test_whatever_the_verbosity_a_good_route_passes(args: tuple[str, ...], scene: Scene) -> None:
    with scene.serving() as standin:
        result = scene.gate(*args)
    assert (result.ret, len(standin.probes)) == (0, 1)
    assert "Traceback" not in text_of(result)


@pytest.mark.parametrize("route", [RouteScript(), BROKEN], ids=["good", "broken"])
def test_without_a_terminal_the_verdict_is_the_same_and_nothing_is_said(
    route: RouteScript, scene: Scene
) -> None:
    with scene.serving(route):
        result = scene.gate("-p", "no:terminal", "--fasthook-json=gate.json")
    document = json.loads((scene.pytester.path / "gate.json").read_text())
    assert result.ret == document["exit_code"] == (1 if route is BROKEN else 0)
    assert text_of(result) == ""


def test_a_wait_is_shown_while_it_lasts(scene: Scene) -> None:
    with scene.serving(RouteScript(branch=BranchScript(lag_s=2.0))):
        result = scene.gate()
    assert result.ret == 0
    assert "fasthook: waiting for branch of conn_orders" in text_of(result)


def test_a_quiet_run_shows_no_wait(scene: Scene) -> None:
    with scene.serving(RouteScript(branch=BranchScript(lag_s=2.0))):
        result = scene.gate("-q")
    assert result.ret == 0
    assert "waiting for" not in text_of(result)


def test_pytests_own_junit_file_shows_the_same_stages(scene: Scene) -> None:
    with scene.serving(BROKEN):
        scene.gate("--junitxml=pytest.xml")
    text = (scene.pytester.path / "pytest.xml").read_text()
    for stage in STAGES:
        assert f'classname="fasthook.conn_orders" name="{stage}"' in text
    assert text.count("<failure") == 1
    assert text.count("<skipped") == 2
