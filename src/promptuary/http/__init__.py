"""Shared parts of all HTTP edges: request logs and ids, body reading, forwarded headers, origin checks, cookies and tracing."""
