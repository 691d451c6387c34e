"""Saved runs as somebody may have bent them: every command makes its reports or says in one line why not.

How many are bent: ``FASTHOOK_FUZZ``, 100 by default.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
import sample_documents as sample
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_fasthook.causes import Cause
from pytest_fasthook.errors import SettingsError
from pytest_fasthook.reports.commands import main
from pytest_fasthook.settings.saved_run import SavedRun, read_saved_run

EXAMPLES = int(os.environ.get("FASTHOOK_FUZZ", "100"))
EXIT_CODES = {0, 1, 4, 69, 75, 77}
DEEP, HUGE = "@deep@", "@huge@"
RAW = {f'"{DEEP}"': "[" * 700 + "]" * 700, f'"{HUGE}"': "9" * 5_000}
SAMPLES = [
    sample.document(sample.passing_connection()),
    sample.document(sample.broken_connection(Cause.DELIVERY_FAILED)),
    sample.many_connections_document(10),
]
FOLDER = [HealthCheck.function_scoped_fixture]

ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=6)
    | st.sampled_from(
        [DEEP, HUGE, "", "pass", "fail", "wait", "9999-12-31T23:59:59Z", "2026-05-29T12:00:00+99:99"]
    )
)
VALUES = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def sending(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what resuming its run needs."""
    whole = copy.deepcopy(document)
    for one in whole["connections"]:
        one["sending"] = {
            "sent_at": "2026-05-29T12:00:00.000Z",
            "window_start": "2026-05-29T11:59:00.000Z",
            "body_sha256": "0" * 64,
        }
    return whole


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def bent(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The value with something else in one place."""
    if not path:
        return odd
    changed = value.copy()
    changed[path[0]] = bent(value[path[0]], path[1:], odd)
    return changed


def written(folder: Path, document: Any) -> Path:
    """The file of a document."""
    text = json.dumps(document)
    for mark, raw in RAW.items():
        text = text.replace(mark, raw)
    file = folder / "run.json"
    file.write_text(text, encoding="utf-8")
    return file


@st.composite
def saved(draw: st.DrawFn) -> Any:
    """A saved run with something odd in one place."""
    document = sending(draw(st.sampled_from(SAMPLES)))
    return bent(document, draw(st.sampled_from(places(document))), draw(VALUES))


def check_command(document: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Run the commands on a document, and check what they say and leave behind."""
    file, page = str(written(folder, document)), folder / "page.html"
    files = [f"--html={page}", f"--junit={folder / 'gate.xml'}", f"--markdown={folder / 'gate.md'}"]
    codes = {main([name, file, *files]) for name in ("report", "merge")}
    said = capsys.readouterr()
    assert codes <= EXIT_CODES
    assert "Traceback" not in said.err
    if codes == {4}:
        assert len(said.err.strip().splitlines()) == 2
        assert not page.exists()
    return max(codes)


@settings(max_examples=EXAMPLES, suppress_health_check=FOLDER)
@given(document=saved())
def test_reports_are_made_of_a_bent_run_or_it_is_refused(
    document: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in tmp_path.iterdir():
        file.unlink()
    check_command(document, tmp_path, capsys)


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_the_runs_that_were_not_bent_are_taken(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_command(sending(SAMPLES[number]), tmp_path, capsys) != 4
    assert read_saved_run(written(tmp_path, sending(SAMPLES[number])), "--fasthook-resume").probes


def resumed(file: Path) -> SavedRun | SettingsError:
    """What resuming would go on with, or why it does not."""
    try:
        return read_saved_run(file, "--fasthook-resume")
    except SettingsError as error:
        return error


@settings(max_examples=EXAMPLES, suppress_health_check=FOLDER)
@given(document=saved())
def test_a_bent_run_is_resumed_or_refused_in_one_line(document: Any, tmp_path: Path) -> None:
    run = resumed(written(tmp_path, document))
    if isinstance(run, SettingsError):
        assert str(run).startswith("--fasthook-resume: ")
        assert str(run).isprintable()
        return
    assert run.mode in {"send", "wait"}
    assert all(isinstance(text, str) for text in (run.api_url, run.team_id, *run.connections))
    for probe in run.probes.values():
        hash(probe)
        texts = (probe.source_id, probe.probe_id, probe.request_id, probe.body_sha256)
        assert all(isinstance(text, str | None) for text in texts)
        assert all(moment.tzinfo for moment in (probe.sent_at, probe.window_start))


@settings(max_examples=EXAMPLES, suppress_health_check=FOLDER)
@given(content=st.binary(max_size=200))
def test_a_file_of_any_bytes_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.json"
    file.write_bytes(content)
    assert main(["report", str(file)]) == 4
    with pytest.raises(SettingsError):
        read_saved_run(file, "--fasthook-resume")
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("place", ["evidence", "answers", "warnings", "api", "connections"])
def test_a_deep_value_anywhere_breaks_nothing(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON reads deeper values than Python walks through."""
    document = sending(SAMPLES[1])
    stage = document["connections"][0]["stages"][0]
    holders = {"evidence": stage["evidence"], "answers": stage["evidence"], "api": document["api"]}
    holder = holders.get(place, document if place == "connections" else document["connections"][0])
    holder[place] = DEEP
    check_command(document, tmp_path, capsys)


def test_a_mode_or_an_id_that_no_run_has_is_not_resumed(tmp_path: Path) -> None:
    """An unknown mode was taken for sending, and ids that are no texts broke the gate later."""
    for place, odd in (
        (("mode",), "teleport"),
        (("connections", 0, "connection_id"), "conn::1"),
        (("connections", 0, "ids", "request_id"), []),
        (("connections", 0, "probe_id"), 7),
        (("api", "url"), None),
    ):
        run = resumed(written(tmp_path, bent(sending(SAMPLES[0]), place, odd)))
        assert isinstance(run, SettingsError), place
