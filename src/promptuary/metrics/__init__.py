"""Metrics of the server for Prometheus. Knows nothing of prompts and databases, and no web framework.

Every worker writes its numbers to a page of shared memory; whichever worker is asked reads the pages of all.
"""
