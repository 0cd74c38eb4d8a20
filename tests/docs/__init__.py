"""What the pages say, against what there is: links, commands, settings, alerts, examples."""
