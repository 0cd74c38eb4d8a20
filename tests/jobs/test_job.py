"""States of a job and the transitions between them."""

import pytest

from bot.jobs.job import NEXT, State
from tests.jobs.orders import PLACE, job


def test_every_state_leads_to_a_settled_one() -> None:
    def ends(state: State, passed: frozenset[State] = frozenset()) -> bool:
        return state.settled or any(ends(after, passed | {state}) for after in NEXT[state] - passed)

    assert all(ends(state) for state in State)


def test_a_request_of_unknown_outcome_is_never_sent_again() -> None:
    assert State.SUBMITTING not in NEXT[State.UNKNOWN]
    assert State.HELD not in NEXT[State.UNKNOWN]


@pytest.mark.parametrize("state", [state for state in State if state.settled])
def test_a_settled_job_keeps_its_state(state: State) -> None:
    with pytest.raises(ValueError, match="does not go"):
        job(state=state).to(State.HELD)


def test_a_job_keeps_its_facts_as_it_moves() -> None:
    submitted = job(state=State.SUBMITTING).to(State.SUBMITTED, request_id="r1")
    assert submitted.to(State.READY, output="https://x/y.png").request_id == "r1"


def test_the_token_of_a_reply_is_not_in_its_repr() -> None:
    assert "token" not in repr(PLACE)
