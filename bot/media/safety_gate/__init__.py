"""Gate that judges on the CPU, without a network connection, whether a file is sexually explicit.

`gate` judges, and `network` computes; both need numpy, so only media workers import them.
"""
