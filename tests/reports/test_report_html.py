from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest
import sample_documents as sample
from lxml import html as lxml_html

from pytest_fasthook.causes import Cause
from pytest_fasthook.reports.html import render
from pytest_fasthook.reports.metrics_chart import Point, chart
from pytest_fasthook.reports.next_steps import next_step
from pytest_fasthook.reports.waterfall import ticks
from pytest_fasthook.stages import Stage

SAMPLES = sample.samples()


def parsed(document: dict[str, Any]) -> Any:
    return lxml_html.document_fromstring(render(document))


def text(element: Any) -> str:
    return " ".join(element.text_content().split())


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_needs_nothing_but_itself(name: str) -> None:
    page = parsed(SAMPLES[name])

    assert page.xpath("//script | //link | //img | //iframe | //object | //embed | //base | //form") == []
    assert page.xpath("//@src | //@style | //@srcset | //@action") == []
    assert page.xpath("//@*[starts-with(name(), 'on')]") == []
    assert all(link.startswith("#c") for link in page.xpath("//@href"))
    assert not re.search(r"url\(|@import", page.xpath("string(//style)"))


def test_its_policy_forbids_scripts_and_everything_from_elsewhere() -> None:
    page = parsed(sample.document())
    digest = base64.b64encode(hashlib.sha256(page.xpath("string(//style)").encode()).digest()).decode()

    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'"


def test_the_verdict_comes_first() -> None:
    page = parsed(SAMPLES["cause_DELIVERY_FAILED"])

    assert text(page.xpath("//h1")[0]) == "✗ fail conn_1 failed at delivery: DELIVERY_FAILED"
    assert page.xpath("string(//title)") == "fail: conn_1 failed at delivery: DELIVERY_FAILED"
    assert page.get("lang") == "en"


def test_the_cause_says_what_next_and_gives_the_calls() -> None:
    document = SAMPLES["cause_DELIVERY_FAILED"]
    document["connections"][0]["cause"]["next"] = next_step(Cause.DELIVERY_FAILED, {"event_id": "evt_1"})

    (cause,) = parsed(document).xpath("//div[@class='cause']")

    said = [text(paragraph) for paragraph in cause.xpath("p")]
    assert said[:2] == ["delivery: DELIVERY_FAILED", "delivery of conn_1 ended with DELIVERY_FAILED"]
    assert said[2].startswith("Next: Mend the receiver")
    assert "\nfasthook events retry evt_1" in cause.xpath("string(pre)")


@pytest.mark.parametrize("cause", Cause)
def test_every_stage_is_listed_with_its_outcome_and_code(cause: Cause) -> None:
    document = sample.document(sample.broken_connection(cause))

    items = parsed(document).xpath("//ol[@class='stages']/li")

    expected = [
        (stage["stage"], stage["outcome"], stage["code"]) for stage in document["connections"][0]["stages"]
    ]
    for item, (stage, outcome, code) in zip(items, expected, strict=True):
        sign = {"passed": "✓", "failed": "✗", "error": "!", "inconclusive": "?", "blocked": "◦"}[outcome]
        assert text(item.xpath("p")[0]) == " ".join(filter(None, [sign, outcome, stage, code]))


def test_evidence_is_folded_but_for_the_deciding_stage() -> None:
    folded = parsed(SAMPLES["cause_DELIVERY_FAILED"]).xpath("//ol/li/details")

    titles = {text(details.xpath("summary")[0]): details.get("open") is not None for details in folded}
    assert titles == {
        "Evidence of preflight": False,
        "Evidence of ingress": False,
        "Evidence of branch": False,
        "Evidence of delivery": True,
    }
    assert "GET /attempts?event_id=evt_1 asked at 10:00:03.280Z" in text(folded[3])
    assert '"response_status": 503' in text(folded[3])


def test_an_answer_that_was_an_error_is_shown_as_one() -> None:
    document = sample.document()
    document["connections"][0]["stages"][0]["evidence"]["answers"] = [
        {"call": "GET /connections/conn_1", "error": "connection refused"}
    ]

    (answer,) = parsed(document).xpath("//ol/li[1]//div[@class='answer']")

    assert text(answer) == "GET /connections/conn_1connection refused"


@pytest.mark.parametrize(
    ("known", "heading"),
    [
        ({}, "GET /x"),
        ({"asked_at": sample.at(0.25)}, "GET /x asked at 10:00:00.250Z"),
        (
            {"asked_at": sample.at(0.25), "seen_at": sample.at(0.5)},
            "GET /x asked at 10:00:00.250Z, answered after 0.250 s",
        ),
    ],
)
def test_an_answer_says_when_it_was_asked_and_seen_as_far_as_that_is_known(
    known: dict[str, str], heading: str
) -> None:
    document = sample.document()
    document["connections"][0]["stages"][0]["evidence"]["answers"] = [
        {"call": "GET /x", "answer": {}} | known
    ]

    (call,) = parsed(document).xpath("//ol/li[1]//p[@class='call']")

    assert text(call) == heading


def test_stages_that_took_no_time_are_drawn_all_the_same() -> None:
    document = sample.document()
    for stage in document["connections"][0]["stages"]:
        stage.update(started_at=sample.at(0), duration_s=0.0)

    bars = parsed(document).xpath("//*[@class='waterfall']//rect[@class='bar']")

    assert [bar.get("width") for bar in bars] == ["100%"] * 6


def test_the_waterfall_draws_send_stages_polls_and_attempts() -> None:
    (drawing,) = parsed(sample.document()).xpath("//*[@class='waterfall']")

    labels = [text(label) for label in drawing.xpath(".//text[@class='name' or not(@class)]")]
    assert labels == [
        "preflight passed",
        "send",
        "ingress passed",
        "branch passed",
        "delivery passed",
        "attempt 1: 503",
        "attempt 2: 200, 2.00 s later",
        "latest_input passed",
        "metrics passed",
    ]
    assert len(drawing.xpath(".//rect[@class='bar']")) == 6
    assert len(drawing.xpath(".//line[@class='poll']")) == 7
    assert len(drawing.xpath(".//line[@class='lag']")) == 2
    (bar,) = drawing.xpath("(.//rect[@class='bar'])[4]")
    assert (bar.get("x"), bar.get("width")) == ("15.919%", "58.296%")


def test_the_waterfall_is_told_in_words_too() -> None:
    (drawing,) = parsed(SAMPLES["cause_DELIVERY_FAILED"]).xpath("//*[@class='waterfall']")
    ids = [drawing.get("aria-labelledby"), drawing.get("aria-describedby")]

    title, described = (text(drawing.xpath(f".//*[@id='{name}']")[0]) for name in ids)
    assert title == "Timeline of c0"
    assert "ingress passed from 200 ms for 420 ms; " in described
    assert described.endswith("latest_input blocked; metrics blocked")


def test_a_run_that_waited_shows_no_sending() -> None:
    assert parsed(sample.document(mode="wait")).xpath("//*[@class='sent']") == []


def test_a_blocked_stage_has_no_bar() -> None:
    rows = parsed(SAMPLES["cause_DELIVERY_FAILED"]).xpath("//*[@class='row blocked']")

    assert len(rows) == 2
    assert all(not row.xpath(".//rect[@class='bar']") for row in rows)


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (0, []),
        (0.05, [0, 0.01, 0.02, 0.03, 0.04, 0.05]),
        (4.46, [0, 1, 2, 3, 4]),
        (120, [0, 50, 100]),
    ],
)
def test_the_axis_has_few_round_places(total: float, expected: list[float]) -> None:
    assert ticks(total) == expected


def test_the_windows_metrics_are_drawn_and_said() -> None:
    page = parsed(sample.document())

    (drawing,) = page.xpath("//*[@class='chart']")
    heights = [bar.get("height") for bar in drawing.xpath(".//rect[@class='counted']")]
    assert heights == ["72.00", "24.00"]
    assert drawing.xpath(".//rect[@class='failed']") == []
    assert text(drawing.xpath("following-sibling::p")[0]).startswith("4 events, 0 of them failed, from 2026")


def test_failed_events_are_drawn_within_the_counted_ones() -> None:
    drawing = chart([Point(timestamp="t", count=4, failed=1)], name="c0")

    heights = {bar.get("class"): bar.get("height") for bar in drawing.iter("rect")}
    assert heights == {"counted": "72.00", "failed": "18.00"}


def test_a_long_series_is_added_up_to_columns_that_can_be_seen() -> None:
    points = [Point(timestamp=str(number), count=1, failed=0) for number in range(1000)]

    assert len(list(chart(points, name="c0").iter("rect"))) == 59


def test_a_series_of_zeros_is_an_empty_chart() -> None:
    assert list(chart([Point(timestamp="t", count=0, failed=0)], name="c0").iter("rect")) == []


@pytest.mark.parametrize("value", [None, [], "text", {"series": 7}, {"series": [7]}, {"series": []}])
def test_metrics_of_another_shape_are_not_drawn(value: object) -> None:
    document = sample.document()
    document["connections"][0]["stages"][5]["evidence"]["answers"] = [
        sample.answer("GET /metrics", 1.0, value)
    ]

    assert parsed(document).xpath("//*[@class='chart']") == []


def test_many_connections_start_with_an_overview_worst_first() -> None:
    page = parsed(SAMPLES["many"])

    rows = [text(row) for row in page.xpath("//tbody/tr")]
    assert rows[:4] == [
        "conn_5✗ faildelivery: DELIVERY_FAILED3.31 s",
        "conn_8! errorpreflight: API_UNAUTHORIZED120 ms",
        "conn_3? inconclusivemetrics: METRICS_LAG4.46 s",
        "conn_0✓ pass4.46 s",
    ]
    targets = page.xpath("//tbody//a/@href")
    assert [page.xpath(f"//h2[@id='{target[1:]}']") != [] for target in targets] == [True] * 12


def test_of_many_connections_those_that_passed_are_folded() -> None:
    sections = parsed(SAMPLES["many"]).xpath("//main/section/details[@class='connection']")

    assert [section.get("open") is not None for section in sections] == [True] * 3 + [False] * 9


def test_a_verdict_that_was_let_through_is_said_loudly() -> None:
    (note,) = parsed(SAMPLES["let_through"]).xpath("//header/p[@class='loud']")

    assert text(note).startswith("LET THROUGH: nothing proves that every route works")
    assert parsed(SAMPLES["cause_DELIVERY_PENDING"]).xpath("//p[@class='loud']") == []


def test_hostile_text_is_text() -> None:
    page = parsed(SAMPLES["hostile"])

    assert page.xpath("//b | //script") == []
    assert "<script>alert('x')</script>" in text(page.xpath("//h1")[0])
    assert len(page.xpath("//ol[@class='stages']/li")) == len(Stage)


def test_ids_of_the_page_are_its_own_and_unique() -> None:
    for name in ("many", "hostile"):
        ids = parsed(SAMPLES[name]).xpath("//@id")

        assert len(ids) == len(set(ids))
        assert all(re.fullmatch(r"[a-z0-9-]+", found) for found in ids)


def test_a_merged_report_says_of_how_many_runs() -> None:
    document = sample.document()
    part = {
        key: document[key] for key in ("verdict", "exit_code", "started_at", "finished_at", "api", "mode")
    }
    document["merged_from"] = [part | {"connections": ["conn_1"]}] * 2

    assert "merged from2 runs" in text(parsed(document).xpath("//header")[0])
