"""The model of prompts: dataclasses, naming rules, edits, outline, access and errors.

Standard library only, no I/O. Nothing here knows a database, HTTP or a terminal.
"""
