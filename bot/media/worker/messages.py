"""Messages on the pipes between the bot and a media worker."""

import io
import pickle
import struct
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from enum import Enum, StrEnum
from typing import IO, Any

_SIZE = struct.Struct("<Q")


class Outcome(StrEnum):
    """Outcome of a call, with a value."""

    READY = "ready"
    RETURNED = "returned"
    RAISED = "raised"
    """The value is an exception of the bot's own."""
    FAILED = "failed"
    """The value is the stack of any other exception, without its message, which might quote a file."""


def call_of(operation: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> object:
    """Message that asks for a call. Files among the arguments go through the pipe without another copy."""
    wrapped = [pickle.PickleBuffer(each) if isinstance(each, bytes) else each for each in args]
    return operation, wrapped, kwargs


def write(pipe: IO[bytes], message: object) -> None:
    buffers: list[pickle.PickleBuffer] = []
    packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
    parts = [memoryview(packed), *(buffer.raw() for buffer in buffers)]
    pipe.write(_SIZE.pack(len(parts)) + b"".join(_SIZE.pack(part.nbytes) for part in parts))
    pipe.writelines(parts)
    pipe.flush()


def read(pipe: IO[bytes], on_sizes: Callable[[int], None] = lambda _: None) -> list[bytes]:
    """Read the parts of a message: the pickle and its buffers. `on_sizes` receives their sizes beforehand."""
    sizes = [_read_size(pipe) for _ in range(_read_size(pipe))]
    on_sizes(sum(sizes))
    return [_read_exactly(pipe, size) for size in sizes]


def load_call(parts: Sequence[bytes]) -> tuple[Callable[..., Any], Sequence[Any], dict[str, Any]]:
    """Unpack a message from the bot, which the child trusts."""
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301


def load_outcome(parts: Sequence[bytes]) -> tuple[Outcome, Any]:
    """Unpack a message from the child, which a hostile file may have taken over."""
    return _DataUnpickler(io.BytesIO(parts[0])).load()


class _DataUnpickler(pickle.Unpickler):
    """Unpickler of plain data and of the bot's own data classes, enumerations and exceptions."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name.startswith("bot."):
            found: Any = super().find_class(module_name, global_name)
            if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum | Exception)):
                return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no data")


def _read_size(pipe: IO[bytes]) -> int:
    (size,) = _SIZE.unpack(_read_exactly(pipe, _SIZE.size))
    return size


def _read_exactly(pipe: IO[bytes], size: int) -> bytes:
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content
