"""The PostHog prompts API and its additions. One module a resource."""
