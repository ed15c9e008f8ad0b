"""Markdown: what is text changes, what is structure does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regard.files import markdown
from regard.files.base import Answer

TEXT = """---
title: kept
---
# A *title* here

First line
goes on here.  
A break before.

> quoted words
> on two lines

- an item
- [ ] another
  that goes on

| head | two |
|------|-----|
| cell | x   |

```python
code = 1
```

    indented code

<div>
kept
</div>

[ref]: https://example.org
"""
UNITS = [
    "A *title* here", "First line goes on here.", "A break before.", "quoted words on two lines",
    "an item", "[ ] another that goes on", "head", "two", "cell", "x",
]  # fmt: skip


def filled(text: str, say=str.upper) -> str:
    file = markdown.read(text.encode(), "x.md")
    return file.filled([Answer(say(unit)) for unit in file.units]).decode()


def kinds(text: str) -> list[str]:
    return [token.type for token in markdown.parser().parse(text)]


def test_its_units_are_its_texts():
    assert markdown.read(TEXT.encode(), "x").units == UNITS


def test_structure_and_code_stay():
    new = filled(TEXT)
    assert kinds(new) == kinds(TEXT)
    assert markdown.read(new.encode(), "x").units == [unit.upper() for unit in UNITS]
    for kept in ("title: kept", "code = 1", "    indented code", "<div>\nkept\n</div>", "[ref]: "):
        assert kept in new
    assert filled(TEXT, lambda unit: unit).split() == TEXT.replace("> on two", "on two").split()


@pytest.mark.parametrize("answer", ["# no", "- no", "1. no", "a\n\nb", "", "> no", "---"])
def test_an_answer_that_is_structure_stays_out(answer):
    assert not markdown.read(b"Some text.\n", "x.md").fits(0, answer)


@given(st.text(st.sampled_from("ab *_`#>-|[]()\n\\")))
def test_whatever_is_read_can_be_written_back(text):
    file = markdown.read(text.encode(), "x")
    starts = [place for one in file.places for place in one]
    assert starts == sorted(starts)
    assert file.filled([None for _ in file.units]).decode() == text
