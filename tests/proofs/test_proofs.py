"""Every part against its formula written out, gradients included, and its limits; found by walking.

What each part owes inside a model (a step equals the whole, nobody looks ahead, padding is
invisible ...) is in tests/conformance.
"""

import ast
import inspect
from importlib import import_module
from typing import Any

import proving
import pytest
import torch
from proving import (
    B,
    D,
    H,
    K,
    S,
    T,
    V,
    cheap,
    check_same,
    configs,
    drawn,
    header,
    named,
    proof,
    shaken,
)  # fmt: skip

from regard import parts
from regard.attention.scope import scope_of
from regard.attention.softmax import Config as Softmax
from regard.block.base import Layer
from regard.recipe import kinds

SAID = [*proving.functions("limit_"), *proving.functions("outside_")]
HERE = str(proving.HERE)
CLAIMS = {"same", "check_same", "pytest.raises", "torch.testing.assert_close"}


@pytest.fixture(autouse=True)
def exact():
    """Everything in float64 and drawn from one seed."""
    old = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(11)
    yield
    torch.set_default_dtype(old)


def each(family: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", named(family))


def parameters(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return dict(module.named_parameters())


# -- attention -------------------------------------------------------------------------------------


@each("attention")
def test_attention_is_its_formula(kind):
    for config in configs("attention", kind):
        core = shaken(config.core(K))
        for causal in (False, True):
            if causal and not core.incremental:
                continue
            for label, ok in proving.OK.items():
                check_attention(kind, core, causal, label, ok, config.heads)
        if core.cross:
            check_memory(kind, core, config.heads)


def check_attention(kind: str, core: Any, causal: bool, label: str, ok: Any, heads: int) -> None:
    made, where = proof("attention", kind), f"{kind}, causal {causal}, padding {label}"
    groups = core.key_heads or heads
    q, k, v = (drawn(B, n, T, K, seed=i) for i, n in enumerate((heads, groups, groups)))
    prepare = getattr(made, "prepare", lambda pass_: None)
    answers, aux = [], []
    for how in (lambda *a: core(*a, None)[0], lambda *a: made.naive(core, *a)):
        scope, pass_ = proving.own_scope(ok, causal)
        prepare(pass_)
        answers.append(how(q, k, v, scope))
        aux.append(sum(pass_.aux))
    inputs = {"q": q, "k": k, "v": v, **parameters(core)}
    check_same(*answers, inputs, where, ok)
    if hasattr(made, "naive_aux"):
        scope, pass_ = proving.own_scope(ok, causal)
        prepare(pass_)
        want = made.naive_aux(core, q, k, v, scope)
        proving.same(torch.as_tensor(aux[0]), torch.as_tensor(want), f"{where}: extra loss")


def check_memory(kind: str, core: Any, heads: int) -> None:
    made, groups = proof("attention", kind), core.key_heads or heads
    q = drawn(B, heads, T, K, seed=0)
    k, v = (drawn(B, groups, S, K, seed=i) for i in (1, 2))
    for ok in (None, torch.arange(S) < torch.tensor([7, 3, 5])[:, None]):
        scope = proving.memory_scope(ok)
        got, want = core(q, k, v, scope, None)[0], made.naive(core, q, k, v, scope)
        check_same(got, want, {"q": q, "k": k, "v": v}, f"{kind} over a memory")


LONG = 2048


@pytest.mark.parametrize("kind", [k for k in named("attention") if cheap(k)])
def test_what_claims_less_than_all_pairs_makes_no_matrix_of_them(kind):
    """The largest tensor on the way through a long row is far smaller than T T."""
    config = getattr(proof("attention", kind), "LONG", None)
    if config is None:
        config = import_module(f"regard.attention.{kind}").Config(heads=1)
    core = config.core(K).float().eval()
    for causal in (False, True):
        if core.incremental or not causal:
            most = proving.largest(core, causal, LONG, config.heads)
            assert most < config.heads * LONG * LONG / 4, f"{most} numbers at {LONG} positions"


# -- positions -------------------------------------------------------------------------------------


@each("position")
def test_position_is_its_formula(kind):
    made = proof("position", kind)
    for config in configs("position", kind):
        position = shaken(config.build(D, H))
        for label, ok in proving.OK.items():
            where = f"{kind}, padding {label}"
            if hasattr(made, "naive"):
                q, k, v = (drawn(B, H, T, K, seed=i) for i in range(3))
                for causal in (False, True):
                    scope, pass_ = proving.own_scope(ok, causal)
                    pos = pass_.pos
                    turned = [position.turn(x, pos) for x in (q, k)]
                    core = Softmax(heads=H).core(K)
                    got = core(*turned, v, scope.at(position), None)[0]
                    want = made.naive(position, q, k, v, scope)
                    inputs = {"q": q, "k": k, "v": v, **parameters(position)}
                    check_same(got, want, inputs, where, ok)
            if hasattr(made, "naive_add"):
                x = drawn(B, T, D)
                for layer in (0, 1):
                    pass_ = proving.trip(ok, causal=False)
                    got = position.add(x, pass_, layer)
                    want = made.naive_add(position, x, pass_, layer)
                    check_same(got, want, {"x": x, **parameters(position)}, where, ok)
        assert hasattr(made, "naive") or hasattr(made, "naive_add")


# -- what stands by itself -------------------------------------------------------------------------


@each("norm")
def test_norm_is_its_formula(kind):
    for config in configs("norm", kind):
        for training in (False, True):
            for label, ok in proving.OK.items():
                x = drawn(B, T, D)
                norms = [shaken(config.build(D)).train(training) for _ in range(2)]
                norms[1].load_state_dict(norms[0].state_dict())
                got = norms[0](x, ok)
                want = proof("norm", kind).naive(norms[1], x, ok)
                check_same(got, want, {"x": x}, f"{kind}, training {training}, {label}", ok)


@each("ff")
def test_ff_is_its_formula(kind):
    made = proof("ff", kind)
    for config in configs("ff", kind):
        ff = shaken(config.build(D))
        for label, ok in proving.OK.items():
            x, pass_, other = drawn(B, T, D), proving.trip(ok, False), proving.trip(ok, False)
            got, want = ff(x, pass_), made.naive(ff, x, other)
            check_same(got, want, {"x": x, **parameters(ff)}, f"{kind}, padding {label}", ok)
            if hasattr(made, "naive_aux"):
                extra = made.naive_aux(ff, x, proving.trip(ok, False))
                proving.same(torch.as_tensor(sum(pass_.aux)), extra, f"{kind}: extra loss")


@each("embed")
def test_embedding_is_its_formula(kind):
    for config in configs("embed", kind):
        embed = shaken(config.build(V, D))
        ids, made = proving.tokens(), proof("embed", kind)
        check_same(embed(ids), made.naive(embed, ids), parameters(embed), kind)
        every = embed(torch.arange(V)[None])[0] / getattr(embed, "factor", 1.0)
        check_same(
            embed.weight, every, parameters(embed), f"{kind}: the weight an output layer shares"
        )


# -- what has a state ------------------------------------------------------------------------------


@each("mixer")
def test_mixer_is_its_formula(kind):
    for config in configs("mixer", kind):
        mixer = shaken(config.build(D))
        for label, ok in proving.OK.items():
            for causal in (True, False):
                if causal and not mixer.incremental:
                    continue
                x, pass_ = drawn(B, T, D), proving.trip(ok, causal)
                got = mixer(x, pass_)[0]
                want = proof("mixer", kind).naive(mixer, x, proving.trip(ok, causal))
                check_same(got, want, {"x": x, **parameters(mixer)}, f"{kind}, padding {label}", ok)


@each("block")
def test_block_is_its_formula(kind):
    for config in configs("block", kind):
        block = shaken(config.build(D, None, False, 2))
        for label, ok in proving.OK.items():
            x, pass_ = drawn(B, T, D), proving.trip(ok, False)
            got = block(x, pass_, Layer())[0]
            want = proof("block", kind).naive(block, x, proving.trip(ok, False))
            check_same(got, want, {"x": x, **parameters(block)}, f"{kind}, padding {label}", ok)


@each("stack")
def test_stack_is_its_formula(kind):
    """`naive(stack, x, pass_)` of what reads, `naive_writes(decoder, x, pass_)` of what writes;
    over a memory where the proof has an `encoded()`.
    """
    made = proof("stack", kind)
    for config in configs("stack", kind):
        if config.reads:
            encoder = shaken(config.encoder(D))
            for label, ok in proving.OK.items():
                x = drawn(B, T, D)
                got = encoder(x, proving.trip(ok, False))
                want = made.naive(encoder, x, proving.trip(ok, False))
                real = got.ok
                inputs = {"x": x, **parameters(encoder)}
                check_same(got.x, want, inputs, f"{kind} reads, padding {label}", real)
        if config.writes and hasattr(made, "naive_writes"):
            encoded = made.encoded() if hasattr(made, "encoded") else None
            decoder = shaken(config.decoder(D, None if encoded is None else encoded.x.size(-1)))
            x, pass_ = drawn(B, T, D), proving.trip(None, True)
            layers, pass_.memory = decoder.start(encoded, B, None, x[:, :0])
            got = decoder(x, pass_, layers)[0]
            want = made.naive_writes(decoder, x, proving.trip(None, True))
            check_same(got, want, {"x": x, **parameters(decoder)}, f"{kind} writes")
        assert config.reads or hasattr(made, "naive_writes"), f"{kind}: nothing is proved"


# -- what theory says, and other libraries ---------------------------------------------------------


@pytest.mark.parametrize("found", list(proving.functions("limit_")), ids=str)
def test_limit(found):
    found.check_it()


@pytest.mark.parametrize("found", SAID, ids=str)
def test_a_limit_claims_something(found):
    assert compares(found.check_it), f"{found} compares nothing"


def compares(function: Any) -> bool:
    """Are two things compared in it, or in what it calls of the proofs?"""
    left, seen = [function], set()
    while left:
        function = left.pop()
        seen.add(function)
        tree = ast.parse(inspect.getsource(function))
        called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        if any(isinstance(n, ast.Assert) for n in ast.walk(tree)) or called & CLAIMS:
            return True
        known = {named_in(function, name) for name in called} - seen - {None}
        left += [f for f in known if HERE in f.__code__.co_filename]
    return False


def named_in(function: Any, name: str) -> Any:
    """What a plain or dotted name means there; None for anything else."""
    first, *rest = name.split(".")
    value = function.__globals__.get(first)
    for word in rest:
        value = getattr(value, word, None)
    return value if inspect.isfunction(value) else None


@pytest.mark.parity
@pytest.mark.parametrize("found", list(proving.functions("outside_")), ids=str)
def test_outside(found):
    found.check_it()


# -- the headers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [n for f in parts.FAMILIES for n in (f"{f}.{k}" for k in kinds(f))]
)
def test_a_header_says_what_the_code_does(name):
    family, _, kind = name.partition(".")
    part = header(family, kind)
    assert "http" in part.paper or part.paper.startswith("none"), "no paper to read"
    limits = [f for f in proving.functions("limit_") if (f.family, f.kind) == (family, kind)]
    assert bool(part.limit) == bool(limits), "a Limit in the header is a limit_... in the proof"
    config = configs(family, kind)[0]
    if family == "attention":
        core = config.core(K)
        assert (part.causal, part.scores) == (core.incremental, core.scores)
    if family == "mixer":
        assert part.causal == config.build(D).incremental
    if family == "stack":
        assert part.causal == config.writes


def test_every_family_is_walked():
    for family in parts.FAMILIES:
        assert set(named(family)) >= set(kinds(family)), family
        assert import_module(f"regard.{family}")


def test_the_scope_of_a_trip_is_shared():
    scope, pass_ = proving.own_scope(None, True)
    assert scope_of(pass_) is scope
