"""Outgoing HTTP requests of the server, limited in time and size, to addresses that the server may reach."""

from promptuary.outbound.client import Answer, OpenAnswer, OutboundClient, OutboundLimits
from promptuary.outbound.errors import AddressForbidden, AnswerTooLarge, AnswerTooSlow, HostUnreachable, OutboundError

__all__ = [
    "AddressForbidden",
    "Answer",
    "AnswerTooLarge",
    "AnswerTooSlow",
    "HostUnreachable",
    "OpenAnswer",
    "OutboundClient",
    "OutboundError",
    "OutboundLimits",
]
