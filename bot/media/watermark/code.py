"""Code of a job in its watermark: the day, and a hash of the job's id."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BITS = 36
_HASH_BITS = 24
# The first day of the codes, which last for eleven years.
_FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
_DAYS = 1 << (BITS - _HASH_BITS)


@dataclass(frozen=True, slots=True)
class MarkCode:
    """Code that a watermark carries."""

    bits: int

    @classmethod
    def of(cls, job_id: str, created_at: float) -> "MarkCode":
        day = (datetime.fromtimestamp(created_at, UTC) - _FIRST_DAY).days % _DAYS
        return cls(day << _HASH_BITS | _hash(job_id))

    @property
    def day(self) -> float:
        """Time at which the day of the order began, in UTC."""
        return (_FIRST_DAY + timedelta(days=self.bits >> _HASH_BITS)).timestamp()

    def belongs_to(self, job_id: str) -> bool:
        """Return whether a job of this day has this code; one in 16 million others has it, too."""
        return self.bits & ((1 << _HASH_BITS) - 1) == _hash(job_id)


def _hash(job_id: str) -> int:
    return int.from_bytes(hashlib.sha256(job_id.encode()).digest()[: _HASH_BITS // 8])
