"""Lists and cards call the end of a job by the reason that decided it."""

import pytest

from bot.chat.ui.states import JobState, state_of
from bot.jobs.job import Reason, State

KEPT_BACK = [reason for reason in Reason if reason.keeps_back]


@pytest.mark.parametrize("reason", KEPT_BACK)
def test_a_result_that_is_kept_back_is_not_called_completed(reason: Reason) -> None:
    assert state_of(State.DONE, reason) not in {JobState.DONE, JobState.FAILED}


def test_each_reason_for_keeping_a_result_back_has_a_state_of_its_own() -> None:
    # Both wait for a moderator; the card says why nobody can look at the second one.
    apart = [reason for reason in KEPT_BACK if reason is not Reason.UNHEARD]
    assert len({state_of(State.DONE, reason) for reason in apart}) == len(apart) > 3
    assert state_of(State.DONE, Reason.UNHEARD) is state_of(State.DONE, Reason.AWAITED)


def test_each_state_has_an_icon_of_its_own() -> None:
    assert len({state.icon for state in JobState}) == len(JobState)
