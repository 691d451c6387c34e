from __future__ import annotations

import html
import re

import pytest
import sample_documents as sample
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_fasthook.causes import Cause
from pytest_fasthook.redact import clean, one_line
from pytest_fasthook.reports.markdown import CUT_NOTE, code, cut, escaped, render
from pytest_fasthook.reports.next_steps import next_step

SAMPLES = sample.samples()
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def seen(markdown: str) -> str:
    """What a reader sees: the text of the page, without its mark-up."""
    page = re.sub(r"<!--.*?-->", "", READER.render(markdown))
    return html.unescape(re.sub(r"<[^>]*>", "", page)).strip()


def test_a_pass_is_a_checklist_with_ids_latencies_and_window() -> None:
    text = render(sample.document())

    assert text.startswith("# FastHook gate: pass\n\n**conn_1 passed**\n")
    assert "- [x] **ingress**: request req_1 was accepted and verified (420 ms, 2 polls)\n" in text
    assert "(response status 200, attempts 2, latency s 2.41, 2.60 s, 4 polls)" in text
    window = f"window start {sample.at(-60)}, window end {sample.at(4.4)}"
    assert f"(count 4, failed count 0, failure rate 0.0, {window}, 1.10 s, 2 polls)" in text
    assert "request id `req_1`, event id `evt_1`, attempt ids `att_1, att_2`" in text
    assert "- warning: delivered on attempt 2 of 2" in text
    assert text.count("- [x]") == 6


@pytest.mark.parametrize("cause", Cause)
def test_only_stages_that_passed_are_ticked(cause: Cause) -> None:
    document = sample.document(sample.broken_connection(cause))
    passed = [stage for stage in document["connections"][0]["stages"] if stage["outcome"] == "passed"]

    text = render(document)

    assert text.count("- [x]") == len(passed)
    assert text.count("- [ ]") == 6 - len(passed)
    assert f"{cause.outcome}, `{cause}`" in text


def test_a_failure_gives_cause_next_step_and_calls_to_copy() -> None:
    document = sample.document(sample.broken_connection(Cause.DELIVERY_FAILED))
    document["connections"][0]["cause"]["next"] = next_step(Cause.DELIVERY_FAILED, {"event_id": "evt_1"})

    text = render(document)

    assert "**Cause:** delivery of conn_1 ended with DELIVERY_FAILED\n" in text
    assert "**Next:** Mend the receiver behind the destination, then deliver event evt_1 again" in text
    assert "```sh\n# see the attempts and what the receiver answered\ncurl -sS " in text
    assert "\nfasthook events retry evt_1\n```\n" in text


def test_an_advisory_stage_that_did_not_pass_is_not_ticked_and_named() -> None:
    assert "- [ ] **metrics** inconclusive, `METRICS_LAG` (advisory): " in render(sample.advisory_document())


def test_a_verdict_that_was_let_through_is_said_at_the_top() -> None:
    lines = render(sample.let_through_document()).splitlines()

    assert lines[0] == "# FastHook gate: inconclusive"
    assert lines[2].startswith("> **LET THROUGH: ")
    assert "exit code 0" in "\n".join(lines[:8])


def test_many_connections_start_with_a_table_worst_first() -> None:
    rows = [
        line for line in render(sample.many_connections_document()).splitlines() if line.startswith("| `")
    ]

    assert rows[:4] == [
        "| `conn_5` | fail | delivery | `DELIVERY_FAILED` |",
        "| `conn_8` | error | preflight | `API_UNAUTHORIZED` |",
        "| `conn_3` | inconclusive | metrics | `METRICS_LAG` |",
        "| `conn_0` | pass |  |  |",
    ]
    assert len(rows) == 12


@pytest.mark.parametrize("name", SAMPLES)
def test_no_text_from_outside_becomes_markup(name: str) -> None:
    page = READER.render(render(SAMPLES[name]))

    assert not re.search(r"<(script|b|a|img|del)\b", page)
    assert page.count("<h1>") == 1


ONE_LINE = st.text(st.characters(exclude_categories=()), max_size=60).map(lambda text: one_line(clean(text)))
SIGNS = st.text(" \\`*_[]()<>|~$#+-!@&ab:./", max_size=40).map(lambda text: one_line(clean(text)))


@settings(deadline=None)
@given(text=ONE_LINE | SIGNS)
def test_escaped_text_is_seen_as_it_is(text: str) -> None:
    assert seen(f"- [x] **stage**: {escaped(text)}") == f"[x] stage: {text}".strip()


@settings(deadline=None)
@given(text=(ONE_LINE | SIGNS).filter(str.strip))
def test_a_code_span_holds_any_text(text: str) -> None:
    page = READER.render(f"id {code(text)}")

    assert page == f"<p>id <code>{html.escape(text, quote=False).replace(chr(34), '&quot;')}</code></p>\n"


def test_nobody_is_mentioned() -> None:
    assert escaped("ask @team") == "ask @<!-- -->team"


def test_what_fits_is_not_cut() -> None:
    assert cut("short\n", limit=6) == "short\n"


def test_a_cut_keeps_whole_lines_within_the_limit_and_says_so() -> None:
    text = "".join(f"line {number} ö\n" for number in range(1000))

    short = cut(text, limit=500)

    assert len(short.encode()) <= 500
    assert short.endswith(CUT_NOTE)
    assert all(line in text for line in short.removesuffix(CUT_NOTE).splitlines(keepends=True))


def test_a_cut_inside_a_code_block_closes_it() -> None:
    text = "````sh\n" + "curl\n" * 1000

    short = cut(text, limit=500)

    assert f"````\n{CUT_NOTE}" in short
    assert "<em>The rest is cut" in READER.render(short)


def test_a_run_over_very_many_connections_fits_a_step_summary_and_starts_with_the_failures() -> None:
    text = render(sample.many_connections_document(count=1200))
    assert len(text.encode()) > 1_000_000

    short = cut(text)

    assert len(short.encode()) < 1024 * 1024
    assert "## conn_5 failed at delivery: DELIVERY_FAILED" in short
