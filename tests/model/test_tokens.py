import pytest

from promptuary.model.token_estimate import approximate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("üüü", 2), ("你好世界", 3), ("🙂", 1), ("\udc80\0", 1)]
)
def test_a_token_is_about_four_bytes(text: str, tokens: int) -> None:
    assert approximate_tokens(text) == tokens
