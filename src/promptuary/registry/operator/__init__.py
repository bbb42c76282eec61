"""Verbs of the operator of a server, which check no permissions: only the command line and the first start call them."""
