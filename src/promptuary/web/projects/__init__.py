"""Pages of projects: names, tokens and members."""
