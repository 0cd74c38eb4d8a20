"""A short part of `make fuzz`, without the network."""

from itertools import islice

from tests.fuzz.__main__ import Fuzzer
from tests.fuzz.mutations import mutated
from tests.fuzz.strings import OWN, faults_of


async def test_mutated_samples_end_as_media_or_as_one_sentence() -> None:
    fuzzer = Fuzzer()
    await fuzzer.run("mutated", ((f"file {n}", each) for n, each in enumerate(islice(mutated(1), 60))))
    fuzzer.close()
    assert fuzzer.faults == []


async def test_whatever_is_typed_is_answered_and_never_logged() -> None:
    assert await faults_of(OWN) == []
