"""The route as the API describes it, and what is known where it says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import connection_json, route_of

from pytest_fasthook.client.models import Connection, Destination, Source
from pytest_fasthook.probe.route import Route, answers_for_itself, blind_route, read_route


def read(
    *, source: dict[str, Any] | None = None, destination: dict[str, Any] | None = None, **facts: Any
) -> Route:
    """A connection that embeds nothing, with parts that were read by themselves."""
    connection = Connection.model_validate({"id": "conn_1", **facts})
    return read_route(
        connection,
        source=Source.model_validate(source) if source else None,
        destination=Destination.model_validate(destination) if destination else None,
    )


def test_a_route_has_the_names_and_ids_of_its_parts() -> None:
    route = route_of()
    assert (route.connection_id, route.connection_name) == ("conn_orders", "orders-billing")
    assert (route.source_id, route.source_name, route.source_url) == (
        "src_orders",
        "orders",
        "https://hook-abc123.test/",
    )
    assert (route.destination_id, route.destination_name) == ("des_billing", "billing")


def test_what_has_no_name_is_called_by_its_id() -> None:
    route = read(source={"id": "src_1"}, destination={"id": "des_1"})
    assert (route.connection_name, route.source_name, route.destination_name) == ("conn_1", "src_1", "des_1")


def test_what_could_not_be_read_is_unknown() -> None:
    route = read()
    assert (route.source_name, route.destination_name) == ("unknown source", "unknown destination")
    assert (route.source_url, route.source_status, route.source_config) == (None, None, None)
    assert not route.source_disabled
    assert not route.destination_disabled


def test_the_ids_are_the_connections_own_even_without_the_parts() -> None:
    route = read(source_id="src_1", destination_id="des_1")
    assert (route.source_id, route.source_name) == ("src_1", "src_1")
    assert (route.destination_id, route.destination_name) == ("des_1", "des_1")


@pytest.mark.parametrize(
    ("facts", "disabled"),
    [
        ({}, False),
        ({"status": "enabled"}, False),
        ({"status": "disabled"}, True),
        ({"status": "DISABLED"}, True),
        ({"status": "enabled", "disabled_at": "2026-05-29T12:00:00Z"}, True),
        ({"status": "resting"}, False),
    ],
)
def test_a_part_is_disabled_by_its_status_or_its_date(facts: dict[str, Any], disabled: bool) -> None:  # noqa: FBT001 - a column of the table
    assert read(source={"id": "src_1", **facts}).source_disabled is disabled
    assert read(destination={"id": "des_1", **facts}).destination_disabled is disabled


def test_statuses_are_kept_as_they_are_in_lower_case() -> None:
    assert read(source={"id": "src_1", "status": "Resting"}).source_status == "resting"
    assert read(destination={"id": "des_1", "status": "Resting"}).destination_status == "resting"


def test_a_connection_is_disabled_or_paused_by_its_dates() -> None:
    route = route_of(disabled_at="2026-05-29T12:00:00Z", paused_at="2026-05-29T13:00:00Z")
    assert route.disabled_at is not None
    assert route.paused_at is not None
    assert route_of().disabled_at is None
    assert route_of().paused_at is None


def test_no_config_is_something_else_than_an_unknown_one() -> None:
    """Only with a known config can a route be said to be without auth."""
    assert read(source={"id": "src_1", "config": None}).source_config == {}
    assert read(source={"id": "src_1"}).source_config is None


@pytest.mark.parametrize(
    ("config", "auth_type"),
    [
        ({"auth_type": None}, None),
        ({"auth_type": "HMAC", "auth": {"signature_header": "x-sig"}}, "HMAC"),
        ({"auth_type": "BASIC_AUTH", "auth": {}}, "BASIC_AUTH"),
        ({"auth_type": "MTLS", "auth": {}}, "MTLS"),
        ({}, None),
    ],
)
def test_the_auth_is_what_the_config_names(config: dict[str, Any], auth_type: str | None) -> None:
    route = read(source={"id": "src_1", "config": config})
    assert (route.auth_type, route.has_auth) == (auth_type, auth_type is not None)


@pytest.mark.parametrize(
    ("methods", "allowed"),
    [(["post", "PUT"], ("POST", "PUT")), ([], ()), (None, ()), ("POST", ()), (["GET", None, ""], ("GET",))],
)
def test_allowed_methods_are_read_as_far_as_they_make_sense(methods: Any, allowed: tuple[str, ...]) -> None:
    assert route_of(config={"allowed_http_methods": methods}).allowed_methods == allowed


@pytest.mark.parametrize(
    ("config", "own"),
    [
        (None, False),
        ({}, False),
        ({"custom_response": None}, False),
        ({"custom_response": {"status": 418}}, True),
        ({"mode": "proxy"}, True),
        ({"mode": "webhook"}, False),
    ],
)
def test_a_source_with_an_answer_of_its_own_answers_for_itself(config: Any, own: bool) -> None:  # noqa: FBT001 - a column of the table
    assert answers_for_itself(config) is own


def test_rules_are_read_and_kept_raw() -> None:
    rules = [{"type": "filter", "body": {"a": 1}}, {"type": "delay", "delay": 5000}, {"type": "unheard-of"}]
    route = route_of(rules=rules)
    assert route.rules.filter is not None
    assert route.rules.delay_s == 5.0
    assert route.rules.not_understood
    assert list(route.raw_rules) == rules


def test_a_blind_route_knows_where_to_send_and_nothing_else() -> None:
    route = blind_route("conn_1", "https://hook-abc123.test/in")
    assert (route.source_url, route.source_id, route.team_id) == ("https://hook-abc123.test/in", None, None)
    assert (route.method, route.has_auth, route.rules.filter) == ("POST", False, None)


def test_every_json_of_a_connection_becomes_a_route() -> None:
    found = Connection.model_validate(connection_json("conn_1"))
    assert read_route(found, source=None, destination=None).connection_id == "conn_1"
