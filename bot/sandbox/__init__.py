"""The whole bot with no account: a local Segmind, a local face engine and a simulated Discord."""
