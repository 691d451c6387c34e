from __future__ import annotations

import shlex

import pytest

from pytest_fasthook.causes import Cause
from pytest_fasthook.reports.next_steps import next_step

IDS = {
    "connection_id": "conn_1",
    "source_id": "src_ab-1",
    "destination_id": "des_1",
    "request_id": "req_1",
    "event_id": "evt_1",
    "attempt_id": "att_1",
    "api_url": "https://api.fasthook.io/v1",
    "stage": "delivery",
}
WITHOUT_CALLS = {Cause.API_RATE_LIMITED, Cause.STAGE_NOT_RUN, Cause.INTERNAL_ERROR}


def calls(text: str) -> list[str]:
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]


def address(curl: str) -> str:
    return shlex.split(curl)[-1]


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words_and_calls_with_the_ids_filled_in(cause: Cause) -> None:
    words, *rest = next_step(cause, IDS).splitlines()

    assert words[0].isupper()
    assert words.endswith(".")
    assert len(words) < 300
    assert "{" not in words
    assert all(line.startswith(("# ", "$ curl -sS ", "$ fasthook ")) for line in rest)
    assert bool(rest) is (cause not in WITHOUT_CALLS)


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words_without_any_id(cause: Cause) -> None:
    for ids in ({}, dict.fromkeys(IDS)):
        text = next_step(cause, ids)

        assert "None" not in text
        assert not any(known in text for known in IDS.values() if known.endswith("_1"))


@pytest.mark.parametrize("cause", Cause)
def test_the_key_is_only_ever_named(cause: Cause) -> None:
    for curl in (call for call in calls(next_step(cause, IDS)) if call.startswith("curl")):
        assert CREDENTIALS in curl


@pytest.mark.parametrize("cause", Cause)
def test_each_curl_call_has_its_twin_for_the_cli(cause: Cause) -> None:
    programs = [call.split()[0] for call in calls(next_step(cause, IDS))]

    assert programs == ["curl", "fasthook"] * (len(programs) // 2)


@pytest.mark.parametrize("cause", Cause)
def test_the_cli_is_left_out_where_the_api_is_not_fasthooks_own(cause: Cause) -> None:
    """Such as the emulator: FastHook's CLI is not known to talk to other hosts."""
    for url in ("http://127.0.0.1:8080/v1", "https://fasthook.io.example/v1"):
        found = calls(next_step(cause, IDS | {"api_url": url}))

        assert all(call.startswith("curl ") and address(call).startswith(url) for call in found)


CREDENTIALS = '-H "Authorization: Bearer $FASTHOOK_API_KEY" -H "x-team-id: $FASTHOOK_TEAM_ID"'
API = IDS["api_url"]


def test_a_failed_delivery_is_looked_at_and_retried() -> None:
    assert next_step(Cause.DELIVERY_FAILED, IDS).splitlines() == [
        "Mend the receiver behind destination des_1, then deliver event evt_1 again and run the gate again.",
        "# see the attempts and what the receiver answered",
        f"$ curl -sS {CREDENTIALS} '{API}/attempts?event_id=evt_1'",
        "$ fasthook attempts list --event_id evt_1",
        "# deliver this one event again, by one of the two",
        f"$ curl -sS -X POST {CREDENTIALS} {API}/events/evt_1/retry",
        "$ fasthook events retry evt_1",
    ]


@pytest.mark.parametrize("cause", [Cause.CONNECTION_PAUSED, Cause.EVENT_HELD])
def test_a_paused_connection_is_unpaused(cause: Cause) -> None:
    found = calls(next_step(cause, IDS))

    assert "fasthook connections unpause conn_1" in found
    assert any("-X PUT" in call and address(call).endswith("/connections/conn_1/unpause") for call in found)


def test_a_call_whose_id_is_missing_is_left_out_and_the_others_stay() -> None:
    text = next_step(Cause.INGRESS_REJECTED, IDS | {"request_id": None})

    assert "/requests/" not in text
    assert "fasthook sources get src_ab-1" in text


def test_the_missing_secret_is_named_as_the_variable_of_its_source() -> None:
    assert "FASTHOOK_SOURCE_SECRET_SRC_AB_1 " in next_step(Cause.SOURCE_SECRET_MISSING, IDS)
    assert "FASTHOOK_SOURCE_SECRET (" in next_step(Cause.SOURCE_SECRET_MISSING, {})


def test_the_stage_that_did_not_run_is_named() -> None:
    assert next_step(Cause.STAGE_NOT_RUN, {"stage": "metrics"}).startswith("Run metrics as well")
    assert next_step(Cause.STAGE_NOT_RUN, {}).startswith("Run every stage as well")


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize(
    "hostile", ["x'; rm -rf /", "$(id)", "`id`", "a&b", "a\nb", "--config=x", "a b", "\ud800"]
)
def test_what_does_not_look_like_an_id_stays_out(cause: Cause, hostile: str) -> None:
    ids = {name: hostile for name in IDS if name.endswith("_id")} | {"api_url": IDS["api_url"]}

    assert next_step(cause, ids) == next_step(cause, {"api_url": IDS["api_url"]})


def test_an_address_is_one_word_for_the_shell() -> None:
    text = next_step(Cause.DELIVERY_FAILED, IDS | {"api_url": "http://127.0.0.1:1/a b'c"})

    assert address(calls(text)[-1]) == "http://127.0.0.1:1/a b'c/events/evt_1/retry"
