"""Two messages made fresh with two tokens are never taken for duplicates, and go on passing the filter."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.rules.dedupe import Freshened, freshen, read_field
from pytest_fasthook.rules.fresh_values import fresh_values
from pytest_fasthook.rules.matching import evaluate
from pytest_fasthook.rules.message import ABSENT, Message
from pytest_fasthook.rules.model import Deduplicate, Filter
from pytest_fasthook.rules.places import value_at

INVOICE = Message(
    path="/hooks",
    query={"env": "test"},
    headers={"x-request": "r1", "content-type": "application/json"},
    body={
        "id": "evt_1",
        "type": "invoice.paid",
        "n": 7,
        "rate": 0.5,
        "live": False,
        "none": None,
        "uuid": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "at": "2026-05-29T10:00:00Z",
        "mail": "ann@example.org",
        "order": "1234567890",
        "data": {"id": "in_1"},
        "items": [{"id": 1}],
    },
)


TOKEN = "prb_1"


def fresh(*fields: str, message: Message = INVOICE, token: str = TOKEN, keep: Any = None) -> Freshened:
    rule = Deduplicate(include_fields=fields)
    return freshen(rule, message, token=token, keep=Filter(conditions=keep) if keep else None)


def body_value(found: Freshened, *keys: str) -> Any:
    return value_at(found.message, ("body", *keys))


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("body.id", ("body", "id")),
        ("body.data.id", ("body", "data", "id")),
        ("$.body.id", ("body", "id")),
        ("body.items[0].id", ("body", "items", "0", "id")),
        ("headers.X-Request", ("headers", "x-request")),
        ("query.env", ("query", "env")),
        ("query.Env", ("query", "Env")),
        ("body.Data.Id", ("body", "Data", "Id")),
        ("header.X-Request", ("headers", "x-request")),
        ("params.env", ("query", "env")),
        ("path", ("path",)),
        ("body", ("body",)),
        ("id", None),
        ("", None),
        ("body.", None),
        ("cookies.a", None),
    ],
)
def test_a_field_is_read_as_a_place(field: str, place: tuple[str, ...] | None) -> None:
    assert read_field(field) == place


def test_the_deciding_field_gets_a_fresh_value_and_nothing_else_changes() -> None:
    found = fresh("body.id")
    assert found.changed == ("body.id",)
    assert found.warning is None
    assert found.message.body == {**INVOICE.body, "id": "evt_1-prb_1"}
    assert INVOICE.body["id"] == "evt_1"


@pytest.mark.parametrize(
    "place",
    [
        ("body", "id"),
        ("body", "n"),
        ("body", "rate"),
        ("body", "none"),
        ("body", "uuid"),
        ("body", "at"),
        ("body", "mail"),
        ("body", "order"),
        ("body", "data"),
        ("body", "data", "id"),
        ("body", "items"),
        ("body", "items", "0", "id"),
        ("body", "new"),
        ("headers", "x-request"),
        ("headers", "x-new"),
        ("query", "env"),
        ("query", "new"),
    ],
)
def test_two_tokens_give_two_values_and_one_token_gives_one(place: tuple[str, ...]) -> None:
    field = ".".join(place)
    first, again, second = fresh(field), fresh(field), fresh(field, token="prb_2")
    values = [value_at(found.message, place) for found in (first, again, second)]
    assert values[0] == values[1]
    assert values[0] != values[2]
    assert value_at(INVOICE, place) not in values


@pytest.mark.parametrize(
    ("field", "kind"), [("id", str), ("n", int), ("rate", float), ("data", dict), ("items", list)]
)
def test_the_kind_of_a_value_stays(field: str, kind: type) -> None:
    assert type(body_value(fresh(f"body.{field}"), field)) is kind


def test_texts_of_a_form_keep_it() -> None:
    found = fresh("body.uuid", "body.at", "body.mail", "body.order")
    assert str(uuid.UUID(body_value(found, "uuid"))) == body_value(found, "uuid")
    assert re.fullmatch(r"2026-05-29T10:00:00\.\d{6}Z", body_value(found, "at"))
    assert body_value(found, "mail") == "ann+prb_1@example.org"
    assert body_value(found, "order").isdecimal()
    assert len(body_value(found, "order")) == 10


def test_a_missing_field_becomes_a_text() -> None:
    assert body_value(fresh("body.new.id"), "new", "id") == "prb_1"


def test_a_field_that_holds_the_token_is_fresh_already() -> None:
    message = Message(body={"id": "evt_prb_1"})
    found = fresh("body.id", message=message)
    assert found == Freshened(message=message)


def test_fields_that_say_what_kind_of_event_it_is_stay_where_another_one_is_fresh() -> None:
    found = fresh("body.type", "body.id")
    assert found.changed == ("body.id",)
    assert found.left == ("body.type (says what kind of event it is)",)
    assert body_value(found, "type") == "invoice.paid"


def test_such_a_field_changes_where_nothing_else_decides() -> None:
    assert fresh("body.type").changed == ("body.type",)


def test_a_field_that_the_filter_fixes_stays_and_the_others_change() -> None:
    found = fresh("body.n", "body.id", keep={"body": {"n": 7}})
    assert found.changed == ("body.id",)
    assert found.left == ("body.n (no fresh value fits)",)


def test_a_warning_says_when_every_field_is_fixed() -> None:
    found = fresh("body.n", "body.type", keep={"body": {"n": 7, "type": "invoice.paid"}})
    assert found.message == INVOICE
    assert found.changed == ()
    assert found.warning == (
        "no deciding field can have a fresh value: body.n (no fresh value fits), body.type (no fresh value fits)"
    )


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ({"startsWith": "evt_"}, "evt_1-prb_1"),
        ({"endsWith": "_1"}, "evt_1-prb_1"),
        ({"endsWith": "t_1"}, "prb_1-evt_1"),
        ({"startsWith": "ev", "endsWith": "t_1"}, "ev-prb_1-t_1"),
        ({"contains": "vt_"}, "evt_1-prb_1"),
    ],
)
def test_a_fresh_text_goes_on_passing_the_filter(condition: Any, value: str) -> None:
    assert body_value(fresh("body.id", keep={"body": {"id": condition}}), "id") == value


def test_a_fresh_number_stays_inside_the_filter_s_range() -> None:
    assert body_value(fresh("body.n", keep={"body": {"n": {"gte": 5}}}), "n") > 7
    assert body_value(fresh("body.n", keep={"body": {"n": {"lte": 10}}}), "n") < 7
    assert fresh("body.n", keep={"body": {"n": {"gte": 5, "lte": 10}}}).warning


def test_a_boolean_has_no_fresh_value() -> None:
    assert (
        fresh("body.live").warning
        == "no deciding field can have a fresh value: body.live (no fresh value fits)"
    )


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("path", "another path could be another endpoint"),
        ("headers.Content-Type", "another value would change how the request is read"),
        ("cookies.a", "not understood"),
    ],
)
def test_some_fields_are_never_changed(field: str, reason: str) -> None:
    found = fresh(field, "body.id")
    assert found.left == (f"{field} ({reason})",)
    assert found.warning is None
    assert fresh(field).warning == f"no deciding field can have a fresh value: {field} ({reason})"


@pytest.mark.parametrize(
    "name",
    [
        *("host", "content-type", "content-length", "content-encoding", "transfer-encoding", "connection"),
        *("authorization", "accept", "accept-encoding", "user-agent"),
    ],
)
def test_headers_that_say_how_to_read_the_request_or_whose_it_is_stay(name: str) -> None:
    assert fresh(f"headers.{name}").changed == ()
    assert fresh(f"headers.x-{name}").changed == (f"headers.x-{name}",)


@pytest.mark.parametrize(
    "name",
    [
        *("type", "event", "event_type", "eventType", "event_name", "topic", "action", "kind", "object"),
        *("status", "version", "api_version"),
    ],
)
def test_every_common_name_of_a_kind_is_known(name: str) -> None:
    assert fresh(f"body.data.{name}", "body.id").changed == ("body.id",)


def whole(*excluded: str, message: Message = INVOICE, keep: Any = None) -> Freshened:
    rule = Deduplicate(exclude_fields=excluded)
    return freshen(rule, message, token="prb_1", keep=Filter(conditions=keep) if keep else None)


@pytest.mark.parametrize(
    ("excluded", "changed"),
    [
        ((), ("body.id",)),
        (("body.id",), ("body.uuid",)),
        (("body.id", "body.uuid"), ("body.fasthook_probe",)),
        (("body",), ("query.fasthook_probe",)),
        (("body", "query"), ("headers.x-fasthook-dedupe",)),
    ],
)
def test_one_fresh_field_that_is_not_excluded_is_enough(
    excluded: tuple[str, ...], changed: tuple[str, ...]
) -> None:
    found = whole(*excluded)
    assert found.changed == changed
    assert found.warning is None


def test_everything_excluded_is_a_warning() -> None:
    why = "nothing can be made fresh: every field is excluded or fixed by the filter"
    assert whole("body", "query", "headers") == Freshened(message=INVOICE, warning=why)


def test_an_excluded_field_that_is_not_understood_is_a_warning() -> None:
    assert whole("$$").warning == "the excluded fields $$ are not understood"
    why = "the excluded fields $$, cookies.a are not understood"
    assert whole("$$", "body.id", "cookies.a") == Freshened(message=INVOICE, warning=why)


def test_a_whole_message_that_holds_the_token_is_fresh_already() -> None:
    message = Message(body={"probe": "prb_1"})
    assert whole(message=message) == Freshened(message=message)


def test_the_token_in_an_excluded_field_does_not_count() -> None:
    message = Message(body={"probe": "prb_1"})
    assert whole("body.probe", message=message).changed == ("body.fasthook_probe",)


def test_an_excluded_field_that_is_not_there_changes_nothing() -> None:
    assert whole("body.nothing").changed == ("body.id",)


def test_a_body_without_a_fresh_value_is_a_warning_where_it_decides() -> None:
    assert fresh("body", message=Message(body=True)).warning


def test_a_text_body_is_left_alone_where_the_query_will_do() -> None:
    message = Message(body="<order/>")
    assert whole(message=message).changed == ("query.fasthook_probe",)
    assert whole(message=message).message.body == "<order/>"


def test_a_target_that_decides_as_a_whole_gets_one_fresh_field() -> None:
    assert fresh("body").changed == ("body.id",)
    assert fresh("query").changed == ("query.fasthook_probe",)
    assert fresh("headers").changed == ("headers.x-fasthook-dedupe",)
    assert fresh("body", message=Message(body={})).message.body == {"fasthook_probe": TOKEN}
    assert fresh("query").message.query == {"env": "test", "fasthook_probe": TOKEN}
    assert fresh("headers").message.headers == {**INVOICE.headers, "x-fasthook-dedupe": TOKEN}
    assert fresh("body", message=Message(body="text")).message.body == "text-prb_1"


def test_a_filter_that_fixes_the_body_moves_the_change_elsewhere() -> None:
    found = whole(keep={"body": {"$eq": INVOICE.body}})
    assert found.changed == ("query.fasthook_probe",)


def test_a_message_that_fails_the_filter_anyway_is_made_fresh_all_the_same() -> None:
    assert fresh("body.id", keep={"body": {"id": "other"}}).changed == ("body.id",)


def test_a_filter_that_is_not_understood_forbids_nothing_that_it_does_not_deny() -> None:
    keep = {"body": {"type": {"$regex": "."}, "id": {"startsWith": "evt"}}}
    assert body_value(fresh("body.id", keep=keep), "id").startswith("evt")


def test_a_big_number_stays_exact_in_javascript() -> None:
    message = Message(body={"n": 2**53 - 1})
    assert body_value(fresh("body.n", message=message), "n") < 2**53 - 1


VALUES = st.recursive(
    st.none() | st.integers(-(2**60), 2**60) | st.floats(-1e6, 1e6) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(VALUES | st.just(ABSENT), st.uuids(), st.uuids())
def test_fresh_values_differ_from_the_old_one_and_between_tokens(value: Any, one: Any, two: Any) -> None:
    if one == two:
        return
    first, second = ([*fresh_values(value, token=f"prb_{token.hex}")] for token in (one, two))
    assert value not in first
    assert not any(mine == other for mine, other in zip(first, second, strict=False))


@given(
    st.lists(
        st.sampled_from(["body.id", "body.n", "body.type", "body.live", "path", "query.env"]), max_size=4
    ),
    st.sampled_from(
        [{"type": "invoice.paid"}, {"n": {"gte": 3}}, {"id": {"endsWith": "1"}}, {"id": "evt_1"}, {}]
    ),
)
def test_a_message_that_passed_the_filter_still_does(fields: list[str], condition: dict[str, Any]) -> None:
    found = fresh(*fields, keep={"body": condition})
    assert evaluate(Filter(conditions={"body": condition}), found.message).matched is True
