"""Where values come from in a program: edges from each place of a variable to earlier ones.

GraphCodeBERT, Guo et al. 2021, section 3 (https://arxiv.org/abs/2009.08366): a node is one place of
a variable. A use comes from the last assignments that may have come before it, an assigned place
from the variables in what is assigned. Both ways of a branch count; a loop is gone through twice.
"""

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from regard.data.code.names import Binding, Names

Nodes = frozenset[int]
Values = dict[Binding, Nodes]  # which places the value of a variable may be from
NONE: Nodes = frozenset()


class Flow(NamedTuple):
    """Each place's bytes (start, end), in the order of the text; and the places it comes from."""

    spans: list[tuple[int, int]]
    sources: list[list[int]]


def flow(code: str) -> Flow:
    """The data flow of a program; nothing of what is no Python 3, or nested too deeply."""
    try:
        tree = ast.parse(code)
        walk = Walk(tree)
        walk.block(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Flow([], [])
    lines = [0]
    for line in code.encode().split(b"\n"):
        lines.append(lines[-1] + len(line) + 1)
    starts = [lines[node.lineno - 1] + node.col_offset for node in walk.places]
    order = sorted(range(len(starts)), key=starts.__getitem__)
    place = {node: number for number, node in enumerate(order)}
    spans = [(starts[n], starts[n] + len(name(walk.places[n]).encode())) for n in order]
    return Flow(spans, [sorted(place[s] for s in walk.sources[n]) for n in order])


def name(node: ast.Name | ast.arg) -> str:
    """How it is called."""
    return node.arg if isinstance(node, ast.arg) else node.id


class Walk:
    """Goes through a program in the order in which it would run."""

    def __init__(self, tree: ast.Module):
        self.of = Names(tree).of
        self.values: Values = {}
        self.places: list[ast.Name | ast.arg] = []
        self.sources: list[set[int]] = []
        self.number: dict[int, int] = {}

    def node(self, place: ast.Name | ast.arg, sources: Iterable[int]) -> Nodes:
        """The node of a place, which these are sources of; none if it is not the program's own."""
        binding = self.of.get(id(place))
        if binding is None or binding.kept:
            return NONE
        if id(place) not in self.number:
            self.number[id(place)] = len(self.places)
            self.places.append(place)
            self.sources.append(set())
        number = self.number[id(place)]
        self.sources[number].update(s for s in sources if s != number)
        return frozenset([number])

    def read(self, part: ast.AST | None) -> Nodes:
        """The places that the value of an expression is made of."""
        if part is None:
            return NONE
        if isinstance(part, ast.Name):
            return self.node(part, self.values.get(self.of.get(id(part)), NONE))  # type: ignore[arg-type]
        if isinstance(part, ast.NamedExpr):
            return self.write(part.target, self.read(part.value))
        if isinstance(part, ast.Lambda):
            return self.function(part.args, [ast.Expr(part.body)])
        generators = getattr(part, "generators", ())
        found = [self.comprehension(g) for g in generators]
        rest = [p for p in ast.iter_child_nodes(part) if p not in generators]
        return NONE.union(*found, *map(self.read, rest))

    def comprehension(self, part: ast.comprehension) -> Nodes:
        """What is gone through is what its target comes from."""
        found = self.read(part.iter)
        self.write(part.target, found)
        return NONE.union(found, *map(self.read, part.ifs))

    def write(self, target: ast.AST, sources: Nodes, value: ast.AST | None = None) -> Nodes:
        """A target is given a value; of `value`, if it is as many as the target, part by part."""
        if isinstance(target, ast.Name):
            found = self.node(target, sources)
            if found:
                self.values[self.of[id(target)]] = found
            return found
        if isinstance(target, ast.Tuple | ast.List):
            parts: Sequence[ast.AST | None] = getattr(value, "elts", [])
            if len(parts) != len(target.elts):
                parts = [None] * len(target.elts)
            each = [
                self.write(one, sources if part is None else self.read(part), part)
                for one, part in zip(target.elts, parts, strict=True)
            ]
            return NONE.union(*each)
        if isinstance(target, ast.Starred):
            return self.write(target.value, sources)
        return self.change(target, sources)

    def change(self, target: ast.AST, sources: Nodes) -> Nodes:
        """`a[i] = x` and `a.b = x`: what `a` holds comes from x too."""
        inside = self.read(getattr(target, "slice", None))
        base = getattr(target, "value", target)
        if not isinstance(base, ast.Name):
            return self.change(base, sources | inside) if base is not target else NONE
        binding = self.of.get(id(base))
        before = self.values.get(binding, NONE) if binding else NONE
        found = self.node(base, before | sources | inside)
        if found and binding:
            self.values[binding] = before | found
        return found

    def function(self, args: ast.arguments, body: Sequence[ast.stmt]) -> Nodes:
        """A function is gone through where it stands; what it changes stays inside."""
        for default in [*args.defaults, *args.kw_defaults]:
            self.read(default)
        before = dict(self.values)
        for node in ast.walk(args):
            if isinstance(node, ast.arg):
                found = self.node(node, ())
                if found:
                    self.values[self.of[id(node)]] = found
        self.block(body)
        self.values = before
        return NONE

    def block(self, lines: Iterable[ast.stmt]) -> None:
        """One statement after another."""
        for line in lines:
            kind = getattr(self, f"on_{type(line).__name__}", self.other)
            kind(line)

    def on_Assign(self, line: ast.Assign) -> None:
        """The value is read before its targets are written."""
        sources = self.read(line.value)
        for target in line.targets:
            self.write(target, sources, line.value)

    def on_AugAssign(self, line: ast.AugAssign) -> None:
        """The target comes from itself too."""
        sources = self.read(line.value)
        if isinstance(line.target, ast.Name):
            sources |= self.values.get(self.of.get(id(line.target)), NONE)  # type: ignore[arg-type]
        self.write(line.target, sources)

    def on_AnnAssign(self, line: ast.AnnAssign) -> None:
        """As any other, if there is a value."""
        if line.value is not None:
            self.write(line.target, self.read(line.value))

    def on_FunctionDef(self, line: ast.FunctionDef) -> None:
        """Its body, with what is known here."""
        self.function(line.args, line.body)

    on_AsyncFunctionDef = on_FunctionDef

    def on_For(self, line: ast.For) -> None:
        """The target comes from what is gone through."""
        sources = self.read(line.iter)
        self.loop(line.body, line.orelse, lambda: self.write(line.target, sources))

    on_AsyncFor = on_For

    def on_While(self, line: ast.While) -> None:
        """The test is read before each turn."""
        self.loop(line.body, line.orelse, lambda: self.read(line.test))

    def loop(
        self, body: list[ast.stmt], orelse: list[ast.stmt], begin: Callable[[], object]
    ) -> None:
        """Twice, so that what a turn leaves is seen by the next; or not at all."""
        for _ in range(2):
            before = dict(self.values)
            begin()
            self.block(body)
            self.values = merged([before, self.values])
        self.block(orelse)

    def on_If(self, line: ast.If) -> None:
        """Either way."""
        self.read(line.test)
        self.ways([line.body, line.orelse])

    def on_Try(self, line: ast.Try) -> None:
        """All of it, or what came before and a handler."""
        before = dict(self.values)
        self.block([*line.body, *line.orelse])
        after, self.values = self.values, merged([before, self.values])
        self.ways([handler.body for handler in line.handlers])
        self.values = merged([after, self.values])
        self.block(line.finalbody)

    def on_Match(self, line: ast.Match) -> None:
        """Any of the cases, or none."""
        self.read(line.subject)
        self.ways([*(case.body for case in line.cases), []])

    def ways(self, blocks: Sequence[Sequence[ast.stmt]]) -> None:
        """Each from the same beginning; afterwards any of their ends."""
        before, ends = self.values, []
        for block in blocks:
            self.values = dict(before)
            self.block(block)
            ends.append(self.values)
        self.values = merged(ends) if ends else before

    def on_With(self, line: ast.With) -> None:
        """The names of what is opened, then the body."""
        for item in line.items:
            sources = self.read(item.context_expr)
            if item.optional_vars:
                self.write(item.optional_vars, sources)
        self.block(line.body)

    on_AsyncWith = on_With

    def other(self, line: ast.stmt) -> None:
        """Whatever it reads, and blocks inside it (of a class)."""
        for part in ast.iter_child_nodes(line):
            if not isinstance(part, ast.stmt):
                self.read(part)
        self.block(getattr(line, "body", ()))


def merged(ends: Sequence[Values]) -> Values:
    """A variable may have any of its values."""
    found: Values = {}
    for end in ends:
        for binding, nodes in end.items():
            found[binding] = found.get(binding, NONE) | nodes
    return found
