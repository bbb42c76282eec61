"""Metrics of the server for Prometheus. Knows nothing of prompts and databases, and no web framework.

Every worker writes its numbers to a segment of shared memory; whichever worker is asked reads the segments of all.
"""
