"""Code size per folder of the package: files, code lines, median and longest file.

Code lines leave out blanks, comments and docstrings. Ends with status 1 when a file is over
`MAX_LINES` lines (all of them counted: that is what one scrolls through) or the median file over
`MAX_MEDIAN` code lines.
"""

import ast
import io
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

MAX_LINES = 400
MAX_MEDIAN = 120
PACKAGE = Path(__file__).resolve().parents[1] / "src" / "regard"

_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_SILENT = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def docstring_lines(source: str) -> set[int]:
    """The line numbers that docstrings take up."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            lines.update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return lines


def code_lines(source: str) -> int:
    """How many lines hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _SILENT:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstring_lines(source))


def table(root: Path) -> tuple[list[str], list[str]]:
    """The table for the Python files under `root`, line by line, and what breaks the limits."""
    folders: dict[str, list[tuple[int, str]]] = defaultdict(list)
    complaints = []
    for path in sorted(root.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        name = path.relative_to(root)
        folders["/".join(name.parts[:-1]) or "."].append((code_lines(source), name.as_posix()))
        if (length := len(source.splitlines())) > MAX_LINES:
            complaints.append(f"{name.as_posix()}: {length} lines, the limit is {MAX_LINES}")
    everything = [size for sizes in folders.values() for size in sizes]
    if (middle := _median(everything)) > MAX_MEDIAN:
        complaints.append(f"the median file has {middle:g} code lines, the limit is {MAX_MEDIAN}")
    width = max([len("folder"), *map(len, folders)])
    lines = [f"{'folder':<{width}}  files   code  median    max  longest file"]
    lines += [_row(folder, sizes, width) for folder, sizes in folders.items()]
    lines.append(_row("all", everything, width))
    return lines, complaints


def _median(sizes: Iterable[tuple[int, str]]) -> float:
    """The median of the files that hold code: a bare `__init__.py` would only flatter it."""
    return median([size for size, _ in sizes if size] or [0])


def _row(folder: str, sizes: list[tuple[int, str]], width: int) -> str:
    total, (longest, name) = sum(size for size, _ in sizes), max(sizes, default=(0, "-"))
    numbers = f"{len(sizes):>5}  {total:>5}  {_median(sizes):>6g}  {longest:>5}"
    return f"{folder:<{width}}  {numbers}  {name.rsplit('/', 1)[-1] if longest else '-'}"


def main(arguments: list[str]) -> int:
    """Print the table of a folder, by default the package's; return the exit status."""
    lines, complaints = table(Path(arguments[0]) if arguments else PACKAGE)
    print("\n".join(lines))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
