"""The whole bot without accounts: a local Segmind, a local face engine and a simulated Discord."""
