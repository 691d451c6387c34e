"""The chain of ids: request, event, attempts. Nothing is matched by time or by being the newest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from route_scene import (
    ABSENT,
    CONNECTION,
    DESTINATION,
    EVENT,
    NOON,
    PROBE,
    REQUEST,
    SOURCE,
    Scene,
    at,
    attempt,
    before,
    connection_json,
    destination_json,
    event,
    expectations,
    failed,
    refused,
    reply,
    request,
    source_json,
    unreachable,
)

from pytest_fasthook.evidence.expect import ServerClock
from pytest_fasthook.evidence.log import Ask, Question
from pytest_fasthook.judge import chain
from pytest_fasthook.probe.probe import Plan
from pytest_fasthook.settings.values import Match
from pytest_fasthook.stages import Stage

PAID = Match("body", ("type",), "paid")


def ids(question: Question) -> dict[str, str]:
    names = ("connection_id", "source_id", "destination_id", "request_id", "event_id", "probe_id")
    return {name: value for name in names if (value := getattr(question, name)) is not None}


class TestRoute:
    def test_nothing_is_known_before_the_connection_is(self) -> None:
        scene = Scene().connection(unreachable())

        assert chain.route(scene.evidence, scene.expect) is None

    def test_a_part_read_by_itself_says_more_than_the_embedded_one(self) -> None:
        scene = Scene().connection().source(source_json(name="apart"))
        scene.destination(destination_json(name="apart, too"))
        route = chain.route(scene.evidence, scene.expect)

        assert route is not None
        assert (route.source_name, route.destination_name) == ("apart", "apart, too")

    def test_an_embedded_part_stands_in_for_one_that_could_not_be_read(self) -> None:
        scene = Scene().connection().source(unreachable()).destination(refused(403))
        route = chain.route(scene.evidence, scene.expect)

        assert route is not None
        assert (route.source_name, route.destination_name) == ("orders", "shop")

    def test_a_url_that_was_given_takes_the_place_of_the_sources_own(self) -> None:
        given = Scene(expectations(plan=Plan(source_url="https://in.example/given"))).connection()
        plain = Scene().connection()
        ours, theirs = (chain.route(scene.evidence, scene.expect) for scene in (given, plain))

        assert ours is not None
        assert theirs is not None
        assert ours.source_url == "https://in.example/given"
        assert replace(ours, source_url=theirs.source_url) == theirs

    def test_the_ids_are_those_of_the_connection(self) -> None:
        scene = Scene().connection(connection_json())
        found = chain.connection(scene.evidence, scene.expect)

        assert found is not None
        assert ids(chain.connection_question(scene.expect)) == {"connection_id": CONNECTION}
        assert ids(chain.source_question(found)) == {"source_id": SOURCE}
        assert ids(chain.destination_question(found)) == {"destination_id": DESTINATION}

    @pytest.mark.parametrize(("status", "known"), [(403, True), (401, False), (404, False)])
    def test_a_route_that_may_not_be_read_is_known_by_the_url_that_was_given(
        self,
        status: int,
        known: bool,  # noqa: FBT001 - a column of the table
    ) -> None:
        plan = Plan(source_url="https://in.example/given")
        scene = Scene(expectations(plan=plan)).connection(refused(status))
        route = chain.route(scene.evidence, scene.expect)

        assert (route is not None) is known
        assert chain.unreadable(scene.evidence, scene.expect) is known


class TestRequest:
    def test_it_is_asked_for_by_the_id_that_ingress_answered(self) -> None:
        scene = Scene().connection().sent()
        question = chain.request_question(scene.evidence, scene.expect)

        assert question.ask is Ask.REQUEST
        assert ids(question) == {"source_id": SOURCE, "request_id": REQUEST, "probe_id": PROBE}

    @pytest.mark.parametrize("answer", [reply(request_id=None), unreachable("timeout")])
    def test_without_such_an_id_by_the_marker_alone(self, answer: object) -> None:
        scene = Scene().connection()
        scene.saw(chain.ingress_question(scene.expect), answer, when=100.0)

        question = chain.request_question(scene.evidence, scene.expect)
        assert ids(question) == {"source_id": SOURCE, "probe_id": PROBE}

    def test_it_is_looked_for_from_well_before_it_was_sent(self) -> None:
        scene = Scene().connection().sent()
        since = chain.request_question(scene.evidence, scene.expect).since

        assert since is not None
        assert since <= NOON - timedelta(seconds=30)

    @pytest.mark.parametrize("minutes", [-10, 10])
    def test_a_local_clock_that_is_off_does_not_hide_it(self, minutes: int) -> None:
        clock = ServerClock(date=NOON + timedelta(minutes=minutes), seen_at=100.0, measured=False)
        scene = Scene(expectations(sending=replace(expectations().sent, clock=clock))).connection().sent()
        since = chain.request_question(scene.evidence, scene.expect).since

        assert since is not None
        assert since <= NOON

    def test_the_newest_sight_of_it_counts(self) -> None:
        scene = before(Stage.INGRESS).request(request(status="pending")).request(request(), when=102.0)
        scene.request(None, when=103.0).request(unreachable(), when=104.0)

        found = chain.request(scene.evidence, scene.expect)
        assert found is not None
        assert found.status == "accepted"

    @pytest.mark.parametrize(
        ("changes", "moment"),
        [({}, 0.1), ({"ingested_at": ABSENT, "created_at": at(0.3)}, 0.3)],
        ids=["ingested", "created"],
    )
    def test_when_the_server_took_it_is_its_own_date(self, changes: dict[str, object], moment: float) -> None:
        scene = before(Stage.INGRESS).request(request(**changes))

        ingested = chain.ingested_at(scene.evidence, scene.expect)
        assert ingested == NOON + timedelta(seconds=moment)

    def test_in_wait_mode_it_is_the_first_real_one_that_matches(self) -> None:
        sending = replace(expectations().sent, probe=None, match=(PAID,))
        scene = Scene(expectations(sending=sending, waits=True)).connection()
        question = chain.request_question(scene.evidence, scene.expect)

        assert question.ask is Ask.AWAITED
        assert ids(question) == {"source_id": SOURCE}
        assert question.match == (PAID,)
        assert question.since == sending.window_start


class TestEvent:
    def test_it_is_asked_for_by_connection_and_request(self) -> None:
        scene = before(Stage.BRANCH)
        events = chain.events_question(scene.evidence, scene.expect)
        ignored = chain.ignored_question(scene.evidence, scene.expect)

        assert ids(events) == ids(ignored) == {"connection_id": CONNECTION, "request_id": REQUEST}

    def test_without_a_request_there_is_none_to_ask_for(self) -> None:
        scene = before(Stage.INGRESS)

        with pytest.raises(AssertionError):
            chain.events_question(scene.evidence, scene.expect)

    def test_its_newest_state_counts(self) -> None:
        scene = before(Stage.DELIVERY).events(event(status="SUCCESSFUL"), when=103.0)
        scene.events(when=104.0).events(unreachable(), when=105.0)

        found = chain.event(scene.evidence, scene.expect)
        assert found is not None
        assert found.status == "SUCCESSFUL"

    def test_its_states_are_told_in_order(self) -> None:
        scene = before(Stage.DELIVERY).events(event(status="SUCCESSFUL"), when=103.0)

        states = chain.event_states(scene.evidence, scene.expect)[EVENT]
        assert [(when, state.status) for when, state in states] == [(102.0, "QUEUED"), (103.0, "SUCCESSFUL")]

    def test_it_is_chosen_at_first_sight(self) -> None:
        older = event(id="evt_0", created_at=at(0))
        scene = before(Stage.DELIVERY).events(older, event(status="FAILED"), when=103.0)

        found = chain.event(scene.evidence, scene.expect)
        assert found is not None
        assert (found.id, found.status) == (EVENT, "FAILED")

    def test_the_oldest_is_chosen_that_is_not_cancelled(self) -> None:
        cancelled, one, two = event(id="evt_0", status="CANCELLED"), event(), event(id="evt_2")

        assert chain.branch_of((cancelled, one, two)) is one
        assert chain.branch_of((cancelled,)) is cancelled

    def test_before_any_was_seen_there_is_none(self) -> None:
        scene = before(Stage.BRANCH).events()

        assert chain.event(scene.evidence, scene.expect) is None


class TestAttempts:
    def test_they_are_asked_for_by_event(self) -> None:
        assert ids(chain.attempts_question(event())) == {"event_id": EVENT}

    def test_the_newest_look_that_was_answered_counts(self) -> None:
        scene = before(Stage.DELIVERY).attempts(failed()).attempts(failed(), attempt(), when=104.0)
        scene.attempts(unreachable(), when=105.0)

        found = chain.attempts(scene.evidence, event())
        assert [one.status for one in found] == ["FAILED", "SUCCESSFUL"]

    def test_before_any_look_there_are_none(self) -> None:
        assert chain.attempts(before(Stage.DELIVERY).evidence, event()) == ()


def test_the_latest_input_is_that_of_the_connection() -> None:
    assert ids(chain.latest_input_question(expectations())) == {"connection_id": CONNECTION}
