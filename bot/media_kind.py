"""Kinds of files, apart from the models so that media workers, which open the files, load no pydantic."""

from enum import StrEnum


class MediaKind(StrEnum):
    """Kind of an uploaded file."""

    PICTURE = "picture"
    VIDEO = "video"
