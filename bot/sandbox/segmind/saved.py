"""State of a local Segmind that survives a restart: its requests and the files that it hosts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.sandbox.memory import Memory
from bot.sandbox.segmind.assets import Asset, Assets
from bot.sandbox.segmind.request_store import RequestStore
from bot.sandbox.segmind.requests import Completed, Failed, Inference, Order, Plan


@dataclass(frozen=True, slots=True)
class _SavedRequest:
    """A request without its progress: one that had not ended starts again, as on a restarted worker."""

    request_id: str
    slug: str
    origin: str
    body: Mapping[str, Any]
    order: Order
    plan: Plan
    submitted_at: float
    visible_at: float
    expires_at: float
    ended: Completed | Failed | None

    @classmethod
    def of(cls, inference: Inference) -> "_SavedRequest":
        return cls(
            inference.request_id,
            inference.slug,
            inference.origin,
            inference.body,
            inference.order,
            inference.plan,
            inference.submitted_at,
            inference.visible_at,
            inference.expires_at,
            inference.state if isinstance(inference.state, Completed | Failed) else None,
        )

    def restored(self) -> Inference:
        inference = Inference(
            self.request_id,
            self.slug,
            self.origin,
            self.body,
            self.order,
            self.plan,
            self.submitted_at,
            self.visible_at,
            self.expires_at,
        )
        if self.ended is not None:
            inference.end(self.ended)
        return inference


@dataclass(frozen=True, slots=True)
class _SavedFile:
    token: str
    media_type: str
    stored_at: float


@dataclass(frozen=True, slots=True)
class _Saved:
    port: int
    balance: float
    requests: list[_SavedRequest]
    uploads: list[_SavedFile]
    outputs: list[_SavedFile]


_ADAPTER = TypeAdapter(_Saved)


class SavedState:
    """Saves the state of a server to a folder, and restores it at the next start."""

    def __init__(self, folder: Path, store: RequestStore, uploads: Assets, outputs: Assets) -> None:
        self._memory = Memory(folder)
        self._store = store
        self._uploads = uploads
        self._outputs = outputs

    def restore(self) -> _Saved | None:
        document = self._memory.load()
        if document is None:
            return None
        try:
            saved = _ADAPTER.validate_json(document)
        except ValidationError:
            # Another version wrote it; the bot gives the credits of lost requests back.
            return None
        for files, assets in ((saved.uploads, self._uploads), (saved.outputs, self._outputs)):
            for file in files:
                if (content := self._memory.file(file.token)) is not None:
                    assets.add(file.token, Asset(content, file.media_type, file.stored_at))
        self._store.restore([each.restored() for each in saved.requests])
        return saved

    def save(self, port: int, balance: float) -> None:
        saved = _Saved(
            port,
            balance,
            [_SavedRequest.of(each) for each in self._store],
            _saved_files(self._uploads),
            _saved_files(self._outputs),
        )
        files = {token: asset.content for assets in (self._uploads, self._outputs) for token, asset in assets}
        self._memory.save(_ADAPTER.dump_json(saved), files)


def _saved_files(assets: Assets) -> list[_SavedFile]:
    return [_SavedFile(token, asset.media_type, asset.stored_at) for token, asset in assets]
