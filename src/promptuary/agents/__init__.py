"""MCP: tools and native prompts for agents, on the official package, at ``/mcp`` and over stdio.

What comes and goes has the schemas of the API, so this edge stands on top of it. Only `protocol` and `stdio` import the package,
which is heavy and an extra: workers load it when the first agent calls.
"""
