"""The operations: one function for each verb, called inside a transaction by the HTTP edges and the command line alike.

Verbs check the actor's permission, apply the rules and append to the change log. They know no HTTP and contain no SQL.
"""
