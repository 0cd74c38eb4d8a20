"""Exceptions of Segmind's API, as one tree (pure).

    SegmindError
    ├── Refused               Segmind did not accept the request: the hold can be released at once
    │   ├── BadParameters     400, 422: the body is invalid
    │   ├── KeyRejected       401, 403
    │   ├── OutOfCredits      402, 406: the operator's balance at Segmind, or an invalid value
    │   ├── ModelUnavailable  404, 410: unknown or retired model
    │   ├── RateLimited       429
    │   └── Unreachable       no connection: nothing was sent
    ├── OutcomeUnknown        Segmind may or may not have accepted: search the history, never submit again
    ├── Unavailable           a free request without a usable response after its retries
    ├── UnreadableResponse    a complete response that cannot be interpreted
    └── DownloadError
        ├── DownloadRefused   a URL that the bot does not request
        ├── DownloadFailed    a URL that did not deliver
        └── TooLargeDownload  more bytes than allowed

Requests about an accepted job (`status`, `result`, `find`, `history_record`) never raise `Refused`: a
rejected key or a rate limit becomes the `cause` of an `Unavailable`, lest a caller release the job's hold.
"""

import unicodedata

MAX_DETAIL = 500


def sanitize(text: str) -> str:
    """Make text from outside safe for logs and chat: one short line without control or direction marks."""
    spaced = "".join(
        " " if letter.isspace() else letter
        for letter in text[: 4 * MAX_DETAIL]
        if letter.isspace() or not unicodedata.category(letter).startswith("C")
    )
    line = " ".join(spaced.split())
    return line if len(line) <= MAX_DETAIL else line[: MAX_DETAIL - 1] + "…"


class SegmindError(Exception):
    """Base of all errors of the client. `detail` is a sanitized message, often Segmind's own, or empty."""

    def __init__(self, detail: str = "") -> None:
        self.detail = sanitize(detail)
        super().__init__(self.detail)


class Refused(SegmindError):
    """Segmind did not accept the request."""


class BadParameters(Refused):
    """The body is invalid; the detail says why."""


class KeyRejected(Refused):
    """The key is missing, wrong or not permitted to do this."""


class OutOfCredits(Refused):
    """No credits are left at Segmind. It sends the same code for some invalid values: see the detail."""


class ModelUnavailable(Refused):
    """The model is unknown to Segmind, or retired."""

    def __init__(self, slug: str, detail: str = "") -> None:
        super().__init__(detail)
        self.slug = slug


class RateLimited(Refused):
    """Too many requests; `resets_at` is a POSIX time if Segmind sent one."""

    def __init__(self, detail: str = "", resets_at: float | None = None) -> None:
        super().__init__(detail)
        self.resets_at = resets_at


class Unreachable(Refused):
    """No connection was made, so nothing was sent."""


class OutcomeUnknown(SegmindError):
    """The submission was sent, but no response says whether Segmind accepted it."""


class Unavailable(SegmindError):
    """No usable response to a free request. `transient` says whether a retry may help."""

    def __init__(self, detail: str = "", *, cause: Refused | None = None, transient: bool = True) -> None:
        super().__init__(detail or (cause.detail if cause else ""))
        self.cause = cause
        self.transient = transient


class UnreadableResponse(SegmindError):
    """The response is complete but cannot be interpreted."""


class DownloadError(SegmindError):
    """The file at a URL could not be downloaded."""


class DownloadRefused(DownloadError):
    """The bot does not request this URL, for example because it leads into a private network."""


class DownloadFailed(DownloadError):
    """The URL did not deliver a file.

    `transient` says whether a retry may help, and `server_works` whether its server is healthy all the same.
    """

    def __init__(self, detail: str = "", *, transient: bool = True, server_works: bool = False) -> None:
        super().__init__(detail)
        self.transient = transient
        self.server_works = server_works


class TooLargeDownload(DownloadError):
    """The file has more bytes than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit
