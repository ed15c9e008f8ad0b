"""Programs: what normalising and renaming keep, where values come from, which pairs are made."""

import ast
import io
import json
import random
import sys
from collections import Counter
from contextlib import redirect_stdout

import pytest
from programs_toys import AUTHORS, STEPS, program, solutions

from regard.cli import main
from regard.data.code import pairing, programs, versions
from regard.data.code.entry import anonymous
from regard.data.code.entry import solutions as apart
from regard.data.code.flow import flow
from regard.data.code.layouts import place
from regard.data.code.names import Names, drawn, numbered, rename
from regard.data.code.normal import normalised, parsed, written
from regard.data.tokenizer.code import Config as Tokens
from regard.recipe import UserError

TRICKY = '''
"""Says what it is."""
import math as m
from collections import deque

LIMIT = 3
count = 0

class Box:
    size = LIMIT
    count = "the class's own, which its methods do not see"

    def seen(self): return count

    def __init__(self, size, other=LIMIT):
        self.size = size + Box.size

    def grown(self, by=1):
        size = self.size + by
        return [size * by for size in range(size)]

def outer(xs, *rest, key=None, **more):
    global count
    total = 0
    def inner(x):
        nonlocal total
        total += x
        return (lambda y, z=total: x + y + z + LIMIT)(1)
    count += 1
    for max in xs:
        inner(max)
    pairs = {k: v for k, v in zip(xs, rest) if (seen := k) is not None}
    return total, pairs, seen if pairs else None, key, sorted(more)

def sums(values):
    max_value = max(values)
    try:
        values[9]
    except IndexError as error:
        print(type(error).__name__)
    match values:
        case [first, *others]:
            print(first, others)
    with io_like() as handle:
        print(f"{max_value:>{LIMIT}} {handle}")
    return m.floor(sum(x for x in values) / 2)

class io_like:
    def __enter__(self): return "open"
    def __exit__(self, *a): return False

print(outer([1, 2, 3], 4, 5, key="k", odd=1))
print(sums([3, 1, 2]), Box(4).grown(), Box(1).seen(), Box(1, other=5).size, count, deque([1]))
'''


def ran(code: str, given: str = "") -> str:
    """What a program prints."""
    out, old = io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(given)
    try:
        with redirect_stdout(out):
            exec(compile(code, "toy", "exec"), {"__name__": "toy"})
    finally:
        sys.stdin = old
    return out.getvalue()


def test_what_is_left_out_of_a_program_changes_nothing():
    assert ran(normalised(TRICKY)) == ran(TRICKY) != ""
    assert "Says" not in normalised(TRICKY)
    assert normalised('def f():\n    "only this"\n') == "def f():\n    pass"
    assert normalised("x = 1 # a\n\n\ny = (2)\n") == normalised("x=1\ny=2")


@pytest.mark.parametrize("code", ["def f(:", "x = 1\0", "print 3", "(" * 300 + ")" * 300])
def test_what_is_no_python_is_told(code):
    with pytest.raises(UserError, match="is no Python 3|too deeply"):
        normalised(code)


@pytest.mark.parametrize("naming", ["numbered", "drawn", "clashing"])
def test_renaming_keeps_what_a_program_does(naming):
    rng, clashing = random.Random(1), ["LIMIT", "deque", "max", "m", "xs", "size"]
    how = {"numbered": numbered, "drawn": drawn(rng, versions.WORDS),
           "clashing": drawn(rng, clashing)}  # fmt: skip
    tree = parsed(TRICKY)
    old = {n.name for n in Names(parsed(TRICKY)).bindings if not n.kept}
    rename(tree, how[naming])
    code = written(tree)
    assert ran(code) == ran(TRICKY)
    assert {"total", "inner", "xs", "pairs", "seen", "error", "handle", "first"} <= old
    if naming == "drawn":
        left = {n.id for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name)} & old
        assert left == {"max", "size", "count"}  # a built-in, and what stands in a class


def test_numbered_names_do_not_know_what_variables_were_called():
    tricky, rng = normalised(TRICKY), random.Random(2)
    for code in [tricky, *(program(p, a, rng) for p in STEPS for a in AUTHORS)]:
        seen = set()
        for changed in (code, versions.renamed(code, rng), versions.reformatted(code, rng)):
            tree = parsed(changed)
            rename(tree, numbered)
            seen.add(written(tree))
        assert len(seen) == 1


def test_versions_differ_in_what_they_should():
    code = normalised(TRICKY)
    laid = versions.reformatted(code, random.Random(3))
    assert ast.dump(ast.parse(laid)) == ast.dump(ast.parse(code)) and laid != code
    changed = versions.renamed(code, random.Random(3))
    assert "total" not in changed and "deque" in changed and "__enter__" in changed


def names_of(code: str) -> list[tuple[str, int, list[tuple[str, int]]]]:
    """Each place's name and line, and those it comes from."""
    found, text = flow(code), code.encode()
    told = [(text[a:b].decode(), text[:a].count(b"\n") + 1) for a, b in found.spans]
    return [
        (*one, [told[s] for s in sources]) for one, sources in zip(told, found.sources, strict=True)
    ]


def test_values_come_from_the_assignments_before_them():
    code = "é = 1\nx = é\nif x:\n    y = x\nelse:\n    y = 2\nz = y\nx = 5\nz += x\n"
    assert names_of(code) == [
        ("é", 1, []), ("x", 2, [("é", 2)]), ("é", 2, [("é", 1)]), ("x", 3, [("x", 2)]),
        ("y", 4, [("x", 4)]), ("x", 4, [("x", 2)]), ("y", 6, []),
        ("z", 7, [("y", 7)]), ("y", 7, [("y", 4), ("y", 6)]), ("x", 8, []),
        ("z", 9, [("z", 7), ("x", 9)]), ("x", 9, [("x", 8)]),
    ]  # fmt: skip


def test_a_loop_sees_what_its_last_turn_left():
    found = names_of("s = 0\nfor i in range(3):\n    t = s\n    s = t + i\nprint(s)\n")
    assert found[3] == ("s", 3, [("s", 1), ("s", 4)])
    assert found[-1] == ("s", 5, [("s", 1), ("s", 4)])
    assert names_of("def f(:") == []


def test_values_go_into_functions_tuples_and_lists():
    code = (
        "def f(a, b):\n    c, d = a, b\n    e = [0]\n    e[c] = d\n    return [x + d for x in e]\n"
    )
    found = names_of(code)
    assert found[2] == ("c", 2, [("a", 2)]) and found[3] == ("d", 2, [("b", 2)])
    assert found[7] == ("e", 4, [("e", 3), ("c", 4), ("d", 4)])
    at = {(name, line): sources for name, line, sources in found if line == 5}
    assert at[("e", 5)] == [("e", 3), ("e", 4)]


def test_pieces_of_programs_lose_nothing():
    texts = [normalised(TRICKY), *(program(p, a, random.Random(1)) for p in STEPS for a in AUTHORS)]
    made = Tokens(vocab=600).train(texts)
    odd = [*texts, "\n\n\t x\n   y = 'ü한'\r\n", "  ", "v12 v1"]
    assert made.decode(made.encode(odd)) == odd
    assert "\n▁▁▁▁" in made.pieces(made.encode(["if x:\n    y"])[0])


def test_the_prescribed_method_is_hidden():
    code = """class Solution:
    def twoSum(self, nums, goal):
        def twoSumFrom(i): return nums[i:]
        return self._twoSum(twoSumFrom(0), goal)
    def _twoSum(self, nums, goal): return [n for n in nums if n < goal]
class Solution2:
    def helper(self): return 1
    def twoSum(self, nums, goal): return self.helper() + nums[0]
"""
    first, second = apart(parsed(code))
    for tree in (first, second):
        anonymous(tree)
    one, two = written(first), written(second)
    assert "twosum" not in (one + two).lower() and "Solution2" not in two
    assert "def solve(self, x0, x1)" in one and "def solve(self, x0, x1)" in two
    assert "def _solve(self, nums, goal)" in one and "x0[i:]" in one and "x0[0]" in two


@pytest.mark.parametrize(
    ("folder", "path", "found"),
    [
        ("walkccc+LeetCode", "solutions/1. Two Sum/1-2.py", "leetcode/two-sum/walkccc"),
        ("kamyu104+LeetCode-Solutions", "Python/two-sum.py", "leetcode/two-sum/kamyu104"),
        ("neetcode-gh+leetcode", "python/0001-two-sum.py", "leetcode/two-sum/neetcode-gh"),
        ("qiyuangong+leetcode", "python/001_Two_Sum.py", "leetcode/two-sum/qiyuangong"),
        ("doocs/leetcode", "solution/0-9/0001.Two Sum/Solution2.py", "leetcode/two-sum/doocs"),
        ("KATO-Hiro+AtCoder", "ABC/abc101-abc150/abc123/c/main.py", "atcoder/abc123_c/KATO-Hiro"),
        ("KATO-Hiro+AtCoder", "ABC/abc101-abc150/abc123/random_cases.py", None),
        ("c-yan+atcoder", "abc/abc123/abc123_c-2.py", "atcoder/abc123_c/c-yan"),
        ("c-yan+atcoder", "arc/arc005/arc005_1.py", "atcoder/arc005_a/c-yan"),
        ("TheAlgorithms+Python", "project_euler/problem_012/sol1.py", "euler/012/TheAlgorithms"),
        ("TheAlgorithms+Python", "maths/abs.py", None),
        ("mine", "two sum/Ann.py", "any/two-sum/Ann"),
        ("mine", "readme.py", None),
    ],
)  # fmt: skip
def test_layouts(tmp_path, folder, path, found):
    where = place(tmp_path / folder, tmp_path / folder / path)
    assert (where and f"{where.site}/{where.problem}/{where.author}") == found


def test_programs_are_gathered_once_and_what_is_left_out_is_counted(tmp_path):
    folder = solutions(tmp_path / "all", problems=5)
    (folder / "total" / "dup.py").write_text(
        "# again\n" + (folder / "total" / "bob.py").read_text()
    )
    (folder / "total" / "old.py").write_text("print 3\n")
    (folder / "lonely").mkdir()
    (folder / "lonely" / "ann.py").write_text("print('alone')\n")
    found = programs.gather([folder], seed=1)
    assert len(found.programs) == 15 and {p.author for p in found.programs} == set(AUTHORS)
    left = {k: v for k, v in found.left_out.items() if v}
    assert left == {"equal to another": 1, "not Python 3": 1, "alone with its problem": 1}
    assert "old.py" in found.failed[0] and "line 1" in found.failed[0]
    assert not any("Says" in p.code or "#" in p.code for p in found.programs)
    with pytest.raises(UserError, match="no problem has two"):
        programs.gather([folder / "lonely"], seed=1)
    with pytest.raises(UserError, match="no such folder"):
        programs.gather([folder / "none"], seed=1)


def many(problems: int) -> list[programs.Program]:
    rng, kinds, found = random.Random(4), list(STEPS), []
    for i in range(problems):
        for author in AUTHORS:
            code = program(kinds[i % 12], author, rng)
            found.append(programs.Program(f"any/p{i}/{author}", f"any/p{i}", author, code))
    return found


def test_problems_are_split_and_pairs_are_half_the_same():
    parts = pairing.split(many(100), seed=1)
    problems = {name: {p.problem_id for p in part} for name, part in parts.items()}
    assert {name: len(found) for name, found in problems.items()} == {
        "train": 86,
        "dev": 5,
        "test": 9,
    }
    assert sum(map(len, problems.values())) == len(set().union(*problems.values()))
    made = pairing.pairs(parts["train"], per=2, seed=1)
    same = [pair for pair in made if pair.same]
    assert 2 * len(same) == len(made) and len(same) == 86 * 3  # every two of three authors
    assert all((p.a.problem_id == p.b.problem_id) == p.same for p in made)
    assert all(p.a.author != p.b.author for p in made)
    assert len({frozenset((p.a.id, p.b.id)) for p in made}) == len(made)
    hard, easy = ([p for p in made if not p.same and p.hard == h] for h in (True, False))
    assert abs(len(hard) - len(easy)) <= 1
    alike = [sum(pairing.overlap(pairing.words(p.a.code), pairing.words(p.b.code)) for p in part)
             / len(part) for part in (hard, easy)]  # fmt: skip
    assert alike[0] > alike[1] + 0.1
    assert made == pairing.pairs(parts["train"], per=2, seed=1)
    assert made != pairing.pairs(parts["train"], per=2, seed=2)
    with pytest.raises(UserError, match="5 problems with solutions that differ; a set takes 6"):
        pairing.split(many(5), seed=1)


def test_an_author_meets_himself_only_where_nobody_else_is():
    one = [programs.Program(f"{i}", "any/p", "ann", f"x = {i}") for i in range(3)]
    other = one[0]._replace(id="other", author="bob", code="y")
    rng = random.Random(1)
    alone = list(pairing.positives(one, 2, rng))
    assert len(alone) == 3 and all(p.a.author == p.b.author for p in alone)
    both = list(pairing.positives([*one, other], 2, rng))
    assert len(both) == 3 and all("other" in (p.a.id, p.b.id) for p in both)


def test_the_set_is_written(tmp_path, capsys):
    folder = solutions(tmp_path / "all")
    assert main(["data", "pairs", str(folder), "--out", str(tmp_path / "set")]) == 0
    tables = {f.stem: [json.loads(x) for x in f.read_text().splitlines()]
              for f in (tmp_path / "set").iterdir()}  # fmt: skip
    assert len(tables["programs"]) == 36 and set(tables["programs"][0]) == {
        "id", "problem_id", "author", "code"
    }  # fmt: skip
    rows = [row for name in ("train", "dev", "test") for row in tables[name]]
    assert Counter(row["same"] for row in rows)["same"] * 2 == len(rows)
    for version in ("test_renamed", "test_reformatted"):
        assert [r["id_a"] for r in tables[version]] == [r["id_a"] for r in tables["test"]]
        assert all(new["code_a"] != old["code_a"]
                   for new, old in zip(tables[version], tables["test"], strict=True))  # fmt: skip
    for new, old in zip(tables["test_renamed"], tables["test"], strict=True):
        assert ran(new["code_b"], "3 -1 4") == ran(old["code_b"], "3 -1 4") != ""
    assert "pairs of" in capsys.readouterr().err
