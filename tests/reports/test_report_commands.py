from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sample_documents as sample

from pytest_fasthook.causes import Cause
from pytest_fasthook.reports import html, json_report, junit, markdown
from pytest_fasthook.reports.commands import main

SAMPLES = sample.samples()
SOURCE = Path(__file__).parents[2] / "src"


def saved(folder: Path, document: dict[str, Any], name: str = "run.json") -> Path:
    path = folder / name
    path.write_bytes(json_report.render(document))
    return path


@pytest.mark.parametrize("name", ["pass", "cause_DELIVERY_FAILED", "many", "hostile"])
def test_every_report_is_made_again_from_a_saved_run(name: str, tmp_path: Path) -> None:
    run = saved(tmp_path, SAMPLES[name])
    out = tmp_path / "out"

    code = main(
        [
            "report",
            str(run),
            "--html",
            f"{out}/r.html",
            "--markdown",
            f"{out}/r.md",
            "--junit",
            f"{out}/r.xml",
        ]
    )

    assert code == 0
    assert (out / "r.html").read_text(encoding="utf-8") == html.render(SAMPLES[name])
    assert (out / "r.md").read_text(encoding="utf-8") == markdown.render(SAMPLES[name])
    hostname = os.uname().nodename if hasattr(os, "uname") else ""
    assert (out / "r.xml").read_bytes() == junit.render(SAMPLES[name], hostname=hostname)


def test_a_report_without_files_is_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(saved(tmp_path, SAMPLES["cause_DELIVERY_FAILED"]))]) == 0

    assert capsys.readouterr().out.startswith("FAIL  conn_1 failed at delivery: DELIVERY_FAILED")


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (None, 0),
        (Cause.DELIVERY_FAILED, 1),
        (Cause.API_UNREACHABLE, 69),
        (Cause.METRICS_LAG, 75),
        (Cause.API_FORBIDDEN, 77),
    ],
)
def test_merging_exits_with_the_merged_runs_code(cause: Cause | None, code: int, tmp_path: Path) -> None:
    second = (
        sample.broken_connection(cause, connection_id="conn_2")
        if cause
        else sample.passing_connection("conn_2")
    )
    files = [saved(tmp_path, SAMPLES["pass"], "a.json"), saved(tmp_path, sample.document(second), "b.json")]
    out = tmp_path / "deep" / "out.json"

    assert main(["merge", *map(str, files), "-o", str(out), "--junit", str(tmp_path / "out.xml")]) == code

    merged = json.loads(out.read_bytes())
    assert merged["exit_code"] == code
    assert [connection["connection_id"] for connection in merged["connections"]] == ["conn_1", "conn_2"]
    assert b'name="fasthook.conn_2"' in (tmp_path / "out.xml").read_bytes()


def test_a_merged_run_can_be_reported_on(tmp_path: Path) -> None:
    run, out = saved(tmp_path, SAMPLES["pass"]), tmp_path / "out.json"

    assert main(["merge", str(run), "-o", str(out)]) == 0
    assert main(["report", str(out), "--html", str(tmp_path / "r.html")]) == 0


def test_a_merge_may_replace_one_of_its_inputs(tmp_path: Path) -> None:
    run = saved(tmp_path, SAMPLES["pass"])

    assert main(["merge", str(run), "-o", str(run)]) == 0
    assert "merged_from" in json.loads(run.read_bytes())


LIE = SAMPLES["cause_DELIVERY_FAILED"] | {"verdict": "pass", "exit_code": 0}

BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not JSON in UTF-8: Expecting value"),
    "not JSON": (b"<xml/>", "is not JSON in UTF-8: Expecting value"),
    "not UTF-8": (b"\xff\xfe", "is not JSON in UTF-8: "),
    "too deep": (b"[" * 200_000, "is not JSON in UTF-8: "),
    "a list": (b"[]", "is not a report of this tool: report is a list, not an object"),
    "another object": (b"{}", "is not a report of this tool: report.schema_version is missing"),
    "a newer version": (
        b'{"schema_version": 2}',
        "is not a report of this tool: report.schema_version is 2, not 1",
    ),
    "a lie": (json.dumps(LIE).encode(), "contradicts itself: the run's verdict is pass, the worst of its"),
}


@pytest.mark.parametrize("command", ["report", "merge", "judge"])
@pytest.mark.parametrize("what", BAD_FILES)
def test_a_bad_file_is_one_line_and_exit_code_4(
    command: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, message = BAD_FILES[what]
    path = tmp_path / "bad.json"
    path.write_bytes(content)

    assert main([command, str(path)]) == 4

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("pytest_fasthook: ")
    assert f"bad.json {message}" in captured.err


def test_one_bad_file_among_good_ones_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.json"

    assert (
        main(["merge", str(saved(tmp_path, SAMPLES["pass"])), str(tmp_path / "none.json"), "-o", str(out)])
        == 4
    )
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "{missing}"], "missing.json: No such file or directory"),
        (["report", "{folder}"], "Is a directory"),
        (["report", "{run}", "--html", "{folder}"], "cannot be written: it is a folder"),
        (["report", "{run}", "--html", "{run}/r.html"], "run.json is not a folder"),
        (
            ["report", "{run}", "--html", "{folder}/r", "--junit", "{folder}/r"],
            "is already the file of --html",
        ),
    ],
)
def test_a_path_that_cannot_be_used_is_exit_code_4(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {
        "run": saved(tmp_path, SAMPLES["pass"]),
        "folder": tmp_path,
        "missing": tmp_path / "missing.json",
    }

    assert main([argument.format(**places) for argument in arguments]) == 4
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["report"], ["merge"], ["publish", "run.json"], ["report", "a", "--pdf", "b"]]
)
def test_wrong_options_are_exit_code_4(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)

    assert left.value.code == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_the_package_runs_as_a_command(tmp_path: Path) -> None:
    run = saved(tmp_path, SAMPLES["cause_METRICS_LAG"])

    done = subprocess.run(  # noqa: S603 - this interpreter, on a file of our own
        [sys.executable, "-m", "pytest_fasthook", "merge", str(run), "-o", str(tmp_path / "out.json")],
        env=os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (75, "")
    assert done.stdout.startswith("INCONCLUSIVE  conn_1 lacked evidence at metrics: METRICS_LAG")
    assert "####" in done.stdout
