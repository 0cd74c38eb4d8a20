"""Pictures and videos as bytes: what they are, how they are marked, how they are made to fit.

Everything here is synchronous and works on the bytes it is given: no files, no network, no state. Decoding
takes up to seconds, so callers on an event loop run it in a thread (`asyncio.to_thread`).

`inspect` looks at what came in, `provenance` marks what goes out, `deliver` makes it fit where it goes.
"""
