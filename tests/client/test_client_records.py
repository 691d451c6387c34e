"""How an answer becomes a record: what is required, what may be missing, and what an error says of it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from types import MappingProxyType
from typing import Any

import pytest

from pytest_fasthook.client.fields import read_as_is, read_count, read_id, read_measure, read_text
from pytest_fasthook.client.records import (
    Answered,
    FieldError,
    every,
    or_null,
    read_by,
    read_records,
    readable,
)


class Wheel(Answered):
    size: int | None = read_by(read_measure)


class Axle(Answered):
    name: str = read_by(read_id, required=True)
    wheels: tuple[Wheel, ...] = read_by(every(Wheel), required=True)


class Cart(Answered):
    name: str = read_by(read_id, required=True)
    colour: str | None = read_by(read_text)
    loads: int | None = read_by(read_count)
    letter: Any = read_by(read_as_is, shown=False)
    spares: tuple[Wheel, ...] = read_by(readable(Wheel))
    front: Axle | None = read_by(or_null(Axle))


class Coach(Cart):
    seats: int | None = read_by(read_measure)
    colour: str | None = read_by(lambda value: value if value in {None, "red"} else "another")


AXLE = {"name": "front", "wheels": [{"size": 2}, {}]}
WHOLE = {"name": "cart", "colour": "red", "loads": 3, "letter": {"to": "hush"}, "spares": [{}], "front": AXLE}


def without(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


def error_of(model: type[Answered], answer: object) -> tuple[str, str]:
    with pytest.raises(FieldError) as caught:
        model(answer)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.path, caught.value.what


def test_every_field_is_read_by_its_reader() -> None:
    cart = Cart({**WHOLE, "colour": "\ud800", "loads": 3.0})

    assert (cart.name, cart.colour, cart.loads) == ("cart", "\\ud800", 3)
    assert cart.letter == {"to": "hush"}
    assert cart.front is not None
    assert [wheel.size for wheel in cart.front.wheels] == [2, None]


def test_an_absent_field_reads_like_null_and_is_not_told() -> None:
    absent, null = Cart({"name": "cart"}), Cart({"name": "cart", **dict.fromkeys(without("name", WHOLE))})

    assert absent == null
    assert (absent.colour, absent.spares, absent.front) == (None, (), None)
    assert set(absent.told) == {"name"}
    assert set(null.told) == set(WHOLE)


def test_a_field_that_cannot_be_read_but_is_there_was_told() -> None:
    cart = Cart({"name": "cart", "loads": "many"})

    assert cart.loads is None
    assert "loads" in cart.told
    assert "colour" not in cart.told


def test_unknown_fields_are_passed_over() -> None:
    cart = Cart({"name": "cart", "wings": 2, "told": [], "_fields": {}, "__class__": 1, 7: 8, None: 0})

    assert cart == Cart({"name": "cart"})
    assert set(cart.told) == {"name"}
    assert not hasattr(cart, "wings")


@pytest.mark.parametrize(
    "answer", [None, "hush", b"hush", 5, True, [], [("name", "hush")], {"name"}, object()]
)
def test_what_is_no_object_is_no_record(answer: object) -> None:
    assert error_of(Cart, answer) == ("", "cannot be read")


def test_any_mapping_is_an_object() -> None:
    assert Cart(MappingProxyType({"name": "cart"})) == Cart({"name": "cart"})


def test_a_record_is_no_answer() -> None:
    assert error_of(Cart, Cart(WHOLE)) == ("", "cannot be read")


def test_a_missing_required_field_is_named() -> None:
    assert error_of(Cart, without("name", WHOLE)) == ("name", "is missing")


@pytest.mark.parametrize("value", [None, "", 5, ["hush"]])
def test_a_required_field_that_cannot_be_read_is_named(value: object) -> None:
    assert error_of(Cart, {**WHOLE, "name": value}) == ("name", "cannot be read")


@pytest.mark.parametrize("value", ["hush", -1, 0.5, True, {}])
def test_an_optional_field_may_be_strict(value: object) -> None:
    assert error_of(Wheel, {"size": value}) == ("size", "cannot be read")
    assert Wheel({"size": None}) == Wheel({})


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


def test_an_error_says_which_field_and_what() -> None:
    with pytest.raises(FieldError, match=r"^front\.wheels\.0\.size cannot be read$"):
        Cart({"name": "a", "front": {"name": "b", "wheels": [{"size": "hush"}]}})
    with pytest.raises(FieldError, match=r"^the record cannot be read$"):
        Cart([])


def test_readable_leaves_out_what_cannot_be_read_and_every_does_not() -> None:
    wheels = [{"size": 1}, {"size": "?"}, None, {"size": 2}]

    assert [wheel.size for wheel in Cart({"name": "a", "spares": wheels}).spares] == [1, 2]
    assert error_of(Axle, {"name": "a", "wheels": wheels}) == ("wheels.1.size", "cannot be read")


def test_records_that_cannot_be_read_are_counted() -> None:
    records, unreadable = read_records(Wheel, iter([{"size": 1}, 3, {"size": -1}, {}]))

    assert records == (Wheel({"size": 1}), Wheel({}))
    assert unreadable == 2


def test_other_errors_of_a_reader_are_not_taken_for_unreadable_fields() -> None:
    def broken(value: object) -> int:
        return 1 // (value is None)

    class Broken(Answered):
        field: int = read_by(broken)

    with pytest.raises(ZeroDivisionError):
        Broken({"field": 1})


@pytest.mark.parametrize("depth", [10, 100_000])
def test_deep_and_huge_values_of_open_fields_are_kept_as_they_are(depth: int) -> None:
    letter: list[Any] = []
    for _ in range(depth):
        letter = [letter]

    cart = Cart({"name": "cart", "letter": letter, "colour": "x" * 1_000_000, "loads": 10**5_000})

    assert cart.letter is letter
    assert len(cart.colour or "") == 1_000_000
    assert cart.loads == 10**5_000
    assert repr(Cart({"name": "cart", "letter": letter})).startswith("Cart(name='cart'")


def test_a_model_has_the_fields_of_the_one_it_is_made_from() -> None:
    coach = Coach({"name": "coach", "seats": 4, "colour": "blue"})

    assert (coach.name, coach.seats, coach.colour) == ("coach", 4, "another")
    assert error_of(Coach, {"seats": 4}) == ("name", "is missing")
    assert error_of(Coach, {"name": "coach", "seats": "hush"}) == ("seats", "cannot be read")
    assert Cart({"name": "cart", "seats": "hush", "colour": "blue"}).colour == "blue"


def test_equal_records_say_the_same() -> None:
    cart = Cart({"name": "cart", "loads": 1})

    assert cart == Cart({"name": "cart", "loads": 1.0, "colour": None})
    assert hash(cart) == hash(Cart({"name": "cart", "loads": 1.0, "colour": None}))
    assert cart != Cart({"name": "cart", "loads": 2})
    assert cart != Coach({"name": "cart", "loads": 1})
    assert cart != {"name": "cart", "loads": 1}


def test_a_record_does_not_change() -> None:
    cart = Cart(WHOLE)

    for name in ("name", "wings", "told"):
        with pytest.raises(FrozenInstanceError):
            setattr(cart, name, "other")
        with pytest.raises(FrozenInstanceError):
            delattr(cart, name)
    assert cart == Cart(WHOLE)


def test_records_do_not_share_what_they_were_told() -> None:
    one, other = Cart({"name": "one", "loads": 1}), Cart({"name": "other"})

    assert (one.loads, other.loads) == (1, None)
    assert set(Cart({"name": "third"}).told) == set(other.told) == {"name"}


def test_a_repr_shows_all_but_what_is_hidden() -> None:
    assert repr(Wheel({"size": 2})) == "Wheel(size=2)"
    shown = repr(Cart(WHOLE))
    assert shown == (
        "Cart(name='cart', colour='red', loads=3, spares=(Wheel(size=None),), "
        "front=Axle(name='front', wheels=(Wheel(size=2), Wheel(size=None))))"
    )


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda cart: pickle.loads(pickle.dumps(cart))])  # noqa: S301 - our own
def test_a_copy_says_and_was_told_the_same(copied: Any) -> None:
    cart = Cart(without("loads", WHOLE))

    assert copied(cart) == cart
    assert set(copied(cart).told) == set(cart.told)
