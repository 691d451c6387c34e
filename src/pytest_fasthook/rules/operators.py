"""What each filter operator says about a value (FastHook documentation, filters).

``eq``, ``exists``, ``contains``, ``gte`` and ``in`` are documented; the others are inferred from filters of
the same form elsewhere. FastHook does not say how a text compares with a number, what a missing field means
to a negative operator, or whether a scalar matches an array that holds it. Where sensible readings differ
the answer is doubt (``None``), with two exceptions: a *plain* scalar matches an array that holds it, and a
number is compared with the number written in a header or query parameter, where only text can be.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytest_fasthook.rules.message import ABSENT
from pytest_fasthook.rules.ternary import Ternary, agreed, negated, some
from pytest_fasthook.rules.values import alike, is_number, is_scalar, number_in, same, text_of

PLAIN = "is"
"""The operator of a value that stands without one."""

LOGICAL = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator.

    Attributes:
        accepts: whether an expected value makes sense with it.
        says: its answer for (expected, actual); ``textual`` tells that the actual value can only be text.
    """

    accepts: Callable[[Any], bool]
    says: Callable[[Any, Any, bool], Ternary]


def answer(name: str, expected: Any, actual: Any, *, textual: bool) -> Ternary:
    """What the operator ``name`` says about ``actual``, which may be :data:`ABSENT`."""
    return OPERATORS[name].says(expected, actual, textual)


def _plain(expected: Any, actual: Any, textual: bool) -> Ternary:  # noqa: FBT001 - the table's signature
    if isinstance(expected, list):
        return _list(expected, actual)
    if isinstance(actual, list):
        return some(_equal(expected, item, textual) for item in actual)
    return _equal(expected, actual, textual)


def _list(expected: list[Any], actual: Any) -> Ternary:
    """A list equals itself; whether it also matches a longer list, or one of its items, is not documented."""
    if same(expected, actual):
        return True
    if isinstance(actual, list):
        covered = all(any(_may_be(wanted, item) for item in actual) for wanted in expected)
        return None if covered else False
    return None if any(_may_be(wanted, actual) for wanted in expected) else False


def _may_be(wanted: Any, actual: Any) -> bool:
    return alike(wanted, actual) if is_scalar(wanted) else type(wanted) is type(actual)


def _equal(expected: Any, actual: Any, textual: bool) -> Ternary:  # noqa: FBT001 - the table's signature
    if actual is ABSENT:
        return None if expected is None else False
    if same(expected, actual):
        return True
    if textual and is_scalar(expected) and isinstance(actual, str):
        return text_of(expected) == actual or (None if alike(expected, actual) else False)
    return None if _may_equal(expected, actual) else False


def _may_equal(expected: Any, actual: Any) -> bool:
    """Whether some reading of equality could hold: loose types, an array's item, part of an object."""
    if isinstance(actual, list) and is_scalar(expected):
        return any(alike(expected, item) for item in actual)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return all(key in actual for key in expected)
    if isinstance(expected, list):
        return _list(expected, actual) is None
    return is_scalar(actual) and alike(expected, actual)


def _unequal(expected: Any, actual: Any, textual: bool) -> Ternary:  # noqa: FBT001 - the table's signature
    return None if actual is ABSENT else negated(_equal(expected, actual, textual))


def _among(expected: list[Any], actual: Any, textual: bool) -> Ternary:  # noqa: FBT001 - the table's signature
    if isinstance(actual, list):
        return None if any(alike(wanted, item) for wanted in expected for item in actual) else False
    return some(_equal(wanted, actual, textual) for wanted in expected)


def _outside(expected: list[Any], actual: Any, textual: bool) -> Ternary:  # noqa: FBT001 - the table's signature
    return negated(_among(expected, actual, textual)) if actual is not ABSENT and is_scalar(actual) else None


def _exists(expected: bool, actual: Any, _textual: bool) -> Ternary:  # noqa: FBT001 - the table's signature
    if actual is None:
        return None
    return expected is (actual is not ABSENT)


def _ordered(
    test: Callable[[Any, Any], bool],
    expected: Any,
    actual: Any,
    textual: bool,  # noqa: FBT001 - the table's signature
) -> Ternary:
    if isinstance(actual, list):
        may_be = any(_ordered(test, expected, item, textual) is not False for item in actual)
        return None if may_be else False
    if actual is None or isinstance(actual, bool):
        return _odd_ordered(test, expected, actual)
    if isinstance(actual, str) and isinstance(expected, str):
        return _texts_ordered(test, expected, actual)
    return _numbers_ordered(
        test, expected, actual, certain=textual or is_number(expected) is is_number(actual)
    )


def _odd_ordered(test: Callable[[Any, Any], bool], expected: Any, actual: Any) -> Ternary:
    """Null and booleans count as 0 and 1 where anything is made of them."""
    limit = number_in(expected)
    return None if limit is not None and test(int(bool(actual)), limit) else False


def _texts_ordered(test: Callable[[Any, Any], bool], expected: str, actual: str) -> Ternary:
    """Texts are ordered as texts; where both are numbers, both ways must agree."""
    as_text = test(actual, expected)
    left, right = number_in(actual), number_in(expected)
    return as_text if left is None or right is None else agreed(as_text, test(left, right))


def _numbers_ordered(
    test: Callable[[Any, Any], bool], expected: Any, actual: Any, *, certain: bool
) -> Ternary:
    left, right = number_in(actual), number_in(expected)
    if left is None or right is None:
        return None if actual == "" or expected == "" else False
    return (True if certain else None) if test(left, right) else False


def _contains(expected: Any, actual: Any, textual: bool) -> Ternary:  # noqa: FBT001 - the table's signature
    if isinstance(actual, list) and any(same(expected, item) for item in actual):
        return True
    return _holds(operator.contains, expected, actual, textual)


def _holds(
    test: Callable[[str, str], bool],
    expected: Any,
    actual: Any,
    textual: bool,  # noqa: FBT001 - the table's signature
) -> Ternary:
    """An operator on texts."""
    wanted = text_of(expected)
    if isinstance(actual, str):
        return (True if textual or isinstance(expected, str) else None) if test(actual, wanted) else False
    return None if any(test(text, wanted) for text in _texts_in(actual)) else False


def _texts_in(actual: Any) -> list[str]:
    """Texts that a generous reading may look into."""
    if isinstance(actual, Mapping):
        return [str(key) for key in actual]
    if isinstance(actual, list):
        return [text_of(item) for item in actual if is_scalar(item)]
    return [] if actual is ABSENT else [text_of(actual)]


def _boolean(expected: Any) -> bool:
    return isinstance(expected, bool)


def _text(expected: Any) -> bool:
    return isinstance(expected, str)


def _orderable(expected: Any) -> bool:
    return isinstance(expected, str) or is_number(expected)


def _contained(expected: Any) -> bool:
    return is_scalar(expected) and expected is not None


def _choices(expected: Any) -> bool:
    return isinstance(expected, Sequence) and not isinstance(expected, str) and all(map(is_scalar, expected))


def _anything(_expected: Any) -> bool:
    return True


OPERATORS: Mapping[str, Operator] = {
    PLAIN: Operator(accepts=_anything, says=_plain),
    "eq": Operator(accepts=_anything, says=_equal),
    "neq": Operator(accepts=_anything, says=_unequal),
    "gt": Operator(accepts=_orderable, says=partial(_ordered, operator.gt)),
    "gte": Operator(accepts=_orderable, says=partial(_ordered, operator.ge)),
    "lt": Operator(accepts=_orderable, says=partial(_ordered, operator.lt)),
    "lte": Operator(accepts=_orderable, says=partial(_ordered, operator.le)),
    "in": Operator(accepts=_choices, says=_among),
    "nin": Operator(accepts=_choices, says=_outside),
    "contains": Operator(accepts=_contained, says=_contains),
    "startsWith": Operator(accepts=_text, says=partial(_holds, str.startswith)),
    "endsWith": Operator(accepts=_text, says=partial(_holds, str.endswith)),
    "exists": Operator(accepts=_boolean, says=_exists),
}

NAMES = (frozenset(OPERATORS) - {PLAIN}) | LOGICAL
"""Every operator's name, as it is written without the dollar sign."""
