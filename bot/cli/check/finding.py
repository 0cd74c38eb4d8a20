"""One row of the table of `doppel check`, and the table."""

from collections.abc import Sequence
from dataclasses import dataclass

OFFLINE = "cannot be reached: is this machine online?"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table."""

    subject: str
    good: bool
    words: str
    warns: bool = False
    """True if the operator should do something although the bot can run."""

    @property
    def mark(self) -> str:
        return "NO " if not self.good else "!  " if self.warns else "ok "


def table(findings: Sequence[Finding]) -> str:
    width = max(len(each.subject) for each in findings)
    return "\n".join(f"{each.mark} {each.subject:<{width}}  {each.words}" for each in findings)
