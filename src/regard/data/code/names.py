"""Which names of a program are its own, and other names for them: scope by scope.

Its own are variables, parameters and functions. Kept are imports, built-ins, classes, what stands
in a class (it is an attribute), `self` and `cls`, and parameters that a call names.
"""

import ast
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Place = tuple[ast.AST, str, int | None]  # a node, its field, the place in it if that is a list


@dataclass(eq=False)
class Binding:
    """One variable: its name, whose it is, where it is written, whether it must keep its name."""

    name: str
    scope: "Scope"
    kept: bool = False
    places: list[Place] = field(default_factory=list)

    def write(self, new: str) -> None:
        """Give it another name, wherever it is written."""
        for node, key, number in self.places:
            if number is None:
                setattr(node, key, new)
            else:
                getattr(node, key)[number] = new


@dataclass(eq=False)
class Scope:
    """What is bound in a module, class, function or comprehension."""

    kind: str
    outer: "Scope | None" = None
    bound: dict[str, Binding] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)  # name -> global or nonlocal

    def module(self) -> "Scope":
        """The outermost one."""
        return self if self.outer is None else self.outer.module()

    def home(self, name: str) -> "Scope":
        """Where a name that is assigned to here belongs."""
        declared = self.elsewhere.get(name)
        if declared == "global":
            return self.module()
        if declared == "nonlocal":
            found = self.outer and self.outer.found(name)
            return found or self
        return self

    def found(self, name: str) -> "Scope | None":
        """The scope that a use in a function inside this one sees; classes are passed over."""
        if name in self.bound and self.kind != "class" and name not in self.elsewhere:
            return self
        if self.elsewhere.get(name) == "global":
            return self.module()
        return self.outer.found(name) if self.outer else None

    def seen(self, name: str) -> Binding | None:
        """What a use right here means; None: a built-in, or nothing."""
        if name in self.bound and (name not in self.elsewhere or self.outer is None):
            return self.bound[name]
        scope = self.home(name) if name in self.elsewhere else self.outer
        if scope is self or scope is None:
            return None
        there = scope if name in self.elsewhere else scope.found(name)
        return there.bound.get(name) if there else None


class Names(ast.NodeVisitor):
    """The bindings of a tree: `of` says which one a node's name means."""

    def __init__(self, tree: ast.AST):
        self.scope = Scope("module")
        self.uses: list[tuple[Scope, str, Place]] = []
        self.keywords = {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword)}
        self.visit(tree)
        self.of: dict[int, Binding] = {}
        self.free: set[str] = set()
        self.bindings: list[Binding] = []
        for scope, name, place in self.uses:
            binding = scope.seen(name)
            if binding is None:
                self.free.add(name)
                continue
            if not binding.places:
                self.bindings.append(binding)
            binding.places.append(place)
            self.of[id(place[0])] = binding

    def bind(self, name: str, place: Place | None, kept: bool = False) -> None:
        """A name is assigned to here; without a place it is not ours to write."""
        home = self.scope.home(name)
        binding = home.bound.setdefault(name, Binding(name, home))
        binding.kept |= kept or home.kind == "class" or place is None
        if place is not None:
            self.uses.append((self.scope, name, place))

    def within(self, kind: str, *parts: Iterable[ast.AST] | ast.AST) -> None:
        """Visit parts in a scope of their own."""
        self.scope = Scope(kind, self.scope)
        self.visit_all(*parts)
        assert self.scope.outer
        self.scope = self.scope.outer

    def visit_all(self, *parts: Iterable[ast.AST] | ast.AST | None) -> None:
        """One after another."""
        for part in parts:
            for node in [part] if isinstance(part, ast.AST) else part or ():
                self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """A use, or an assignment."""
        if isinstance(node.ctx, ast.Load):
            self.uses.append((self.scope, node.id, (node, "id", None)))
        else:
            self.bind(node.id, (node, "id", None))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """In a comprehension it belongs to what is around that."""
        self.visit(node.value)
        inner = self.scope
        while self.scope.kind == "comprehension" and self.scope.outer:
            self.scope = self.scope.outer
        self.visit(node.target)
        self.scope = inner

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Defaults, annotations and decorators are outside, the body is inside."""
        self.visit_all(node.decorator_list)
        self.bind(node.name, (node, "name", None))
        self.outside(node.args, node.returns)
        method = self.scope.kind == "class"
        self.within("function", self.arguments(node.args, method), node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """As a function without a name."""
        self.outside(node.args)
        self.within("function", self.arguments(node.args), node.body)

    def outside(self, args: ast.arguments, returns: ast.AST | None = None) -> None:
        """What of a function's head is read where it stands."""
        annotations = [a.annotation for a in every(args) if a.annotation]
        self.visit_all(args.defaults, [d for d in args.kw_defaults if d], annotations, returns)

    def arguments(self, args: ast.arguments, method: bool = False) -> Iterable[ast.AST]:
        """Binds the parameters as soon as it is gone through; gives nothing to visit."""
        for number, a in enumerate(every(args)):
            own = method and number == 0 and a.arg in ("self", "cls")
            self.bind(a.arg, (a, "arg", None), own or a.arg in self.keywords)
        yield from ()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Its body is a scope that functions inside do not see."""
        self.visit_all(node.decorator_list, node.bases, node.keywords)
        self.bind(node.name, (node, "name", None), kept=True)
        self.within("class", node.body)

    def comprehension(self, node: ast.AST) -> None:
        """The first iterable is outside."""
        first, *others = node.generators  # type: ignore[attr-defined]
        self.visit(first.iter)
        values = [getattr(node, n) for n in ("key", "value", "elt") if hasattr(node, n)]
        self.within("comprehension", first.target, first.ifs, others, values)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """What is gone through, then what it is called."""
        self.visit_all(node.iter, node.target, node.ifs)

    def imported(self, node: ast.Import | ast.ImportFrom) -> None:
        """Kept."""
        for alias in node.names:
            self.bind((alias.asname or alias.name).partition(".")[0], None)

    visit_Import = visit_ImportFrom = imported

    def declared(self, node: ast.Global | ast.Nonlocal) -> None:
        """Global, nonlocal: the name is written here too."""
        kind = "global" if isinstance(node, ast.Global) else "nonlocal"
        for number, name in enumerate(node.names):
            self.scope.elsewhere[name] = kind
            self.bind(name, (node, "names", number))

    visit_Global = visit_Nonlocal = declared

    def caught(self, node: ast.AST) -> None:
        """Exceptions and patterns that are given a name."""
        key = "rest" if isinstance(node, ast.MatchMapping) else "name"
        if getattr(node, key):
            self.bind(getattr(node, key), (node, key, None))
        self.generic_visit(node)

    visit_ExceptHandler = visit_MatchAs = visit_MatchStar = visit_MatchMapping = caught


def every(args: ast.arguments) -> list[ast.arg]:
    """All parameters, in the order in which they are written."""
    stars = [[a] if a else [] for a in (args.vararg, args.kwarg)]
    return [*args.posonlyargs, *args.args, *stars[0], *args.kwonlyargs, *stars[1]]


Naming = Callable[[Sequence[Binding], set[str]], list[str]]


def rename(tree: ast.AST, naming: Naming) -> None:
    """Give the program's own names other ones, in place.

    `naming` gets them in the order of their first place, and the names that must not be used.
    """
    names = Names(tree)
    own = [binding for binding in names.bindings if not binding.kept]
    taken = names.free | {binding.name for binding in names.bindings if binding.kept}
    for binding, new in zip(own, naming(own, taken), strict=True):
        binding.write(new)


def numbered(own: Sequence[Binding], taken: set[str]) -> list[str]:
    """v0, v1, … by first place, whatever they were called.

    A function goes on counting from what is around it, so that two functions beside each other
    use the same numbers, and none hides a name that it sees.
    """
    counts = Counter(id(binding.scope) for binding in own)
    numbers, given = free(len(own), taken), Counter[int]()
    found = []
    for binding in own:
        around, scope = 0, binding.scope.outer
        while scope is not None:
            around, scope = around + counts[id(scope)], scope.outer
        found.append(f"v{numbers[around + given[id(binding.scope)]]}")
        given[id(binding.scope)] += 1
    return found


def free(count: int, taken: set[str]) -> list[int]:
    """The first numbers that make no name already taken."""
    return [n for n in range(count + len(taken)) if f"v{n}" not in taken][:count]


def drawn(rng: random.Random, pool: Sequence[str]) -> Naming:
    """Names by chance out of a pool, each once; if there are too few, numbered ones."""

    def naming(own: Sequence[Binding], taken: set[str]) -> list[str]:
        fresh = [name for name in pool if name not in taken]
        chosen = rng.sample(fresh, min(len(own), len(fresh)))
        rest = free(len(own) - len(chosen), taken | set(chosen))
        return [*chosen, *(f"v{number}" for number in rest)]

    return naming
