"""Everything that speaks to Discord: commands, buttons, forms and cards."""
