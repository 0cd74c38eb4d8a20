"""What the server answers when it does not do what was asked."""

from collections.abc import Mapping


class Refusal(Exception):
    """Becomes `{"error": <detail>}` with that status."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
