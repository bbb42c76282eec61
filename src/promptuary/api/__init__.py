"""JSON over HTTP: the PostHog prompts API. One module a resource; `application.create_api` puts them together.

No rule of the domain is decided here: handlers read the request, call one verb of `registry` and show its result.
"""
