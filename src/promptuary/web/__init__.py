"""HTML over HTTP: the pages on which people write, compare, publish and roll back prompts.

Views read, call one verb of the registry and show its result. Pages work without scripts; scripts only improve them.
"""
