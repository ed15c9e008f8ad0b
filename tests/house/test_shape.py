"""The house keeps its shape: short files, small constructors, tests that assert, no leaks."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import sizes  # noqa: E402  (a script of the repository, not of the package)

MAX_PARAMETERS = 8
MAX_FIELDS = 12

# Spelled in pieces, so that this file passes its own check.
_FOLDERS = "|".join(["home", "root", "work", "farm", "Users", "tmp/" + "venv"])
LEAK = re.compile(rf"(?<![\w.$)}}\]*-])/(?:{_FOLDERS})\w*/|~/\.\w|file://" + "/")
FOLDERS = ["src", "tests", "tools", "docs", "results", "benchmarks", ".ci"]
PATTERNS = ["*.md", "*.cff", "*.toml", "*.txt", "Makefile"]
TEXT = {".py", ".yaml", ".yml", ".md", ".toml", ".txt", ".html", ".css", ".js"}
TEXT |= {".json", ".jsonl", ".tsv", ".csv", ".svg", ""}


# One check per rule: source in, sentences out.


def check_length(source: str) -> list[str]:
    length = len(source.splitlines())
    return [f"{length} lines"] * (length > sizes.MAX_LINES)


def check_docstring(source: str) -> list[str]:
    tree = ast.parse(source)
    return ["no docstring"] * bool(tree.body and not ast.get_docstring(tree))


def classes(source: str) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef))


def check_constructors(source: str) -> list[str]:
    """`*args` and `**kwargs` count as one each: they hide parameters, they do not save any."""
    wrong = []
    for owner in classes(source):
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and node.name in ("__init__", "__new__"):
                a = node.args
                count = len(a.posonlyargs) + len(a.args) + len(a.kwonlyargs) - 1
                count += bool(a.vararg) + bool(a.kwarg)
                if count > MAX_PARAMETERS:
                    wrong.append(f"line {node.lineno}: {owner.name} takes {count} parameters")
    return wrong


def is_config(node: ast.ClassDef) -> bool:
    bases = [ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases]
    return any(name.endswith("Config") for name in [node.name, *bases])


def check_configs(source: str) -> list[str]:
    """Fields are the annotated names of the class body; class variables and `_private` are none."""
    wrong = []
    for node in classes(source):
        if not is_config(node):
            continue
        fields = [
            item.target.id
            for item in node.body
            if isinstance(item, ast.AnnAssign)
            and isinstance(item.target, ast.Name)
            and not item.target.id.startswith("_")
            and "ClassVar" not in ast.unparse(item.annotation)
        ]
        if len(fields) > MAX_FIELDS:
            wrong.append(f"line {node.lineno}: {node.name} has {len(fields)} fields")
    return wrong


def asserts(node: ast.AST) -> bool:
    """Does anything inside claim something: an assert, a `raises`, a helper that checks?"""
    if isinstance(node, ast.Assert):
        return True
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rsplit(".", 1)[-1]
        if name in ("raises", "warns", "fail") or name.startswith(("check", "assert_")):
            return True
    return any(asserts(child) for child in ast.iter_child_nodes(node))


def check_tests_assert(source: str) -> list[str]:
    return [
        f"line {node.lineno}: {node.name} asserts nothing"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test")
        and not asserts(node)
    ]


def check_leaks(text: str) -> list[str]:
    """Paths of somebody's machine."""
    return [
        f"line {number}: `{match.group()}`"
        for number, line in enumerate(text.split("\n"), 1)
        if (match := LEAK.search(line))
    ]


# What they are held against.


def texts() -> list[Path]:
    """Files that a reader of the repository sees as text."""
    inside = [p for name in FOLDERS for p in (ROOT / name).rglob("*") if p.suffix in TEXT]
    around = [p for pattern in PATTERNS for p in ROOT.glob(pattern)]
    seen = [p for p in inside + around if p.is_file() and "__pycache__" not in p.parts]
    return sorted(p for p in seen if "outputs" not in p.parts)  # what systems wrote, not we


SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted(p for p in (ROOT / "tests").rglob("*.py") if not p.name.startswith("conftest"))


@pytest.mark.parametrize(
    ("check", "paths"),
    [
        (check_length, SOURCES),
        (check_docstring, SOURCES),
        (check_constructors, SOURCES),
        (check_configs, SOURCES),
        (check_tests_assert, TESTS),
        (check_leaks, texts()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_house_keeps(check, paths):
    assert paths, "nothing to look at"
    wrong = [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in paths
        for complaint in check(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


def parameters(count: int) -> str:
    return ", ".join(f"p{i}=None" for i in range(count))


def fields(count: int) -> str:
    return "\n".join(f"    f{i}: int = 0" for i in range(count))


@pytest.mark.parametrize(
    ("check", "source"),
    [
        (check_length, "x = 1\n" * 401),
        (check_docstring, "x = 1\n"),
        (check_docstring, "# a comment is no docstring\nx = 1\n"),
        (check_constructors, f"class A:\n    def __init__(self, {parameters(9)}): ...\n"),
        (check_constructors, f"class A:\n    def __init__(self, {parameters(7)}, *a, **k): ...\n"),
        (check_constructors, f"class A:\n    def __init__(self, a, *, {parameters(8)}): ...\n"),
        (check_constructors, f"if x:\n class A:\n  def __new__(cls, {parameters(9)}): ...\n"),
        (check_configs, f"class Config(Base):\n{fields(13)}\n"),
        (check_configs, f"class Train(recipe.Config):\n{fields(13)}\n"),
        (check_tests_assert, "def test_x():\n    run()\n"),
        (check_tests_assert, "class TestX:\n    async def test_x(self):\n        await run()\n"),
        (check_tests_assert, "def test_x():\n    'assert nothing'\n    unchecked(1)\n"),
        (check_leaks, "open('/" + "home/me/x.txt')"),
        (check_leaks, "data.dir=/" + "work/shared/data"),
        (check_leaks, "PATH: /" + "root/.cache"),
        (check_leaks, "/" + "tmp/" + "venv0/bin/python"),
        (check_leaks, "wheel @ file:/" + "//opt/x.whl"),
        (check_leaks, "fine\nsee ~/" + ".config/x"),
    ],
)
def test_a_planted_fault_is_caught(check, source: str):
    assert len(check(source)) == 1


@pytest.mark.parametrize(
    ("check", "source"),
    [
        (check_length, "x = 1\n" * 400),
        (check_docstring, ""),
        (check_docstring, '"""What it is."""\n'),
        (check_constructors, f"class A:\n    def __init__(self, {parameters(8)}): ...\n"),
        (check_constructors, f"class A:\n    def build(self, {parameters(9)}): ...\n"),
        (check_configs, f"class Config:\n    k: ClassVar = ''\n    _x: int\n{fields(12)}\n"),
        (check_configs, f"class Table:\n{fields(13)}\n"),
        (check_tests_assert, "def test_x():\n    with pytest.raises(ValueError):\n        f()\n"),
        (check_tests_assert, "def test_x():\n    for a in b:\n        torch.assert_close(a, 1)\n"),
        (check_tests_assert, "def test_x():\n    check_all(1)\n\ndef helper():\n    pass\n"),
        (check_leaks, "https://a.org/home/page $DATA/home/x /usr/share/x a/home/b {x}/home/ /home"),
    ],
)
def test_what_is_right_passes(check, source: str):
    assert check(source) == []


def test_code_lines_leave_out_blanks_comments_and_docstrings():
    source = '''"""Two
lines."""

# a comment
import os  # counts


class A:
    """Not this."""

    text = """counts

    three lines"""


def f(a,
      b):
    """Nor
    this."""
    return os, a, b
'''
    assert sizes.code_lines(source) == 1 + 1 + 3 + 2 + 1


def test_sizes_complain_about_long_files_and_a_long_median(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "short.py").write_text("x = 1\n", encoding="utf-8")
    assert sizes.main([str(tmp_path)]) == 0
    (tmp_path / "a" / "long.py").write_text("# a\n" * 401, encoding="utf-8")
    assert sizes.main([str(tmp_path)]) == 1
    assert "a/long.py: 401 lines" in capsys.readouterr().err
    (tmp_path / "a" / "long.py").write_text("x = 1\n" * 300, encoding="utf-8")
    assert sizes.main([str(tmp_path)]) == 1
    assert "the median file has 150.5 code lines" in capsys.readouterr().err
