"""All SQL. One module an aggregate, one function a statement, dataclasses of the model out.

No permission is decided here and no change recorded: that is the registry's.
"""
