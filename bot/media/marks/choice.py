"""Marks that a result gets in its pixels."""

from dataclasses import dataclass

from bot.media.watermark.code import MarkCode


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks in the pixels of a result; the mark in its metadata is always there."""

    watermark: MarkCode | None = None
    label: bool = False
    videos: bool = True
    """Encode a video only to mark it. A video that has to be made smaller gets the marks in any case."""

    def __bool__(self) -> bool:
        return self.watermark is not None or self.label


NO_MARKS = Marks()
