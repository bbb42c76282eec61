"""Decoding of forms: the same as `urllib` for whatever browsers and programs send."""

from urllib.parse import quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.http.urlencoding import decode_urlencoded

SENT = st.lists(
    st.sampled_from(["a", "+", "=", "==", "=\n", "%", "%%", "%4", "%zz", "%3D", "%c3%A9", "%0D%0A", "\r\n", " \n", "_", "~"])
)


@given(SENT.map("".join))
def test_what_is_sent_is_decoded_as_urllib_does(sent: str) -> None:
    assert decode_urlencoded(sent.encode(), errors="replace") == unquote_plus(sent)


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    assert decode_urlencoded(quote_plus(text).encode(), errors="strict") == text


def test_strictly_read_what_is_no_utf_8_is_an_error() -> None:
    assert decode_urlencoded(b"%ff", errors="replace") == "\ufffd"
    with pytest.raises(UnicodeDecodeError):
        decode_urlencoded(b"%ff", errors="strict")
