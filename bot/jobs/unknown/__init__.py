"""Jobs whose submission has an unknown outcome: searched for in the history of Segmind."""
