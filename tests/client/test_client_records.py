"""How an answer becomes a record: what is required, what may be missing, and what an error says of it."""

from __future__ import annotations

import copy
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import Field, ValidationError

from pytest_fasthook.client.fields import Id, Measure, Text, WholeNumber
from pytest_fasthook.client.models import Attempt, Trace
from pytest_fasthook.client.records import Model, describe_error, read_records


class Wheel(Model):
    size: Measure = None


class Axle(Model):
    name: Id
    wheels: tuple[Wheel, ...]


class Cart(Model):
    name: Id
    colour: Text = None
    loads: WholeNumber = None
    letter: Any = Field(default=None, repr=False)
    front: Axle | None = None


AXLE = {"name": "front", "wheels": [{"size": 2}, {}]}
WHOLE = {"name": "cart", "colour": "red", "loads": 3, "letter": {"to": "hush"}, "front": AXLE}


def error_of(model: type[Model], answer: object) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(answer)
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(caught.value)
    return describe_error(caught.value)


def test_an_absent_field_reads_like_null_and_was_not_in_the_answer() -> None:
    nulls = dict.fromkeys(name for name in WHOLE if name != "name")
    absent, null = Cart.model_validate({"name": "cart"}), Cart.model_validate({"name": "cart", **nulls})

    assert absent == null
    assert (absent.colour, absent.loads, absent.front) == (None, None, None)
    assert absent.model_fields_set == {"name"}
    assert null.model_fields_set == set(WHOLE)


def test_a_field_that_cannot_be_read_was_in_the_answer() -> None:
    cart = Cart.model_validate({"name": "cart", "loads": "many"})

    assert cart.loads is None
    assert "loads" in cart.model_fields_set
    assert "colour" not in cart.model_fields_set


def test_unknown_fields_are_passed_over() -> None:
    answer = {"name": "cart", "wings": 2, "model_fields_set": [], "__class__": 1, "model_config": {}}
    cart = Cart.model_validate(answer)

    assert cart == Cart.model_validate({"name": "cart"})
    assert cart.model_fields_set == {"name"}
    assert not hasattr(cart, "wings")


@pytest.mark.parametrize(
    "answer", [None, "hush", b"hush", 5, True, [], [("name", "hush")], {"name"}, object()]
)
def test_what_is_no_object_is_no_record(answer: object) -> None:
    assert error_of(Cart, answer) == ("", "cannot be read")


def test_any_mapping_is_an_object() -> None:
    assert Cart.model_validate(MappingProxyType({"name": "cart"})) == Cart.model_validate({"name": "cart"})


@pytest.mark.parametrize("value", [None, "", 5, ["hush"]])
def test_a_required_field_that_cannot_be_read_is_named(value: object) -> None:
    assert error_of(Cart, {**WHOLE, "name": value}) == ("name", "cannot be read")


@pytest.mark.parametrize("value", ["hush", -1, 0.5, True, {}])
def test_an_optional_field_may_be_strict(value: object) -> None:
    assert error_of(Wheel, {"size": value}) == ("size", "cannot be read")
    assert Wheel.model_validate({"size": None}) == Wheel.model_validate({})


@pytest.mark.parametrize(
    ("axle", "path", "what"),
    [
        ("hush", "front", "cannot be read"),
        ({}, "front.name", "is missing"),
        ({"name": "a"}, "front.wheels", "is missing"),
        ({"name": "a", "wheels": None}, "front.wheels", "cannot be read"),
        ({"name": "a", "wheels": {"0": {}}}, "front.wheels", "cannot be read"),
        ({"name": "a", "wheels": [{}, "hush"]}, "front.wheels.1", "cannot be read"),
        ({"name": "a", "wheels": [{}, {}, {"size": "hush"}]}, "front.wheels.2.size", "cannot be read"),
    ],
)
def test_the_path_leads_to_a_nested_field(axle: object, path: str, what: str) -> None:
    assert error_of(Cart, {**WHOLE, "front": axle}) == (path, what)


def test_the_first_field_in_the_records_order_is_named() -> None:
    assert error_of(Axle, {"wheels": "hush"}) == ("name", "is missing")
    assert error_of(Axle, {"wheels": "hush", "name": "a"}) == ("wheels", "cannot be read")


def test_a_trace_leaves_out_what_cannot_be_read_and_an_array_of_required_records_does_not() -> None:
    attempts = [{"id": "att_1"}, {"id": ""}, None, {"id": "att_2"}]
    trace = Trace.model_validate({"request": {"id": "req_1"}, "attempts": attempts})

    assert trace.attempts == tuple(Attempt.model_validate({"id": name}) for name in ("att_1", "att_2"))
    assert error_of(Axle, {"name": "a", "wheels": [{"size": 1}, None]}) == ("wheels.1", "cannot be read")


def test_records_that_cannot_be_read_are_counted() -> None:
    records, unreadable = read_records(Wheel, iter([{"size": 1}, 3, {"size": -1}, {}]))

    assert records == (Wheel.model_validate({"size": 1}), Wheel.model_validate({}))
    assert unreadable == 2


@pytest.mark.parametrize("depth", [10, 100_000])
def test_deep_and_huge_values_of_open_fields_are_kept_as_they_are(depth: int) -> None:
    letter: list[Any] = []
    for _ in range(depth):
        letter = [letter]

    huge = {"name": "cart", "letter": letter, "colour": "x" * 1_000_000, "loads": 10**5_000}
    cart = Cart.model_validate(huge)

    assert cart.letter is letter
    assert len(cart.colour or "") == 1_000_000
    assert cart.loads == 10**5_000
    assert repr(Cart.model_validate({"name": "cart", "letter": letter})).startswith("Cart(name='cart'")


def test_a_record_does_not_change() -> None:
    cart = Cart.model_validate(WHOLE)

    with pytest.raises(ValidationError, match="frozen"):
        cart.name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        del cart.name
    assert cart == Cart.model_validate(WHOLE)


def test_a_repr_shows_all_but_what_is_hidden() -> None:
    shown = repr(Cart.model_validate(WHOLE))

    assert shown == (
        "Cart(name='cart', colour='red', loads=3, "
        "front=Axle(name='front', wheels=(Wheel(size=2), Wheel(size=None))))"
    )


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_has_the_same_fields(copied: Any) -> None:
    cart = Cart.model_validate({"name": "cart", "colour": "red"})

    assert copied(cart) == cart
    assert copied(cart).model_fields_set == cart.model_fields_set
