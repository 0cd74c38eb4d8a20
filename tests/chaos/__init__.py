"""Chaos runs: kill and disturb the running bot, then check that nothing was lost or sent twice."""
