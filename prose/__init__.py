"""Lint of words: checks texts that people read against `rules.toml`. It does not check spelling or grammar."""
