"""How a part is proved: what its proof file has to say, and on what it is tried.

`tests/proofs/FAMILY/KIND.py` holds the part's formula written out plainly (`naive`), settings to
try (`CONFIGS`, else the default ones), what theory says of it (`limit_...`), and comparisons with
libraries (`outside_...`, run only by `make test-all`).

`B` rows, `T` positions, `S` keys, `D` width, `H` heads, `K` head width, `V` vocabulary.
"""

import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from regard import parts
from regard.attention.scope import Causal, Scope, scope_of
from regard.pass_ import Keys, Pass, encoding

HERE = Path(__file__).parent
B, T, S, H, K, V = 3, 13, 7, 2, 4, 23
D = H * K
LENGTHS = (13, 9, 1)
CLOSE = 1e-8  # in float64; the issue asks for 1e-5

OK = {
    "full": None,
    "right": torch.arange(T) < torch.tensor(LENGTHS)[:, None],
    "holes": torch.rand(B, T, generator=torch.Generator().manual_seed(5)) < 0.7,
}


def named(family: str) -> list[str]:
    """Every kind of a family that a file describes by its own name."""
    return sorted(path.stem for path in parts.files(family) if path.stem != "residual")


def proof(family: str, kind: str) -> ModuleType:
    """The proof file of a kind. Raises AssertionError if it has none."""
    path = HERE / family / f"{kind}.py"
    assert path.exists(), f"{family}/{kind} has no proof: write tests/proofs/{family}/{kind}.py"
    name = f"proofs.{family}.{kind}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        sys.modules[name] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def header(family: str, kind: str) -> parts.Part:
    """What the head of its file says of a kind. Raises ValueError where it says too little."""
    found = parts.read(parts.HERE / family / f"{kind}.py", family)
    assert found, f"{family}/{kind}.py: its docstring is no header"
    return found[0]


def cheap(kind: str) -> bool:
    """Does this attention claim to cost less than all pairs of positions?"""
    try:
        return "T S" not in header("attention", kind).cost
    except (ValueError, AssertionError):
        return False  # another test complains


class Found(NamedTuple):
    """A function of a proof file."""

    family: str
    kind: str
    name: str

    @property
    def check_it(self) -> Callable[[], None]:
        """The function itself."""
        return getattr(proof(self.family, self.kind), self.name)

    def __str__(self) -> str:
        return f"{self.family}.{self.kind}:{self.name}"


def functions(prefix: str) -> Iterator[Found]:
    """Every function of the proof files whose name begins so."""
    for family in parts.FAMILIES:
        for path in sorted((HERE / family).glob("*.py")):
            names = vars(proof(family, path.stem))
            yield from (Found(family, path.stem, n) for n in names if n.startswith(prefix))


def configs(family: str, kind: str) -> list[Any]:
    """The settings to try."""
    found = getattr(proof(family, kind), "CONFIGS", None)
    if found is not None:
        return list(found)
    from importlib import import_module

    config = import_module(f"regard.{family}.{kind}").Config
    return [config(heads=H) if family == "attention" else config()]


def shaken(module: nn.Module, seed: int = 11) -> nn.Module:
    """In float64, none of its weights at a special value."""
    draw = torch.Generator().manual_seed(seed)
    module = module.double().eval()
    with torch.no_grad():
        for p in module.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=draw, dtype=p.dtype))
    return module


def drawn(*shape: int, seed: int = 3) -> Tensor:
    """Numbers to try, ready for gradients."""
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=draw, dtype=torch.float64).requires_grad_()


def tokens(rows: int = B, length: int = T) -> Tensor:
    """Token ids."""
    return torch.randint(0, V, (rows, length), generator=torch.Generator().manual_seed(9))


def trip(ok: Tensor | None, causal: bool, rows: int = B, length: int = T) -> Pass:
    """A trip over rows of that many tokens."""
    made = encoding(ok, torch.zeros(rows, length, 1), tokens(rows, length))
    made.rules = (Causal(),) if causal else ()
    return made


def own_scope(ok: Tensor | None, causal: bool) -> tuple[Scope, Pass]:
    """Who sees whom among T positions; keep the Pass: the scope knows it weakly."""
    pass_ = trip(ok, causal)
    return scope_of(pass_), pass_


def memory_scope(ok: Tensor | None) -> Scope:
    """T queries over S keys of a memory."""
    pos = torch.arange(S).expand(B, S)
    q_pos = torch.arange(T).expand(B, T)
    return Scope(q_pos, Keys(pos, ok, "full" if ok is None else "right"))


def seen(scope: Scope) -> Tensor:
    """B 1 T S, True = may attend, written out."""
    allow = scope.allow()
    shape = (*scope.q_pos.shape, scope.k_pos.size(1))
    everything = torch.ones(shape, dtype=torch.bool)[:, None]
    return everything if allow is None else (allow & everything)


def plain_softmax(scores: Tensor, see: Tensor) -> Tensor:
    """Softmax over what may be seen (B 1 T S); zeros where that is nothing."""
    scores = scores.masked_fill(~see, -1e30)
    e = (scores - scores.amax(-1, keepdim=True)).exp() * see
    return e / e.sum(-1, keepdim=True).clamp_min(1e-300)


def dense(q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
    """Scaled dot-product attention in three lines: what many limits come down to."""
    scores = q @ k.transpose(-1, -2) / q.size(-1) ** 0.5
    return plain_softmax(scores, seen(scope)) @ v


def same(got: Tensor, want: Tensor, where: str = "", atol: float = CLOSE) -> None:
    """Equal, relative to the size of the numbers."""
    assert got.shape == want.shape, f"{where}: shapes {got.shape} and {want.shape}"
    far = float((got - want).detach().abs().max()) if got.numel() else 0.0
    size = max(1.0, float(want.detach().abs().max())) if want.numel() else 1.0
    assert far <= atol * size, f"{where}: {far:.3g} apart"


def check_same(
    got: Tensor, want: Tensor, inputs: dict[str, Tensor], where: str, real: Tensor | None = None
) -> None:
    """Values and the gradients of all inputs are equal; `real` (B T) is where it matters.

    `got` and `want` lie over the same inputs: (B ... T ...) with T at the dimension `real` fits.
    """
    if real is not None:
        hidden = ~real.view((B, 1, -1, 1) if got.dim() == 4 else (B, -1, 1))
        got, want = got.masked_fill(hidden, 0.0), want.masked_fill(hidden, 0.0)
    same(got, want, f"{where}: values")
    draw = torch.Generator().manual_seed(1)
    weight = torch.randn(got.shape, generator=draw, dtype=got.dtype)
    needs = {n: x for n, x in inputs.items() if x.requires_grad}
    grads = [
        torch.autograd.grad((y * weight).sum(), list(needs.values()), allow_unused=True)
        for y in (got, want)
    ]
    for name, a, b in zip(needs, *grads, strict=True):
        zero = torch.zeros_like(needs[name])
        a, b = (zero if g is None else g for g in (a, b))
        same(a, b, f"{where}: gradient of {name}", 10 * CLOSE)


class Watch(TorchDispatchMode):
    """Remembers how many numbers the largest tensor held that any operation gave."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for t in out if isinstance(out, tuple | list) else (out,):
            if isinstance(t, Tensor):
                self.most = max(self.most, t.numel())
        return out


def largest(core: nn.Module, causal: bool, length: int, heads: int = 1) -> int:
    """Numbers in the largest tensor made on the way through one row of this length."""
    groups = core.key_heads or heads
    q, k, v = (torch.randn(1, n, length, K).float() for n in (heads, groups, groups))
    pass_ = trip(None, causal, 1, length)
    with Watch() as watch, torch.no_grad():
        core(q, k, v, scope_of(pass_), None)
    return watch.most
