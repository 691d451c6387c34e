"""A message made for a filter passes it for certain, and a contradiction is only claimed where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_fasthook.rules.matching import evaluate
from pytest_fasthook.rules.message import ABSENT, Message
from pytest_fasthook.rules.model import Filter
from pytest_fasthook.rules.places import value_at
from pytest_fasthook.rules.satisfying import NotUnderstood, Unsatisfiable, satisfy


def satisfied(message: Message | None = None, **targets: Any) -> Message:
    rule = Filter(conditions=targets)
    made = satisfy(rule, message or Message())
    assert evaluate(rule, made).matched is True
    return made


@pytest.mark.parametrize(
    ("condition", "body"),
    [
        ({"type": "order.failed"}, {"type": "order.failed"}),
        ({"data": {"total": {"gte": 100}}}, {"data": {"total": 100}}),
        ({"data": {"total": {"$gt": 5, "$lt": 7}}}, {"data": {"total": 6}}),
        ({"a": {"gt": 5, "lt": 6}}, {"a": 5.5}),
        ({"a": {"in": ["x", "y"]}}, {"a": "x"}),
        ({"a": {"in": ["x", "y"], "neq": "x"}}, {"a": "y"}),
        ({"a": {"startsWith": "ab", "endsWith": "bc"}}, {"a": "abc"}),
        ({"a": {"contains": "x", "startsWith": "ab"}}, {"a": "abx"}),
        ({"a": {"contains": "mid", "startsWith": "ab", "endsWith": "yz"}}, {"a": "abmidyz"}),
        ({"a": {"contains": "b", "endsWith": "bc"}}, {"a": "bc"}),
        ({"$and": [{"a": {"endsWith": "yz"}}, {"a": {"endsWith": "qyz"}}]}, {"a": "qyz"}),
        ({"a": {"gte": 5}}, {"a": 5}),
        ({"a": {"lte": 5}}, {"a": 5}),
        ({"a": {"lte": "m"}}, {"a": "m"}),
        ({"a": {"exists": True}}, {"a": "fasthook"}),
        ({"a": {"exists": False}}, {}),
        ({"$or": [{"a": 1}, {"b": 2}]}, {"a": 1}),
        ({"$or": [{"a": 1}, {"b": 2}], "a": 3}, {"a": 3, "b": 2}),
        ({"$and": [{"a": 1}, {"b": {"c": 2}}]}, {"a": 1, "b": {"c": 2}}),
        ({"a": {"not": {"gte": 5}}}, {"a": 4}),
        ({"$not": {"a": {"exists": True}}}, {}),
        ({"a": 1, "$not": {"a": 1, "b": {"c": 2}}}, {"a": 1, "b": {"c": 3}}),
        ({"$not": {"$or": [{"a": {"exists": True}}, {"b": {"exists": True}}]}}, {}),
        ({"tags": ["x", "y"]}, {"tags": ["x", "y"]}),
        ({"$and": [{"tags": "x"}, {"tags": "y"}]}, {"tags": ["x", "y"]}),
        ({"$and": [{"tags": "x"}, {"tags": {"contains": 5}}]}, {"tags": ["x", 5]}),
        ({"a": {"$eq": {"b": 1}}}, {"a": {"b": 1}}),
        ({"a": None}, {"a": None}),
        ({"ref": "refs/heads/main"}, {"ref": "refs/heads/main"}),
        ({"a": {}}, {"a": {}}),
        ("hello", "hello"),
        (["a", 1], ["a", 1]),
        ({"contains": "x"}, "x"),
    ],
)
def test_the_smallest_body_is_made(condition: Any, body: Any) -> None:
    assert satisfied(body=condition).body == body


@pytest.mark.parametrize(
    "condition",
    [
        {"gt": "2026-01-01"},
        {"lt": "2026-01-01"},
        {"gt": "2026-01-01", "lt": "2026-01-02"},
        {"gte": "2026-01-01T00:00:00Z", "startsWith": "2026-01-01"},
        {"lt": "b", "endsWith": "z"},
        {"gt": "m", "endsWith": "z"},
        {"gt": "99"},
        {"lt": "10"},
        {"gt": ""},
        {"not": {"gte": "b"}},
        {"contains": "a", "not": {"contains": "ab"}, "endsWith": "b"},
        {"contains": "a", "nin": ["a", "afasthook"]},
        {"neq": "fasthook", "not": {"startsWith": "f"}},
        {"not": {"contains": "fasthook"}, "neq": "a", "exists": True},
        {"gt": 0.1, "lt": 0.2, "neq": 0.15},
        {"gt": 1, "lt": 1.0000000000000004},
        {"gte": 5, "neq": 5},
        {"not": {"eq": True}},
        {"neq": None},
    ],
)
def test_values_between_and_beside_limits_are_found(condition: Any) -> None:
    satisfied(body={"a": condition})
    satisfied(query={"a": condition})


def test_all_four_targets_are_met_together() -> None:
    made = satisfied(
        headers={"X-Topic": {"$in": ["orders/create"]}},
        query={"env": "staging", "page": {"gte": 2}, "debug": True},
        path={"startsWith": "/hooks", "endsWith": ".json"},
        body={"id": {"exists": True}},
    )
    assert made.headers == {"x-topic": "orders/create"}
    assert made.query == {"env": "staging", "page": "2", "debug": "true"}
    assert made.path == "/hooks.json"


def test_a_repeated_query_parameter_is_made_for_a_list() -> None:
    assert satisfied(query={"tag": ["a", "b"]}).query == {"tag": ["a", "b"]}
    with pytest.raises(NotUnderstood):
        satisfied(query={"tag": ["a"]})


def test_all_headers_can_be_demanded_at_once() -> None:
    assert satisfied(headers={"$eq": {"x-a": "b"}}).headers == {"x-a": "b"}
    with pytest.raises(NotUnderstood):
        satisfied(headers={"$eq": {"x-a": " "}})
    with pytest.raises(NotUnderstood):
        satisfied(headers={"$eq": "x"})


def test_a_message_that_passes_is_left_as_it_is() -> None:
    given_message = Message(path="/x", headers={"a": "b"}, body={"type": "a", "more": [1, 2]})
    assert satisfied(given_message, path="/x", body={"type": {"in": ["b", "a"]}}) == given_message


def test_only_what_has_to_change_changes() -> None:
    given_message = Message(path="/x", headers={"a": "b"}, body={"type": "z", "more": [1, 2]})
    made = satisfied(given_message, body={"type": "a"})
    assert made == Message(path="/x", headers={"a": "b"}, body={"type": "a", "more": [1, 2]})


def test_nothing_of_the_given_message_is_changed_in_place() -> None:
    body = {"data": {"type": "z"}}
    satisfied(Message(body=body), body={"data": {"type": "a", "n": 1}})
    assert body == {"data": {"type": "z"}}


def test_a_field_that_must_not_be_there_is_removed() -> None:
    made = satisfied(Message(body={"a": 1, "b": 2}), body={"a": {"exists": False}})
    assert made.body == {"b": 2}


START = 'body.a must be startsWith "x" and startsWith "y"'
END = 'body.a must be endsWith "x" and endsWith "y"'


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        ({"body": {"a": {"eq": 5, "neq": 5}}}, "body.a must be 5, which another condition forbids"),
        ({"body": {"a": {"gt": 5, "lt": 3}}}, "body.a must be gt 5 and lt 3"),
        ({"body": {"a": {"gt": 5, "lte": 5}}}, "body.a must be gt 5 and lte 5"),
        ({"body": {"a": {"gte": 5, "lt": 5}}}, "body.a must be gte 5 and lt 5"),
        ({"body": {"a": {"in": ["x", "y"], "nin": ["x", "y"]}}}, 'body.a must be "x" or "y", which another'),
        (
            {"body": {"a": {"exists": False, "eq": 1}}},
            "body.a must be missing, which another condition forbids",
        ),
        ({"body": {"a": {"in": []}}}, "body.a must be one of no values"),
        ({"body": {"a": {"in": ["x"], "nin": ["x"]}}}, 'body.a must be "x"'),
        ({"body": {"a": {"startsWith": "x", "eq": "y"}}}, 'body.a must be "y"'),
        ({"body": {"$and": [{"a": {"startsWith": "x"}}, {"a": {"startsWith": "y"}}]}}, START),
        ({"body": {"$and": [{"a": {"endsWith": "x"}}, {"a": {"endsWith": "y"}}]}}, END),
        ({"body": {"$and": [{"a": 1}, {"a": {"exists": False}}]}}, "body.a must be"),
        ({"body": {"$and": [{"a": "x"}, {"a": {"b": 1}}]}}, "body.a cannot be both an object"),
        ({"headers": {"$and": [{"x": "a"}, {"X": "b"}]}}, 'headers.x must be "a"'),
        ({"path": {"$and": ["/a", "/b"]}}, 'path must be "/a"'),
        ({"headers": {"$and": [{"x": 5}, {"x": "6"}]}}, 'headers.x must be "5", which another'),
        ({"body": {"$or": [{"a": {"gt": 5, "lt": 3}}, {"b": {"eq": 1, "neq": 1}}]}}, "body.a must be gt 5"),
    ],
)
def test_a_filter_that_contradicts_itself_is_said_to(targets: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unsatisfiable) as caught:
        satisfied(**targets)
    assert reason in str(caught.value)


@pytest.mark.parametrize("ends", [{"gte": 5, "lte": "z"}, {"gte": "a", "lte": 5}, {"gt": "b", "lt": "a"}])
def test_ends_that_cannot_be_compared_for_certain_are_no_contradiction(ends: dict[str, Any]) -> None:
    """How the service orders a text and a number is its own affair."""
    with pytest.raises(NotUnderstood):
        satisfied(body={"a": ends})


@pytest.mark.parametrize(
    "targets",
    [
        {"body": {"a": {"eq": 5, "neq": 6}}},
        {"body": {"a": {"gte": 5, "lte": 5}}},
        {"body": {"a": {"gt": 3, "lt": 5}}},
        {"body": {"a": {"in": ["x", "y"], "nin": ["x"]}}},
        {"body": {"a": {"startsWith": "x", "eq": "xy"}}},
        {"body": {"$and": [{"a": {"startsWith": "x"}}, {"a": {"startsWith": "xy"}}]}},
        {"headers": {"$and": [{"x": "a"}, {"X": "a"}]}},
        {"path": {"contains": "orders"}},
        {"path": {"endsWith": "paid"}},
        {"body": {"$or": [{"a": {"gt": 5, "lt": 3}}, {"b": {"eq": 1}}]}},
    ],
)
def test_its_twin_without_the_contradiction_is_met(targets: dict[str, Any]) -> None:
    satisfied(**targets)


@pytest.mark.parametrize(
    ("targets", "best"),
    [
        ({"body": {"a": {"$regex": "^x"}, "b": 1}}, {"b": 1}),
        ({"body": {"a": {"regex": "^x"}, "b": 1}}, {"b": 1}),
        ({"body": {"a": {"startsWith": "5", "gte": 50}}}, {"a": 50}),
        ({"headers": {"host": "example.org"}}, None),
        ({"body": {"$and": [{"a": ["x"]}, {"a": ["y"]}]}}, None),
    ],
)
def test_what_is_not_understood_is_said_with_the_best_message_there_is(
    targets: dict[str, Any], best: Any
) -> None:
    with pytest.raises(NotUnderstood) as caught:
        satisfied(**targets)
    assert (caught.value.best.body if caught.value.best else None) == best


@pytest.mark.parametrize(
    "targets",
    [
        {"headers": {"host": "example.org"}},
        {"headers": {"content-length": "5"}},
        {"headers": {"x-a": "caf\u00e9"}},
        {"headers": {"x-a": " edge "}},
        {"headers": {"x-a": ""}},
        {"headers": {"x a": "b"}},
        {"headers": {"x-a": {"b": "c"}}},
        {"query": {"filter": {"a": "b"}}},
        {"path": "orders"},
        {"path": "/a?b"},
        {"path": "/a/../b"},
        {"path": "/a/./b"},
        {"path": {"a": "b"}},
        {"path": {"a": {"exists": False}}},
        {"query": {"filter": {"a": {"exists": False}}}},
    ],
)
def test_what_cannot_be_sent_as_it_is_is_not_made(targets: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood, match=r"no value that can be sent|is a text and has no fields"):
        satisfied(**targets)


def test_what_was_looked_for_is_told() -> None:
    with pytest.raises(NotUnderstood) as caught:
        satisfied(headers={"host": {"startsWith": "a", "$not": {"in": ["b"]}}})
    assert str(caught.value) == (
        'no value that can be sent was found for headers.host: startsWith "a", not in ["b"]'
    )


def test_an_unknown_key_of_the_rule_is_not_understood() -> None:
    with pytest.raises(NotUnderstood) as caught:
        satisfy(Filter(conditions={"body": {"a": 1}}, unknown=("negate",)), Message())
    assert caught.value.best == Message(body={"a": 1})


@pytest.mark.parametrize("plain_arrays", [True, False])
def test_very_many_alternatives_end_in_an_answer(plain_arrays: bool) -> None:  # noqa: FBT001 - a parameter
    alternatives = [{"$or": [{f"k{n}": {"eq": i, "neq": i}} for i in range(10)]} for n in range(10)]
    rule = Filter(conditions={"body": {"$and": alternatives}})
    with pytest.raises(NotUnderstood, match="none of the first 300 ways"):
        satisfy(rule, Message(), plain_arrays=plain_arrays)


@pytest.mark.parametrize("both", ["$and", "and"])
def test_of_two_things_that_may_not_both_be_there_one_goes(both: str) -> None:
    never = {"$not": {both: [{"a": {"exists": True}}, {"b": {"exists": True}}]}}
    made = satisfied(Message(body={"a": 1, "b": 2, "c": 3}), body=never)
    assert made.body == {"b": 2, "c": 3}


def test_of_two_things_of_which_none_may_be_there_both_go() -> None:
    never = {"$not": {"$or": [{"a": {"exists": True}}, {"b": {"exists": True}}]}}
    assert satisfied(Message(body={"a": 1, "b": 2, "c": 3}), body=never).body == {"c": 3}


def test_arrays_that_stand_for_several_scalars_can_be_ruled_out() -> None:
    rule = Filter(conditions={"body": {"$and": [{"a": "x"}, {"a": "y"}]}})
    assert satisfy(rule, Message()).body == {"a": ["x", "y"]}
    with pytest.raises(NotUnderstood):
        satisfy(rule, Message(), plain_arrays=False)


def test_very_many_alternatives_behind_a_not_end_in_an_answer() -> None:
    parts = [{"$and": [{f"k{n}{i}": 1} for i in range(10)]} for n in range(30)]
    satisfied(body={"$not": {"a": {"$or": parts}}})


# --- properties --------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c"])
TEXTS = st.text("ab1-", max_size=4)
NUMBERS = st.integers(-20, 20) | st.sampled_from([0.5, -2.25, 1e9])
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none()
LEAVES = st.one_of(
    SCALARS,
    st.builds(lambda name, value: {name: value}, st.sampled_from(["$eq", "neq", "eq", "$neq"]), SCALARS),
    st.builds(
        lambda name, value: {name: value}, st.sampled_from(["gt", "$gte", "lt", "$lte"]), NUMBERS | TEXTS
    ),
    st.builds(
        lambda name, value: {name: value}, st.sampled_from(["in", "$nin"]), st.lists(SCALARS, max_size=3)
    ),
    st.builds(
        lambda name, value: {name: value}, st.sampled_from(["startsWith", "$endsWith", "contains"]), TEXTS
    ),
    st.builds(lambda value: {"exists": value}, st.booleans()),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, min_size=1, max_size=3),
        st.builds(
            lambda name, parts: {name: parts},
            st.sampled_from(["$or", "or", "$and", "and"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda name, part: {name: part}, st.sampled_from(["$not", "not"]), inner),
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, CONDITIONS, min_size=1, max_size=3)
FLAT = st.dictionaries(KEYS, LEAVES, min_size=1, max_size=2)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "body": OBJECTS,
        "headers": FLAT,
        "query": FLAT,
        "path": st.sampled_from(["/a", {"startsWith": "/b"}]),
    },
).map(lambda conditions: Filter(conditions=conditions))
PAYLOADS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
TEXT_VALUES = st.text("ab1-", min_size=1, max_size=4)
MESSAGES = st.builds(
    Message,
    path=st.sampled_from(["/", "/a", "/bc"]),
    headers=st.dictionaries(KEYS, TEXT_VALUES, max_size=2),
    query=st.dictionaries(KEYS, TEXT_VALUES, max_size=2),
    body=st.none() | st.dictionaries(KEYS, PAYLOADS, max_size=3),
)


@given(FILTERS, MESSAGES)
def test_what_is_made_always_passes(rule: Filter, message: Message) -> None:
    try:
        made = satisfy(rule, message)
    except (Unsatisfiable, NotUnderstood):
        assume(False)
        return
    assert evaluate(rule, made).matched is True
    assert satisfy(rule, message) == made
    assert satisfy(rule, made) == made


@given(FILTERS, MESSAGES, MESSAGES)
def test_no_contradiction_is_claimed_where_some_message_passes(
    rule: Filter, message: Message, witness: Message
) -> None:
    assume(evaluate(rule, witness).matched is True)
    try:
        satisfy(rule, message)
    except Unsatisfiable as error:
        raise AssertionError(f"{witness} passes, and yet: {error}") from error
    except NotUnderstood:
        pass


@given(MESSAGES, MESSAGES, st.data())
def test_a_filter_made_from_a_message_can_always_be_met(
    witness: Message, message: Message, data: st.DataObject
) -> None:
    rule = Filter(conditions={"body": _about(witness.body or {}, data)})
    assume(evaluate(rule, witness).matched is True)
    assert evaluate(rule, satisfy(rule, message)).matched is True


def _about(body: Mapping[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Conditions that a body meets, drawn one per field; now and then behind an alternative that it does not."""
    conditions = {key: data.draw(_holding(value), label=key) for key, value in body.items()}
    if data.draw(st.booleans(), label="alternative"):
        return {"$or": [{"a": {"gt": 5, "lt": 3}}, conditions]}
    return conditions


def _holding(value: Any) -> st.SearchStrategy[Any]:
    options: list[Any] = [{"exists": True}, {"$not": {"eq": "other"}}, {"nin": ["other"]}, {"eq": value}]
    if isinstance(value, str):
        options += [value, {"startsWith": value[:2]}, {"endsWith": value[1:]}, {"contains": value[1:2]}]
        options += [{"gte": value}, {"in": ["zz", value]}, {"startsWith": value[:1], "endsWith": value[-1:]}]
    if isinstance(value, int | float) and not isinstance(value, bool):
        options += [{"gte": value}, {"gt": value - 1, "lt": value + 1}, {"lte": value, "neq": value + 5}]
    if isinstance(value, Mapping):
        options += [{key: {"exists": True} for key in value}, {"zz": {"exists": False}}]
    return st.sampled_from(options)


@given(FILTERS, MESSAGES)
def test_the_best_guess_is_never_one_that_certainly_fails(rule: Filter, message: Message) -> None:
    best = _best(rule, message)
    assert best is None or evaluate(rule, best).matched is None


def _best(rule: Filter, message: Message) -> Message | None:
    try:
        satisfy(rule, message)
    except NotUnderstood as error:
        return error.best
    except Unsatisfiable:
        return None
    return None


def test_absence_is_read_where_it_was_made() -> None:
    made = satisfied(Message(body={"a": {"b": 1}}), body={"a": {"b": {"exists": False}}})
    assert value_at(made, ("body", "a", "b")) is ABSENT
