"""Pictures and videos as bytes: `probe` inspects uploads, `marks` marks results, `fit` shrinks them.

All of it is synchronous and works on bytes in memory, without files, network or state; only `signing` runs
threads of its own. Decoding takes up to seconds, so callers on an event loop use `asyncio.to_thread`.
"""
