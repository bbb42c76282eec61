"""Made-up prose with the statistics that matter to a search: word frequencies as in a language, and long tails."""

import random
from itertools import accumulate

_WORDS = 100_000
_ONSETS = ("b", "br", "c", "ch", "d", "f", "g", "gr", "h", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "tr", "v", "w", "")
_VOWELS = ("a", "e", "i", "o", "u", "ea", "ou", "ai")
_CODAS = ("", "", "", "n", "r", "s", "t", "l", "nd", "m", "ck")
_PARAGRAPHS = 5
_WORDS_IN_PARAGRAPH = 34
_VARIABLES = ("customer", "language", "tone", "order_number", "question", "context")


class Prose:
    """Writes texts of about 1,500 characters; the same seed writes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.words = self._make_words()
        # Zipf's law, flattened at the top as Mandelbrot found it in real languages.
        self._weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(self.words))))

    def words_at_random(self, count: int) -> list[str]:
        """Return words by their frequencies."""
        return self._random.choices(self.words, cum_weights=self._weights, k=count)

    def paragraph(self) -> str:
        """Write a heading and some sentences under it."""
        words = self.words_at_random(_WORDS_IN_PARAGRAPH)
        title = " ".join(words[:3]).capitalize()
        variable = self._random.choice(_VARIABLES)
        sentences = [" ".join(words[start : start + 10]).capitalize() for start in range(3, len(words), 10)]
        return f"# {title}\n\n{'. '.join(sentences)} {{{{{variable}}}}}."

    def text(self) -> list[str]:
        """Write the paragraphs of a prompt."""
        return [self.paragraph() for _ in range(_PARAGRAPHS)]

    def edited(self, paragraphs: list[str]) -> list[str]:
        """Return the next version of a text: one paragraph is another one, as edits mostly are."""
        place = self._random.randrange(len(paragraphs))
        return [*paragraphs[:place], self.paragraph(), *paragraphs[place + 1 :]]

    def chance(self, probability: float) -> bool:
        """Say yes as often as the probability says."""
        return self._random.random() < probability

    def shuffled(self, items: list[str]) -> list[str]:
        """Return items in random order."""
        return self._random.sample(items, k=len(items))

    def _make_words(self) -> list[str]:
        words: dict[str, None] = {}
        while len(words) < _WORDS:
            # Frequent words are short: the first ones have one syllable, the last ones up to five.
            syllables = self._random.randint(1, 2 if len(words) < 500 else 3 if len(words) < 20_000 else 5)
            words["".join(self._syllable() for _ in range(syllables))] = None
        return list(words)

    def _syllable(self) -> str:
        choice = self._random.choice
        return choice(_ONSETS) + choice(_VOWELS) + choice(_CODAS)
