"""The same program written otherwise: every variable renamed, or every line laid out anew."""

import ast
import io
import keyword
import random
import tokenize
from itertools import product

from regard.data.code.names import drawn, rename
from regard.data.code.normal import parsed, written

SYLLABLES = ["".join(pair) for pair in product("bdfgklmnprstvz", "aeiou")]
WORDS = [w for w in map("".join, product(SYLLABLES, SYLLABLES)) if not keyword.iskeyword(w)]


def renamed(code: str, rng: random.Random) -> str:
    """Every variable, parameter and function called by a word that means nothing."""
    tree = parsed(code)
    rename(tree, drawn(rng, WORDS))
    return written(tree)


def reformatted(code: str, rng: random.Random) -> str:
    """Another indentation, other spaces, blank lines and comments; the same tree.

    An author's habits are drawn, so that two programs are laid out in two ways.
    """
    indent = rng.choice(["  ", "   ", "\t"])
    tight, blanks = rng.random() < 0.5, rng.random() < 0.5
    lines: list[str] = []
    depth, line = 0, ""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        elif token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER):
            lines += [line, *[""] * (blanks and rng.random() < 0.2)]
            line = ""
        elif token.string:
            line += (indent * depth if not line else gap(line, token, tight)) + token.string
    text = "\n".join(lines).rstrip("\n") + "\n"
    return text if ast.dump(ast.parse(text)) == ast.dump(ast.parse(code)) else code


def gap(line: str, token: tokenize.TokenInfo, tight: bool) -> str:
    """What stands between a line so far and its next token."""
    last, first = line[-1], token.string[0]
    words = (last.isalnum() or last in "_\"'") and (first.isalnum() or first in "_\"'")
    number = last.isdigit() and first == "." or last == "." and first.isdigit()
    if words or number:
        return " "
    loose = first not in ",:;.()[]{}" and last not in ".([{" and token.type == tokenize.OP
    return " " if not tight and (loose or last in ",=+-*/<>%") else ""
