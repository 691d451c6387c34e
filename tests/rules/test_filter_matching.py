"""Matching a whole filter: all targets together, certain or left to the service."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.rules.matching import Match, Miss, evaluate, spoken
from pytest_fasthook.rules.message import ABSENT, Message
from pytest_fasthook.rules.model import Filter

ORDER = Message(
    path="/orders",
    query={"env": "staging", "page": "2", "tag": ["a", "b"]},
    headers={"x-shopify-topic": "orders/create", "content-type": "application/json"},
    body={
        "type": "order.failed",
        "data": {"total": 142, "note": None, "tags": ["new", "big"]},
        "items": [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}],
    },
)


def matched(message: Message = ORDER, **targets: Any) -> Match:
    return evaluate(Filter(conditions=targets), message)


@pytest.mark.parametrize(
    "targets",
    [
        {"body": {"type": "order.failed"}},
        {"body": {"data": {"total": {"gte": 100}}}},
        {"body": {"data": {"total": {"$gte": 100, "$lt": 200}}}},
        {"body": {"data": {"tags": "big"}}},
        {"body": {"data": {"tags": ["new", "big"]}}},
        {"body": {"data": {"tags": {"contains": "big"}}}},
        {"body": {"items": {"sku": "B"}}},
        {"body": {"items": {"sku": "B", "n": 2}}},
        {"body": {"missing": {"exists": False}}},
        {"body": {"missing": {"not": {"exists": True}}}},
        {"body": {"type": {"startsWith": "order."}}},
        {"body": {"type": {"not": {"in": ["a", "b"]}}}},
        {"body": {"$or": [{"type": "x"}, {"data": {"total": 142}}]}},
        {"body": {"$and": [{"type": {"contains": "order"}}, {"data": {"total": 142}}]}},
        {"body": {"$not": {"type": "x"}}},
        {"body": {}},
        {"headers": {"x-shopify-topic": {"$in": ["orders/create", "orders/paid"]}}},
        {"headers": {"X-Shopify-Topic": "orders/create"}},
        {"headers": {"x-other": {"exists": False}}},
        {"query": {"env": "staging"}},
        {"query": {"page": {"gte": 2}}},
        {"query": {"page": 2}},
        {"query": {"tag": "b"}},
        {"path": "/orders"},
        {"path": {"startsWith": "/ord"}},
        {"path": {"$or": ["/a", "/orders"]}},
        {"path": "/orders", "query": {"env": "staging"}, "body": {"type": "order.failed"}},
    ],
)
def test_a_message_that_meets_every_condition_passes(targets: dict[str, Any]) -> None:
    assert matched(**targets) == Match(matched=True)


@pytest.mark.parametrize(
    ("targets", "text"),
    [
        ({"body": {"type": "order.paid"}}, 'body.type is "order.failed", expected "order.paid"'),
        ({"body": {"data": {"total": {"gte": 200}}}}, "body.data.total is 142, expected gte 200"),
        ({"body": {"data": {"tax": {"gte": 1}}}}, "body.data.tax is missing, expected gte 1"),
        ({"body": {"type": {"exists": False}}}, 'body.type is "order.failed", expected exists false'),
        ({"body": {"type": {"a": 1}}}, "body.type.a is missing, expected 1"),
        ({"body": {"data": {"tags": "old"}}}, 'body.data.tags is ["new", "big"], expected "old"'),
        ({"body": {"items": {"sku": "C"}}}, 'body.items has no item among its 2 that matches {"sku": "C"}'),
        ({"body": {"$not": {"type": "order.failed"}}}, 'expected not {"type": "order.failed"}'),
        (
            {"body": {"type": {"$not": "order.failed"}}},
            'body.type is "order.failed", expected not "order.failed"',
        ),
        (
            {"body": {"$or": [{"type": "x"}, {"data": {"total": 1}}]}},
            'body meets none of 2 alternatives: body.type is "order.failed", expected "x"; body.data.total is',
        ),
        ({"headers": {"x-a": {"exists": True}}}, "headers.x-a is missing, expected exists true"),
        ({"query": {"page": {"gt": 2}}}, 'query.page is "2", expected gt 2'),
        ({"path": "/order"}, 'path is "/orders", expected "/order"'),
    ],
)
def test_a_miss_names_the_place_the_expected_and_the_actual_value(targets: dict[str, Any], text: str) -> None:
    found = matched(**targets)
    assert found.matched is False
    assert text in found.misses[0].text
    assert list(spoken(found)) == [miss.text for miss in found.misses]


@pytest.mark.parametrize(
    ("unwanted", "shown"),
    [
        ({"in": ["order.failed"]}, '{"in": ["order.failed"]}'),
        (
            {"$or": [{"$regex": "x"}, "order.failed"]},
            '{"or": ["$regex is not an operator that is understood", "order',
        ),
        ({"$and": [{"$not": "x"}, "order.failed"]}, '{"and": [{"not": "x"}, "order.failed"]}'),
    ],
)
def test_what_must_not_hold_is_shown_as_the_filter_says_it(unwanted: Any, shown: str) -> None:
    (miss,) = matched(body={"type": {"$not": unwanted}}).misses
    assert f"expected not {shown}" in miss.text


def test_a_miss_can_be_read_by_a_program() -> None:
    (miss,) = matched(body={"data": {"total": {"$gte": 200}}}).misses
    assert (miss.where, miss.operator, miss.expected, miss.actual) == ("body.data.total", "gte", 200, 142)


@pytest.mark.parametrize(
    ("condition", "miss"),
    [
        (
            {"type": {"$not": "order.failed"}},
            Miss(
                where="body.type",
                operator="not",
                expected="order.failed",
                actual="order.failed",
                text='body.type is "order.failed", expected not "order.failed"',
            ),
        ),
        (
            {"type": {"$or": ["a", "b"]}},
            Miss(
                where="body.type",
                operator="or",
                expected=(
                    'body.type is "order.failed", expected "a"',
                    'body.type is "order.failed", expected "b"',
                ),
                actual="order.failed",
                text='body.type meets none of 2 alternatives: body.type is "order.failed", expected "a"; '
                'body.type is "order.failed", expected "b"',
            ),
        ),
        (
            {"items": {"sku": "Z"}},
            Miss(
                where="body.items",
                operator="is",
                expected={"sku": "Z"},
                actual=ORDER.body["items"],
                text='body.items has no item among its 2 that matches {"sku": "Z"}',
            ),
        ),
    ],
)
def test_so_can_one_of_several_conditions(condition: dict[str, Any], miss: Miss) -> None:
    assert matched(body=condition).misses == (miss,)


def test_an_alternative_that_is_met_leaves_no_doubt() -> None:
    met = {"$or": [{"type": "order.failed"}, {"type": {"regex": "^x"}}]}
    assert matched(body=met) == Match(matched=True)

    unmet = {"$or": [{"type": "x"}, {"type": {"regex": "^x"}}]}
    assert matched(body=unmet).matched is None
    assert matched(body=unmet).doubts


def test_every_miss_is_told() -> None:
    found = matched(path="/x", body={"type": "x", "nope": 1})
    assert [miss.where for miss in found.misses] == ["body.type", "body.nope", "path"]
    assert found.misses[1].actual is ABSENT


@pytest.mark.parametrize(
    ("targets", "doubt"),
    [
        ({"body": {"type": {"$regex": "^o"}}}, "body.type: $regex is not an operator that is understood"),
        ({"body": {"type": {"regex": "^o"}}}, "regex may be an operator that is not known"),
        ({"body": {"data": {"total": "142"}}}, 'whether body.data.total with 142 matches "142"'),
        (
            {"body": {"data": {"note": {"exists": True}}}},
            "whether body.data.note with null matches exists true",
        ),
        ({"body": {"missing": {"neq": 1}}}, "whether body.missing with missing matches neq 1"),
        ({"body": {"missing": {"not": {"gte": 1}}}}, "whether a missing body.missing passes a not"),
        ({"body": {"missing": {"x": {"exists": False}}}}, "body.missing is missing, not an object"),
        ({"body": {"items": {"sku": "A", "n": 2}}}, "how its items are matched is not documented"),
        ({"body": {"items": {"0": {"sku": "B"}}}}, "how its items are matched is not documented"),
        ({"body": {"data.total": 142}}, "data.total could be one field of body or a path into it"),
        (
            {"body": {"or": [{"type": "x"}, {"type": "order.failed"}], "type": "order.failed"}},
            "can be read in two ways",
        ),
        ({"body": {"$or": [{"type": "x"}, {"type": {"$like": "o"}}]}}, "$like is not"),
    ],
)
def test_what_is_not_certain_is_left_to_the_service_with_the_reason(
    targets: dict[str, Any], doubt: str
) -> None:
    found = matched(**targets)
    assert found.matched is None
    assert doubt in found.doubts[0]
    assert list(spoken(found)) == list(found.doubts)


def test_a_certain_miss_beside_a_doubt_still_decides() -> None:
    assert matched(body={"type": {"$regex": "^o"}}, path="/x").matched is False


def test_an_unknown_key_of_the_rule_leaves_everything_open() -> None:
    rule = Filter(conditions={"path": "/x"}, unknown=("negate",))
    found = evaluate(rule, ORDER)
    assert found.matched is None
    assert found.doubts == ("the filter rule's key 'negate' is not understood",)


def test_a_field_named_like_an_operator_is_read_both_ways() -> None:
    """``{"status": {"in": "x"}}`` is met by a payload with such a field only where both readings agree."""
    nested = Message(body={"status": {"in": ["a"]}})
    assert matched(nested, body={"status": {"in": ["a"]}}).matched is None
    assert matched(nested, body={"status": {"in": ["b"]}}).matched is False
    assert matched(Message(body={"status": "a"}), body={"status": {"in": ["a"]}}).matched is True


def test_a_field_that_is_really_there_is_a_field_and_not_an_unknown_operator() -> None:
    message = Message(body={"rule": {"regex": "^a"}})
    assert matched(message, body={"rule": {"regex": "^a"}}).matched is True
    assert matched(message, body={"rule": {"regex": "^b"}}).matched is False


def test_header_names_of_the_message_are_not_told_apart_by_case() -> None:
    assert matched(Message(headers={"X-A": "1"}), headers={"x-a": "1"}).matched is True
    assert matched(Message(headers={"X-A": "1"}), headers={"x-b": "1"}).matched is False


@pytest.mark.parametrize("name", ["host", "Content-Length", "user-agent", "x-forwarded-for", "cf-ray"])
def test_a_header_that_is_added_on_the_way_is_not_missing_for_certain(name: str) -> None:
    for condition in ({"exists": True}, {"exists": False}, "x"):
        found = matched(headers={name: condition})
        assert found.matched is None
        assert found.doubts == (f"headers.{name.lower()} may be added on the way",)
    assert matched(Message(headers={name: "x"}), headers={name: "x"}).matched is True
    assert matched(Message(headers={name: "x"}), headers={name: "y"}).matched is False


def test_payload_names_are_told_apart_by_case() -> None:
    assert matched(Message(body={"A": 1}), body={"a": 1}).matched is False


@pytest.mark.parametrize("body", [None, "text", [], 5])
def test_a_body_that_is_no_object_has_no_fields(body: Any) -> None:
    assert matched(Message(body=body), body={"a": 1}).matched is False


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/xml", "multipart/form-data"])
def test_a_body_that_the_service_may_parse_itself_is_left_to_it(kind: str) -> None:
    message = Message(body="a=1", headers={"content-type": kind})
    assert matched(message, body={"a": "1"}).matched is None
    assert (
        matched(Message(body="a=1", headers={"content-type": "text/plain"}), body={"a": "1"}).matched is False
    )


def test_a_text_body_can_be_matched_as_text() -> None:
    assert matched(Message(body="hello world"), body={"contains": "world"}).matched is True
    assert matched(Message(body="hello"), body={"contains": "world"}).matched is False


def test_no_body_and_an_empty_condition_on_it_is_open() -> None:
    assert matched(Message(), body={"a": {"exists": False}}).matched is None
