"""A Python program without what its author chose freely: layout, comments, docstrings."""

import ast

from regard.recipe import UserError

BLOCKS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def parsed(code: str) -> ast.Module:
    """The program as a tree without docstrings. Raises UserError if it is no Python 3."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) else ""
        raise UserError(f"program, {line}is no Python 3 ({error.__class__.__name__})") from None
    return undocumented(tree)


def undocumented(tree: ast.Module) -> ast.Module:
    """Strings that stand alone are taken out of the tree, wherever they are."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            lines = getattr(node, name, None)
            if isinstance(lines, list):
                kept = [line for line in lines if not remark(line)]
                needed = name == "body" and not isinstance(node, ast.Module)
                setattr(node, name, kept or ([ast.Pass()] if needed else []))
    return tree


def remark(line: ast.AST) -> bool:
    """Is it a string that nothing is done with?"""
    alone = isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    return alone and isinstance(line.value.value, str)  # type: ignore[attr-defined]


def written(tree: ast.AST) -> str:
    """The tree as text. Raises UserError if it is nested too deeply."""
    try:
        return ast.unparse(ast.fix_missing_locations(tree))
    except RecursionError:
        raise UserError("program: is nested too deeply") from None


def normalised(code: str) -> str:
    """The program as `ast.unparse` writes it. Raises UserError if it is no Python 3."""
    return written(parsed(code))
