"""Error responses of the local Segmind."""

from collections.abc import Mapping


class ApiError(Exception):
    """Raised by a handler; the client receives `{"error": <detail>}` with this status."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
