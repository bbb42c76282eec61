"""The hot GET: a prompt fetched by name is answered from memory, never stale. Plain ASGI in front of the slow application.

What is remembered are the slow application's own answers, so there is one source of truth for every byte. Everything unusual is
passed on to it.
"""
