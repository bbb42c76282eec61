"""Errors of outgoing requests. They name the host and nothing else: a path, a query or a header may hold a secret."""


class OutboundError(Exception):
    """An outgoing request that was not sent, or got no answer that can be used."""


class AddressForbidden(OutboundError):
    """A host with an address that the server may not reach."""


class HostUnreachable(OutboundError):
    """A host without an address, without a connection, or with an invalid certificate, or a connection that broke."""


class AnswerTooSlow(OutboundError):
    """An answer that takes longer than a limit of time."""


class AnswerTooLarge(OutboundError):
    """An answer with more bytes than allowed."""
