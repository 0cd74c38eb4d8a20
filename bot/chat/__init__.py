"""Everything that speaks Discord: commands in, cards out."""
