"""A short part of `make fuzz`, without the network."""

from itertools import islice

from tests.fuzz.__main__ import Fuzzer
from tests.fuzz.mutations import mutated


async def test_mutated_samples_end_as_media_or_as_one_sentence() -> None:
    fuzzer = Fuzzer()
    await fuzzer.run("mutated", ((f"file {n}", each) for n, each in enumerate(islice(mutated(1), 60))))
    fuzzer.close()
    assert fuzzer.faults == []
