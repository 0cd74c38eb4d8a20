"""Jobs by the watermark or the fingerprint of a result."""

import sqlalchemy as sa

from bot.ledger.allowance import DAY
from bot.media.fingerprints import parse_hashes
from bot.media.types import DetectedMark
from bot.media.watermark.code import MarkCode
from bot.moderation.origin import Evidence, Origin
from bot.store.connection import Connection
from bot.store.tables import fingerprints, jobs

RESULT = "result"
"""Part of a job whose fingerprint is that of the result."""
# Results whose hashes are compared, newest first: more would keep the caller waiting.
_MOST_RESULTS = 20_000


async def find_origin(connection: Connection, mark: DetectedMark, distance: int) -> Origin | None:
    if mark.code is not None:
        return Origin(Evidence.WATERMARK, await job_of_code(connection, mark.code), mark.code.day)
    results = sa.select(fingerprints.c.job_id, fingerprints.c.looks).where(fingerprints.c.part == RESULT)
    same = results.where(fingerprints.c.exact == mark.fingerprint.exact).limit(1)
    if (row := (await connection.execute(same)).one_or_none()) is not None:
        return Origin(Evidence.BYTES, row[0])
    newest = results.order_by(fingerprints.c.at.desc()).limit(_MOST_RESULTS)
    for job_id, looks in await connection.execute(newest):
        if mark.fingerprint.resembles(parse_hashes(looks), distance):
            return Origin(Evidence.LIKENESS, job_id)
    return None


async def job_of_code(connection: Connection, code: MarkCode) -> str | None:
    """Find the job of a code among those of its day, by an index on the time."""
    day = sa.select(jobs.c.id).where(jobs.c.id >= _id_at(code.day), jobs.c.id < _id_at(code.day + DAY))
    for (job_id,) in await connection.execute(day):
        if code.belongs_to(job_id):
            return job_id
    return None


def _id_at(at: float) -> str:
    """First part of the ids of jobs that were ordered at this time."""
    return f"{int(at * 1000):011x}"
