"""Which values of ``X-Forwarded-For`` are addresses, and in which spelling."""

import pytest

from promptuary.http.proxy_headers import read_address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%a b=c", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("192.0.2.1 x", None),
        ("192.0.2.01", None),
        ("192.0.2.1:", None),
        ("192.0.2.1:4711x", None),
        ("192.0.2.1\x9b1m", None),
        ("\u0661.2.3.4", None),
        ("[192.0.2.1", None),
        ("1" * 100_000, None),
    ],
)
def test_only_what_is_an_address_is_taken_for_one(value: str, address: str | None) -> None:
    assert read_address(value) == address
