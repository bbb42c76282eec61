"""Approximate length of a text in tokens of a language model.

Models count tokens, each by a vocabulary of its own, which is not here. The rule of thumb that OpenAI publishes ("What are tokens
and how to count them?") is four characters a token for common English text. Vocabularies are made of bytes, and characters of other
scripts, which have more bytes, mostly cost more tokens, too; so this counts four bytes of UTF-8 a token. For code, numbers and
other languages it can be far off. Show the result as approximate.
"""

BYTES_PER_TOKEN = 4


def approximate_tokens(text: str) -> int:
    """Return about how many tokens a text has: a quarter of its bytes, rounded up."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)
