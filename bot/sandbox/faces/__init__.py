"""Local face engine: swaps faces on the CPU, offline, for the sandbox.

It exports nothing, because a media worker that only finds faces would load the engine with its HTTP server.
"""
