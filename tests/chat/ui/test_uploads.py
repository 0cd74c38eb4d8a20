"""Files for messages are freed as soon as they were sent."""

import gc
import weakref

from bot.chat.ui.uploads import upload


def test_a_file_is_freed_without_a_garbage_collection() -> None:
    file = upload(b"content", "a.png", "a picture")
    assert (file.filename, file.description, file.fp.read()) == ("a.png", "a picture", b"content")
    file.reset()
    # discord.py closes a file after each request, also after one that it repeats.
    file.fp.close()
    assert file.fp.read() == b"content"
    content = weakref.ref(file.fp)
    gc.disable()
    try:
        file.close()
        del file
        assert content() is None
    finally:
        gc.enable()
