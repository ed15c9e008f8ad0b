"""Who may import whom, and what nobody may call: read from the source, never by importing it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "regard"

# What passes between the parts of a model; it knows none of them.
COMMON = {"recipe", "pass_", "state", "dropout", "machine"}

# Unit -> the other units of ours that it may import; inside a unit files import each other freely.
# A unit is a file or folder at the top of the package, or a file named here as `folder.file`.
ALLOWED: dict[str, set[str]] = {
    "recipe": set(),
    "recipe_schema": {"recipe"},
    "machine": set(),
    "formal": set(),
    "evaluate": set(),
    "search": set(),
    "train.loss": {"recipe"},
    "data": {"recipe"},
    "pass_": {"recipe", "state"},
    "dropout": set(),
    "state": {"recipe", "pass_"},
    "position": COMMON,
    "norm": COMMON,
    "ff": COMMON,
    "embed": COMMON,
    "attention": COMMON | {"position"},
    "mixer": COMMON | {"attention", "position"},
    "block": COMMON | {"mixer", "norm", "ff", "attention", "position"},
    "stack": COMMON | {"block", "mixer", "norm", "attention", "position"},
    "models": COMMON | {"stack", "embed", "norm", "mixer", "attention", "position"},
    "run": {"recipe"},
    "tasks": COMMON | {"run", "models", "attention", "data", "search", "evaluate", "train.loss"},
    "train": COMMON | {"run", "tasks", "block", "train.loss"},
    "results": {"recipe", "run", "evaluate"},
    "look": COMMON | {"tasks", "data", "search"},
    "outside": COMMON | {"run", "tasks", "models", "data", "train"},
    "export": COMMON
    | {"run", "tasks", "models", "mixer", "norm", "position", "data", "search", "evaluate"}
    | {"outside"},
    "files": COMMON | {"tasks", "data"},
    "serve": COMMON | {"regard", "run", "tasks", "data", "files", "look"},
    "parts": set(),
    "bench": COMMON
    | {"regard", "run", "data", "search", "tasks", "train", "export", "results"}
    | {"attention", "evaluate", "parts"},
    "compress": COMMON
    | {"run", "tasks", "models", "attention", "data", "evaluate", "train", "export", "results"}
    | {"bench"},
    "studies": {"regard"},  # the public names only
}
EVERYTHING = {"cli", "api", "regard", "__main__"}  # `regard` is the package's own __init__

# Units that lean on little: the packages of others that they import beside the standard library.
OUTSIDE: dict[str, set[str]] = {
    "recipe": {"pydantic", "pydantic_core", "yaml"},
    "formal": {"numpy"},
    **{
        unit: {"torch"}
        for unit in {*COMMON, "position", "norm", "ff", "embed", "search", "train.loss"}
        if unit != "recipe"
    },
}

UNSAFE = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
NETWORK = {"requests", "httpx", "urllib3", "aiohttp", "urllib.request", "http.client", "ftplib"}
FORBIDDEN_CALLS = {
    "eval": "runs a string as code",
    "exec": "runs a string as code",
    "compile": "turns a string into code",
    "builtins.eval": "runs a string as code",
    "builtins.exec": "runs a string as code",
    "torch.load": "unpickles; use safetensors",
    "torch.serialization.load": "unpickles; use safetensors",
    "torch.hub.load": "runs code from the network",
    "pandas.read_pickle": "unpickles",
    "yaml.unsafe_load": "builds any object; use yaml.safe_load",
    "yaml.full_load": "builds too many objects; use yaml.safe_load",
}
SAFE_KEYWORDS = {"trust_remote_code": False, "allow_pickle": False, "weights_only": True}


def unit_of(module: tuple[str, ...]) -> str:
    """The unit of a module given without `regard`: () is the package itself."""
    if not module:
        return "regard"
    pair = ".".join(module[:2])
    return pair if pair in ALLOWED else module[0]


def home(path: Path) -> tuple[str, ...]:
    """The module of a file given relative to the package."""
    parts = path.with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imported(tree: ast.AST, path: Path, ours: set[str]) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import in the file, those inside functions too.

    `from regard import x` is `regard.x` where x is one of `ours` (the package's units), and else
    the package itself; `import_module("regard.x")` counts when the name is written out.
    """
    package = ("regard", *path.parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                public = origin == "regard" and alias.name not in ours
                yield node.lineno, origin if public else f"{origin}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            first = node.args[0]
            if name in ("import_module", "__import__") and isinstance(first, ast.Constant):
                yield node.lineno, str(first.value)


def check_direction(source: str, path: Path, ours: set[str]) -> list[str]:
    """What one file (`path` relative to the package) imports against the tables, as sentences."""
    unit = unit_of(home(path))
    if unit not in ALLOWED.keys() | EVERYTHING:
        return [f"{path}: `{unit}` is not in the table of who may import whom"]
    if unit == "studies":  # `from regard import train` is the verb there, not the folder
        ours = set()
    wrong = []
    for line, name in imported(ast.parse(source), path, ours):
        top, *rest = name.split(".")
        if top == "regard":
            other = unit_of(tuple(rest))
            if unit in EVERYTHING or other == unit or other in ALLOWED[unit]:
                continue
            wrong.append(f"{path}:{line}: `{unit}` may not import `{other}`")
        elif unit in OUTSIDE and top not in sys.stdlib_module_names | OUTSIDE[unit]:
            wrong.append(f"{path}:{line}: `{unit}` may not import the package `{top}`")
    return wrong


def dotted(node: ast.AST, names: dict[str, str]) -> str:
    """`t.load` as `torch.load` after `import torch as t`; "" for what is no plain name."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return f"{base}.{node.attr}" if base else ""
    return ""


def check_safety(source: str, path: Path) -> list[str]:
    """What in one file could unpickle, run a string as code or reach the network, as sentences."""
    tree = ast.parse(source)
    wrong, names = [], {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({a.asname: a.name for a in node.names if a.asname})
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
    for line, name in imported(tree, path, set()):
        for bad in UNSAFE | NETWORK:
            if f"{name}.".startswith(f"{bad}."):
                wrong.append(f"{path}:{line}: nobody imports `{bad}`")
    for node in ast.walk(tree):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Name | ast.Attribute):
            name = dotted(node, names)
            if name in FORBIDDEN_CALLS and isinstance(getattr(node, "ctx", None), ast.Load):
                wrong.append(f"{where}: `{name}` {FORBIDDEN_CALLS[name]}")
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            safe = SAFE_KEYWORDS.get(keyword.arg or "")
            if safe is not None and getattr(keyword.value, "value", None) is not safe:
                wrong.append(f"{where}: `{keyword.arg}` may only be {safe}")
        if dotted(node.func, names) == "yaml.load":
            loader = [k.value for k in node.keywords if k.arg == "Loader"] + node.args[1:2]
            unsafe = {"Loader", "FullLoader", "UnsafeLoader"}
            if not loader or dotted(loader[0], names).rsplit(".", 1)[-1] in unsafe:
                wrong.append(f"{where}: `yaml.load` needs a loader made from SafeLoader")
    return wrong


def files() -> list[Path]:
    """Every Python file of the package, relative to it."""
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def units() -> set[str]:
    """What lies at the top of the package."""
    return {path.parts[0].removesuffix(".py") for path in files()} - {"__init__"}


def read(path: Path) -> str:
    return (PACKAGE / path).read_text(encoding="utf-8")


def test_imports_point_downwards():
    assert files(), "no source found: the test would pass on nothing"
    ours = units()
    wrong = [line for path in files() for line in check_direction(read(path), path, ours)]
    assert not wrong, "\n".join(wrong)


def test_nothing_unpickles_runs_strings_or_calls_out():
    wrong = [line for path in files() for line in check_safety(read(path), path)]
    assert not wrong, "\n".join(wrong)


def test_the_table_itself_has_no_cycle():
    """Going down the table ends, but for the pair that the model's parts hand to each other."""
    below = {unit: others - {unit} for unit, others in ALLOWED.items()}
    below["state"] = below["state"] - {"pass_"}
    below["pass_"] = below["pass_"] - {"state"}
    done = {"regard"}
    while ready := {unit for unit in below if unit not in done and below[unit] <= done}:
        done |= ready
    assert done == ALLOWED.keys() | {"regard"}


OURS = set(ALLOWED) | {"cli"}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("attention/softmax.py", "import regard.mixer.gru"),
        ("attention/softmax.py", "from regard.mixer import gru"),
        ("attention/softmax.py", "from regard import mixer"),
        ("attention/softmax.py", "from .. import mixer"),
        ("attention/softmax.py", "from ..mixer.gru import Cell"),
        ("attention/softmax.py", "import importlib\nimportlib.import_module('regard.mixer')"),
        ("attention/deep/x.py", "from ...mixer import gru"),
        ("position/rotary.py", "def f():\n    from regard.attention.base import Core\n"),
        ("position/rotary.py", "if TYPE_CHECKING:\n    import regard.attention"),
        ("position/rotary.py", "import numpy as np"),
        ("search/beam.py", "from regard.recipe import UserError"),
        ("search/beam.py", "from regard.models import seq2seq"),
        ("search/beam.py", "import sacrebleu"),
        ("evaluate/scores.py", "from ..recipe import UserError"),
        ("evaluate/scores.py", "from regard import load"),
        ("formal.py", "import torch"),
        ("recipe.py", "import torch"),
        ("recipe.py", "from . import data"),
        ("data/rows.py", "from regard.pass_ import Pass"),
        ("models/lm.py", "from regard.block.residual import Residual"),
        ("tasks/translate.py", "from regard.train import loop"),
        ("tasks/translate.py", "from regard.train.loop import train"),
        ("train/loss.py", "from regard.train import loop"),
        ("train/loss.py", "from . import loop"),
        ("look/page.py", "from regard.cli import main"),
        ("studies/length.py", "from regard.tasks import translate"),
        ("bench/train.py", "from regard.cli import say"),
        ("bench/child/clock.py", "from regard.block import base"),
        ("novelty/x.py", "import torch"),
    ],
)
def test_a_wrong_import_is_caught(path: str, source: str):
    assert check_direction(source, Path(path), OURS)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("attention/softmax.py", "from regard.position.base import Position"),
        ("attention/softmax.py", "from regard.pass_ import Pass\nfrom regard import recipe"),
        ("attention/softmax.py", "from . import base\nfrom .base import Core\nimport numpy"),
        ("search/beam.py", "import math\nimport torch.nn.functional as F\nfrom .base import Beam"),
        ("tasks/translate.py", "from regard.train.loss import loss\nfrom regard.train import loss"),
        ("tasks/objective/rdrop.py", "from ..base import Task\nfrom ...models import seq2seq"),
        ("train/loop.py", "from .loss import loss\nfrom ..tasks.base import Task"),
        ("studies/length.py", "import regard\nfrom regard import load, train"),
        ("cli/train.py", "def f():\n    from regard.train import loop\nfrom regard import load"),
        ("bench/ours.py", "import regard\nfrom regard.train import training"),
        ("__init__.py", "from .recipe import UserError\nfrom regard.tasks import base"),
    ],
)
def test_a_right_import_passes(path: str, source: str):
    assert check_direction(source, Path(path), OURS) == []


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "exec(text)",
        "run = eval",
        "compile(text, 'x', 'exec')",
        "import builtins as b\nb.exec(text)",
        "import pickle",
        "def f():\n    from pickle import loads",
        "import urllib.request",
        "from urllib import request",
        "import requests as r",
        "import torch\ntorch.load('x')",
        "import torch\ntorch.load('x', weights_only=True)",
        "import torch as t\nt.load('x')",
        "from torch import load\nload('x')",
        "from torch import load as read\nread('x')",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "load_dataset('x', trust_remote_code=True)",
        "load_dataset('x', trust_remote_code=trust)",
        "import yaml\nyaml.load(text)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "import yaml\nyaml.load(text, yaml.UnsafeLoader)",
        "from yaml import unsafe_load as load\nload(text)",
    ],
)
def test_an_unsafe_line_is_caught(source: str):
    assert check_safety(source, Path("data/x.py"))


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()",
        "import re\nre.compile('x')",
        "import torch\ntorch.compile(model)",
        "import json\njson.load(file)",
        "import yaml\nyaml.load(text, Loader=Strict)\nyaml.safe_load(text)",
        "import numpy as np\nnp.load('x', allow_pickle=False)",
        "from urllib.parse import urlsplit",
        "from safetensors.torch import load_file\nload_file('x')",
        "def load(x):\n    return x\nload('x')",
    ],
)
def test_a_safe_line_passes(source: str):
    assert check_safety(source, Path("data/x.py")) == []
