"""What can go wrong between here and Segmind, as one tree (pure).

    SegmindError
    ├── Refused               nothing was taken: a hold can be released at once
    │   ├── BadParameters     400, 422: the body was not liked
    │   ├── KeyRejected       401, 403
    │   ├── OutOfCredits      402, 406: of Segmind's credits, or a value that was rejected
    │   ├── ModelUnavailable  404, 410: no such model, or no more
    │   ├── RateLimited       429
    │   └── Unreachable       no connection came about: nothing was sent
    ├── OutcomeUnknown        a submission that may or may not have been taken: look it up, never repeat it
    ├── Unavailable           a question that stayed without an answer after its retries
    ├── UnreadableAnswer      an answer that came whole and makes no sense
    └── DownloadError
        ├── DownloadRefused   an address that is not asked
        ├── DownloadFailed    an address that did not deliver
        └── TooLargeDownload  more bytes than allowed

Asking about a job that was taken (`look`, `result`, `find`, `recall`) never raises `Refused`: a rejected key
or a rate limit is then the `cause` of an `Unavailable`, lest a caller take it for a job that cost nothing.
"""

import unicodedata

MAX_DETAIL = 500


def plain(text: str) -> str:
    """Foreign words made fit for a log and a chat: one line, no control or direction marks, not too long."""
    spaced = "".join(
        " " if letter.isspace() else letter
        for letter in text[: 4 * MAX_DETAIL]
        if letter.isspace() or not unicodedata.category(letter).startswith("C")
    )
    line = " ".join(spaced.split())
    return line if len(line) <= MAX_DETAIL else line[: MAX_DETAIL - 1] + "…"


class SegmindError(Exception):
    """The root. `detail` holds plain words, most often Segmind's own; it may be empty."""

    def __init__(self, detail: str = "") -> None:
        self.detail = plain(detail)
        super().__init__(self.detail)


class Refused(SegmindError):
    """Nothing was taken."""


class BadParameters(Refused):
    """Segmind does not like the body; the detail says why."""


class KeyRejected(Refused):
    """The key is missing, wrong or not allowed to do this."""


class OutOfCredits(Refused):
    """No credits are left at Segmind. A rejected value has been seen with the same code: the detail tells."""


class ModelUnavailable(Refused):
    """Segmind does not know this model, or has retired it."""

    def __init__(self, slug: str, detail: str = "") -> None:
        super().__init__(detail)
        self.slug = slug


class RateLimited(Refused):
    """Too many requests; `resets_at` is a POSIX time, where Segmind gave one."""

    def __init__(self, detail: str = "", resets_at: float | None = None) -> None:
        super().__init__(detail)
        self.resets_at = resets_at


class Unreachable(Refused):
    """There was no connection to send anything over."""


class OutcomeUnknown(SegmindError):
    """The submission was sent, and what became of it is not known."""


class Unavailable(SegmindError):
    """There was no answer to a question. `passing` says whether asking again later may help."""

    def __init__(self, detail: str = "", *, cause: Refused | None = None, passing: bool = True) -> None:
        super().__init__(detail or (cause.detail if cause else ""))
        self.cause = cause
        self.passing = passing


class UnreadableResponse(SegmindError):
    """The answer came, and there is nothing to be made of it."""


class DownloadError(SegmindError):
    """The bytes behind an address could not be had."""


class DownloadRefused(DownloadError):
    """The address is one that is not asked, such as one inside the own network."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = self.detail


class DownloadFailed(DownloadError):
    """The address was asked and did not deliver.

    `passing` says whether another try may help, and `answered` whether its server is in order all the same.
    """

    def __init__(self, detail: str = "", *, passing: bool = True, answered: bool = False) -> None:
        super().__init__(detail)
        self.passing = passing
        self.answered = answered


class TooLargeDownload(DownloadError):
    """There are more bytes than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit
