"""Measures Promptuary beside what it is compared with, all on one machine in one run: ``make bench``.

One module a topic; each returns what it measured and the goals it had to reach. `docs/performance.md` tells how it is done and what
came out.
"""
