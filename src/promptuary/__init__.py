"""Promptuary, a prompt registry: versioned, labelled, searchable prompts served over the PostHog prompts API."""

__version__ = "0.1.0"
