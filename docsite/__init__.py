"""The documentation as a site: stages the Markdown that the site is built from.

What is written by hand is in `docs/` and reads well as it is. Here it gets its places in the navigation, and the pages that are
made from the program are made: commands, endpoints, refusals. The generator itself runs afterwards, in an environment of its own.
"""
