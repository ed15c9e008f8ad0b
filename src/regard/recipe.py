"""Recipes: YAML becomes a tree of frozen, checked settings; a mistake becomes a sentence.

Every part of the house owns a `Config`; a recipe is a tree of them. The name of a file is its kind:
`mixer: {kind: linear, heads: 8}` (or just `mixer: linear`) is filled by
`regard/attention/linear.py`, so nothing in a recipe can reach code outside the package, and there
is no registry.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import core_schema

SHIPPED = Path(__file__).parent / "recipes"
Rate = Annotated[float, Field(ge=0, lt=1)]  # a share to drop


class UserError(ValueError):
    """Bad input, told in one sentence: where, what is wrong, what would be right."""


class Fault(ValueError):
    """A mistake found while checking, with the path (relative to the one who asked) it was at."""

    def __init__(self, path: str, message: str):
        super().__init__(f"{path}: {message}")
        self.path, self.message = path, message


MANY = 20  # names that a hint lists


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint that ends a sentence about an unknown name."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    more = f" … ({len(known)} in all)" if len(known) > MANY else ""
    return f"one of {', '.join(known[:MANY]) or '(none)'}{more}"


class Config(BaseModel):
    """Base of every part's settings: frozen, typed, and unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, arbitrary_types_allowed=True,
        protected_namespaces=(),
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def known_keys(cls, data: Any) -> Any:
        """Refuse a key that is no field, naming the nearest one."""
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    hint = nearest(str(key), cls.model_fields)
                    raise Fault(str(key), f"no such setting; {hint}")
        return data

    def at(self, layer: int) -> "Config":
        """The settings for one layer of a stack: the same, unless a part wants to be another."""
        parts = {name: getattr(self, name) for name in type(self).model_fields}
        own = {name: p.at(layer) for name, p in parts.items() if isinstance(p, Config)}
        other = {name: p for name, p in own.items() if p is not parts[name]}
        return self.model_copy(update=other) if other else self


C = TypeVar("C", bound=Config)


@cache
def kinds(family: str) -> dict[str, str]:
    """Kind -> module of every file of `regard/<family>/` that has a `Config`."""
    package = importlib.import_module(f"regard.{family}")
    found = {}
    for m in pkgutil.iter_modules(package.__path__):
        source = Path(package.__path__[0], f"{m.name}.py")  # read, not imported: some are heavy
        helper = m.name == "base" or m.name.startswith("_") or not source.is_file()
        if not helper and "\nclass Config(" in source.read_text("utf-8"):
            found[m.name] = f"regard.{family}.{m.name}"
    return found


class Part:
    """Annotation of a field that any file of these families fills: `Annotated[Any, Part("norm")]`.

    `default` is the kind of a mapping that names none.
    """

    def __init__(self, *families: str, default: str | None = None):
        self.families, self.default = families, default

    def known(self) -> dict[str, str]:
        """Kind -> module over all families of this part."""
        return {kind: module for family in self.families for kind, module in kinds(family).items()}

    def pick(self, value: Any) -> Config:
        """Turn `softmax`, `{kind: softmax, heads: 8}` or a ready Config into a Config."""
        if isinstance(value, Config):
            return value
        if isinstance(value, str):
            value = {"kind": value}
        if isinstance(value, Mapping) and self.default:
            value = {"kind": self.default, **value}
        if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str):
            raise Fault("", f"wants a kind, such as {{kind: {next(iter(self.known()))}}}")
        kind, known = value["kind"], self.known()
        if kind not in known:
            raise Fault("", f"no {self.families[0]} called {kind!r}; {nearest(kind, known)}")
        settings = {k: v for k, v in value.items() if k != "kind"}
        return check(importlib.import_module(known[kind]).Config, settings)

    @staticmethod
    def dump(value: Config) -> dict:
        """The inverse of `pick`."""
        return {"kind": kind_of(value), **value.model_dump(mode="json")}

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.pick,
            serialization=core_schema.plain_serializer_function_ser_schema(self.dump),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict:
        return {"regard.part": [list(self.families), self.default]}  # see recipe_schema


class Lazy(Part):
    """Annotation of a field whose Config lives in a module that may not be imported from here."""

    def pick(self, value: Any) -> Config:
        """Check the settings against the one `Config` of the module."""
        if isinstance(value, Config):
            return value
        return check(importlib.import_module(f"regard.{self.families[0]}").Config, value)

    @staticmethod
    def dump(value: Config) -> dict:
        """The inverse of `pick`."""
        return value.model_dump(mode="json")

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict:
        cls = importlib.import_module(f"regard.{self.families[0]}").Config
        return handler.resolve_ref_schema(handler(cls.__pydantic_core_schema__))


def kind_of(config: Config) -> str:
    """The kind under which a recipe asks for this Config: its file's name."""
    return type(config).__module__.rpartition(".")[2]


def check(cls: type[C], settings: Any) -> C:
    """Make `cls` of plain data.

    Raises Fault for the first mistake, its path relative to `settings`.
    """
    try:
        return cls.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(p) for p in first["loc"])
        inner = first.get("ctx", {}).get("error")
        if isinstance(inner, Fault):
            raise Fault(".".join(p for p in (path, inner.path) if p), inner.message) from None
        if isinstance(inner, ValueError):
            raise Fault(path, str(inner)) from None
        said = first["msg"][0].lower() + first["msg"][1:]
        got = "" if first["type"] == "missing" else f", got {first['input']!r:.80}"
        raise Fault(path, said + got) from None


class Recipe(Config):
    """What every recipe says; each task's Config adds its data, model and so on."""

    task: str
    seed: int = 1
    verb: ClassVar[str] = ""  # what its runs are used with; "": others start from them

    def settled(self, run: Any) -> Any:
        """The recipe that `run` trains: this one, unless settings come from elsewhere."""
        return self


def override(settings: dict, changes: Iterable[str]) -> dict:
    """Apply `a.b.c=value` (value in YAML) to nested plain data, in place.

    Raises UserError if a change is not of that form.
    """
    for change in changes:
        dotted, equals, text = change.partition("=")
        *path, leaf = dotted.strip().split(".")
        if not equals or not leaf:
            raise UserError(f"{change!r}: a change is written key=value, as train.steps=900")
        here = settings
        for key in path:
            inner = here.get(key)
            if isinstance(inner, str):
                inner = {"kind": inner}  # `mixer: softmax` is short for {kind: softmax}
            here[key] = here = {} if inner is None else inner
            if not isinstance(here, dict):
                raise UserError(f"{change!r}: {key} is a plain value and has no {leaf!r}")
        try:
            here[leaf] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise UserError(f"{change!r}: the value is no YAML") from None
    return settings


def shipped() -> dict[str, Path]:
    """Name -> file of the recipes inside the package."""
    files = sorted(SHIPPED.rglob("*.yaml"))
    return {f.relative_to(SHIPPED).with_suffix("").as_posix(): f for f in files}


def find(name: str) -> Path:
    """The file of a shipped recipe's name, or of a path.

    Raises UserError with the nearest name if there is neither.
    """
    if name in shipped():
        return shipped()[name]
    if Path(name).suffix in (".yaml", ".yml") and Path(name).is_file():
        return Path(name)
    raise UserError(f"no recipe {name!r}; {nearest(name, shipped())} (or a .yaml file)")


def read(path: Path) -> dict:
    """The plain data of a recipe file; `extends: NAME` starts from another one (one level)."""
    try:
        settings = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        raise UserError(f"{path}{line}: this is no YAML text; see `regard recipes`") from None
    if not isinstance(settings, dict):
        raise UserError(f"{path}: a recipe is a mapping of settings, starting with `task:`")
    if "extends" not in settings:
        return settings
    base = read(find(settings.pop("extends")))
    return merge(base, settings)


def merge(base: dict, changes: Mapping) -> dict:
    """`base` with `changes` laid over it, mapping by mapping; another `kind` replaces all of it."""
    for key, value in changes.items():
        old = base.get(key)
        base[key] = value if another(old, value) else merge(old or {}, value)
    return base


def another(old: Any, new: Any) -> bool:
    """Does `new` replace `old` rather than change it?"""
    if not (isinstance(old, dict) and isinstance(new, Mapping)):
        return True
    return new.get("kind", old.get("kind")) != old.get("kind")


def make(settings: Mapping, where: str = "recipe") -> Recipe:
    """Check plain data as a recipe of its task.

    Raises UserError: one sentence with the path of the mistake.
    """
    task = settings.get("task")
    if not isinstance(task, str) or task not in kinds("tasks"):
        raise UserError(f"{where}: no task {task!r}; {nearest(str(task), kinds('tasks'))}")
    try:
        return check(importlib.import_module(f"regard.tasks.{task}").Config, settings)
    except Fault as fault:
        raise UserError(f"{where}: {fault.path}: {fault.message}") from None


def load(name: str | Path, changes: Iterable[str] = ()) -> Recipe:
    """A recipe by shipped name or file, with `key=value` changes, checked."""
    path = find(str(name))
    return make(override(read(path), changes), path.name)


def dump(recipe: Recipe) -> str:
    """The recipe as YAML, every default spelt out, such that `make` gives it back."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
