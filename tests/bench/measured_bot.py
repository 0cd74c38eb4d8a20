"""The bot as `python -m bot` runs it, which writes to a file for how long anything held its event loop.

python -m tests.bench.measured_bot FILE run
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot.__main__ import main
from bot.ops import web
from bot.ops.loop_lag import measure_lag

_EVERY = 0.005
_WORTH_WRITING = 0.01


def run(file: str, arguments: Sequence[str]) -> int:
    with Path(file).open("a", buffering=1) as lines:

        def measured(on_lag: Callable[[float], None]) -> AbstractAsyncContextManager[object]:
            used = time.process_time()

            def record(lag: float) -> None:
                nonlocal used
                before, used = used, time.process_time()
                if lag > _WORTH_WRITING:
                    # On a busy machine, another program may have had the core for a part of the time.
                    lines.write(json.dumps([time.time(), lag, min(lag, used - before)]) + "\n")
                on_lag(lag)

            return measure_lag(record, every=_EVERY)

        web.measure_lag = measured
        return main(arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
