"""The operator's books on the command line: `doppel credits`."""
