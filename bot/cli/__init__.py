"""The commands of `doppel`. Each entry point takes the parsed options and returns an exit code."""
