"""LeetCode prescribes how the method is called, which would give the problem away."""

import ast
import builtins
import re

from regard.data.code.names import Names, every

ENTRY = "solve"
SOLUTION = re.compile(r"Solution\d*")


def solutions(tree: ast.Module) -> list[ast.Module]:
    """A program for each `class Solution`, `Solution2`, … of a file, with what else it has."""
    own = [node for node in tree.body if solution(node)]
    if len(own) < 2:
        return [tree]
    return [ast.Module([n for n in tree.body if n is one or not solution(n)], []) for one in own]


def solution(node: ast.AST) -> bool:
    """Is it a class of that name?"""
    return isinstance(node, ast.ClassDef) and bool(SOLUTION.fullmatch(node.name))


def prescribed(owner: ast.ClassDef) -> ast.FunctionDef | None:
    """The method that is called from outside: the first public one that no other one calls."""
    methods = [node for node in owner.body if isinstance(node, ast.FunctionDef)]
    public = [method for method in methods if not method.name.startswith("_")]
    called = {
        node.attr
        for method in methods
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute) and own(node) and node.attr != method.name
    }
    return next((m for m in public if m.name not in called), public[0] if public else None)


def anonymous(tree: ast.Module) -> None:
    """The prescribed method becomes `solve`, its parameters x0, x1, …; in place.

    Where a name of the program holds the method's, that part becomes `solve` too.
    """
    for owner in tree.body:
        if isinstance(owner, ast.ClassDef) and solution(owner):
            method = prescribed(owner)
            if method is not None:
                parameters(tree, method)
                hide(tree, method.name)
            owner.name = "Solution"


def parameters(tree: ast.Module, method: ast.FunctionDef) -> None:
    """x0, x1, … in the order of the parameters, without self."""
    names = Names(tree)
    for number, a in enumerate(every(method.args)[1:]):
        names.of[id(a)].write(f"x{number}")


def hide(tree: ast.Module, name: str) -> None:
    """`solve` for the name in what the program itself names."""
    holds = re.compile(re.escape(name), re.IGNORECASE)
    for node in ast.walk(tree):
        for key in ("name", "id", "attr", "arg"):
            old = getattr(node, key, None)
            ours = not isinstance(node, ast.Attribute) or own(node)
            if ours and isinstance(old, str) and not hasattr(builtins, old):
                setattr(node, key, holds.sub(ENTRY, old))


def own(node: ast.Attribute) -> bool:
    """Is it of the object itself?"""
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
