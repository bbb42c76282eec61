"""Certificates that programs of the tests trust: one authority instead of all of the machine's.

OpenSSL takes 40 milliseconds to load all of them, for every client that is made, and hardly a server of the tests has TLS.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi
import pytest

MANY = {"SSL_CERT_FILE": certifi.where()}
"""The environment of a program that takes its time to load certificates."""

_END = "-----END CERTIFICATE-----\n"


@contextmanager
def trusting_one_authority(folder: Path) -> Iterator[None]:
    """Trust one authority in this process, and in those that it starts meanwhile."""
    path = folder / "authority.pem"
    path.write_text(certifi.contents().partition(_END)[0] + _END)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield
