"""Little programs of our own, in several authors' hands, and a folder of them."""

import random
from pathlib import Path

# A problem: what its solutions do with a list; each author writes it in a way of his own.
STEPS = {
    "total": ("{t} = {t} + {x}", "0"), "product": ("{t} = {t} * {x}", "1"),
    "largest": ("{t} = max({t}, {x})", "-10"), "smallest": ("{t} = min({t}, {x})", "10"),
    "squares": ("{t} = {t} + {x} * {x}", "0"), "count": ("{t} = {t} + 1", "0"),
    "last": ("{t} = {x}", "None"), "evens": ("{t} = {t} + ({x} % 2 == 0)", "0"),
    "text": ("{t} = {t} + str({x})", "''"), "signs": ("{t} = {t} - ({x} < 0)", "0"),
    "bits": ("{t} = {t} ^ {x}", "0"), "halves": ("{t} = {t} + {x} // 2", "0"),
}  # fmt: skip
NAMES = ["total", "acc", "res", "out", "value", "s", "item", "x", "n", "each", "i", "k"]
AUTHORS = ["ann", "bob", "eve"]


def program(problem: str, author: str, rng: random.Random) -> str:
    """One solution."""
    t, x, xs = rng.sample(NAMES, 3)
    step, start = STEPS[problem]
    line = step.format(t=t, x=x)
    if author == "ann":
        body = f"{t} = {start}\nfor {x} in map(int, input().split()):\n    {line}\nprint({t})\n"
        return f'"""Says {problem}."""\n{body}'
    if author == "bob":
        loop = f"    for {x} in {xs}:\n        {line}  # {problem}\n"
        inner = f"    {t} = {start}\n{loop}    return {t}\n"
        return f"def f({xs}):\n{inner}print(f(list(map(int, input().split()))))\n"
    head = f"{xs} = [int(y) for y in input().split()]\n{t} = {start}\n"
    return f"{head}while {xs}:\n    {x} = {xs}.pop(0)\n    {line}\nprint({t})\n"


def solutions(folder: Path, problems: int = 12, authors: int = 3) -> Path:
    """PROBLEM/AUTHOR.py."""
    rng = random.Random(5)
    for problem in list(STEPS)[:problems]:
        for author in AUTHORS[:authors]:
            path = folder / problem / f"{author}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(program(problem, author, rng), "utf-8")
    return folder
