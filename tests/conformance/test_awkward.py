"""The kinds that strain the seams, each against a naive form written from its paper."""

import math

import pytest
import torch
from torch import Tensor

from regard.attention.additive import Additive
from regard.attention.base import Core, CoreConfig
from regard.attention.linear import CHUNK
from regard.attention.linear import Config as Linear
from regard.attention.local import Config as Local
from regard.attention.realformer import Config as RealFormer
from regard.attention.reformer import SELF
from regard.attention.reformer import Config as Reformer
from regard.attention.scope import Causal, Edges, Scope, Window
from regard.attention.softmax import Config as Softmax
from regard.mixer.ssru import Config as SSRU
from regard.pass_ import Keys, Pass, encoding
from regard.position.alibi import Config as Alibi
from regard.position.base import Position
from regard.position.rotary import Config as Rotary
from regard.position.shaw import Config as Shaw
from regard.position.t5 import Config as T5
from regard.position.transformer_xl import Config as TransformerXL
from regard.recipe import UserError

B, H, T, K = 2, 3, 6, 4
D = H * K


@pytest.fixture(autouse=True)
def exact():
    """Everything in float64, drawn from one seed."""
    old = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(11)
    yield
    torch.set_default_dtype(old)


def qkv(T: int = T, H: int = H) -> tuple[Tensor, Tensor, Tensor]:
    return tuple(torch.randn(B, H, T, K) for _ in range(3))  # type: ignore[return-value]


def scope(rules: tuple = (), T: int = T, position: Position | None = None,
          ok: Tensor | None = None) -> Scope:  # fmt: skip
    pass_ = encoding(ok, torch.zeros(B, T, 1))
    return Scope(pass_.pos, pass_.keys, rules).at(position or Position())


def softmax_of(scores: Tensor, v: Tensor) -> Tensor:
    return (scores.exp() / scores.exp().sum(-1, keepdim=True)) @ v


def randomised(module: torch.nn.Module) -> torch.nn.Module:
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn_like(p))
    return module


def assert_same(got: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10)


# --- positions ------------------------------------------------------------------------------------


def test_shaw_is_its_equations_3_and_4():
    clip = 2
    shaw, (q, k, v) = randomised(Shaw(clip=clip).build(D, H)), qkv()
    got = Softmax(heads=H).core(K).attend(q, k, v, scope((Causal(),), position=shaw))
    want = torch.zeros_like(v)
    for b in range(B):
        for h in range(H):
            for i in range(T):
                e, values = [], []
                for j in range(i + 1):
                    far = max(-clip, min(clip, j - i)) + clip
                    e.append(q[b, h, i] @ (k[b, h, j] + shaw.keys.weight[far]) / math.sqrt(K))
                    values.append(v[b, h, j] + shaw.results.weight[far])
                want[b, h, i] = torch.stack(e).softmax(0) @ torch.stack(values)
    assert_same(got, want)


def test_transformer_xl_is_its_four_terms():
    xl, (q, k, v) = randomised(TransformerXL().build(D, H)), qkv()
    got = Softmax(heads=H).core(K).attend(q, k, v, scope(position=xl))
    scores = torch.zeros(B, H, T, T)
    for i in range(T):
        for j in range(T):
            angle = torch.tensor([(i - j) / 10000 ** (2 * n / D) for n in range(D // 2)])
            r = (xl.project.weight @ torch.cat([angle.sin(), angle.cos()])).view(H, K)
            for h in range(H):
                u, w = xl.u[h, 0], xl.v[h, 0]
                for b in range(B):
                    a = q[b, h, i] @ k[b, h, j] + q[b, h, i] @ r[h] + u @ k[b, h, j] + w @ r[h]
                    scores[b, h, i, j] = a / math.sqrt(K)
    assert_same(got, softmax_of(scores, v))


def test_rotary_scores_know_only_the_distance():
    rotary, (q, k, _) = Rotary().build(D, H), qkv()
    pos = torch.arange(T).expand(B, T)
    there = [rotary.turn(q, pos) @ rotary.turn(k, pos).transpose(-1, -2),
             rotary.turn(q, pos + 31) @ rotary.turn(k, pos + 31).transpose(-1, -2)]  # fmt: skip
    assert_same(*there)
    for i, j in ((4, 1), (0, 5)):  # in the plane of a pair: one turn by the distance
        a, b, total = q[0, 0, i], k[0, 0, j], 0.0
        for n in range(K // 2):
            turn = torch.polar(torch.tensor(1.0), torch.tensor((i - j) / 10000 ** (2 * n / K)))
            x, y = torch.complex(a[n], a[n + K // 2]), torch.complex(b[n], b[n + K // 2])
            total += float((x * turn * y.conj()).real)
        assert abs(float(there[0][0, 0, i, j]) - total) < 1e-10


def test_alibi_is_its_formula():
    alibi, (q, k, _) = Alibi().build(8 * K, 8), qkv(H=8)
    got = scope(position=alibi).bias(q, k)
    for h in range(8):  # eight heads: 1/2, 1/4 ... 1/256, as the paper gives them
        for i in range(T):
            for j in range(T):
                assert float(got[0, h, i, j]) == pytest.approx(-abs(i - j) / 2 ** (h + 1))


def bucket(distance: int, buckets: int, far: int) -> int:
    """The paper's words: half are exact, the others grow logarithmically up to `far`."""
    n = abs(distance)
    if n >= buckets // 2:
        share = math.log(n / (buckets // 2)) / math.log(far / (buckets // 2))
        n = min(buckets - 1, buckets // 2 + int(share * (buckets - buckets // 2)))
    return n + buckets * (distance < 0)


@pytest.mark.parametrize(("buckets", "far"), [(8, 20), (32, 128)])
def test_t5_buckets(buckets, far):
    t5 = randomised(T5(buckets=buckets, far=far).build(D, H))
    q_pos, k_pos = torch.tensor([[200]]), torch.arange(400)[None]
    got = t5.bias(torch.zeros(1, H, 1, K), torch.zeros(1, H, 400, K), q_pos, k_pos)
    edges = {buckets // 2 * (2 * far // buckets) ** (i / (buckets // 2)) for i in range(buckets)}
    for j in range(400):
        if any(abs(abs(200 - j) - e) < 1e-6 for e in edges):
            continue  # on an edge, rounding decides
        assert_same(got[0, :, 0, j], t5.table.weight[bucket(200 - j, buckets, far)])


@pytest.mark.parity
def test_t5_buckets_are_those_of_transformers():
    module = pytest.importorskip("transformers.models.t5.modeling_t5")
    t5 = T5().build(D, H)
    t5.table.weight.data = torch.arange(64.0)[:, None].expand(64, H)
    pos = torch.arange(300)[None]
    got = t5.bias(torch.zeros(1, H, 300, K), torch.zeros(1, H, 300, K), pos, pos)[0, 0]
    distance = pos - pos.T
    want = module.T5Attention._relative_position_bucket(
        distance, bidirectional=True, num_buckets=64, max_distance=128
    )
    assert torch.equal(got.long(), want)


# --- cores ----------------------------------------------------------------------------------------


def test_additive_by_loops():
    core, (q, k, v) = randomised(Additive(K)), qkv()
    scores = torch.zeros(B, H, T, T)
    for b, h, i, j in torch.cartesian_prod(*map(torch.arange, (B, H, T, T))).tolist():
        scores[b, h, i, j] = core.v @ torch.tanh(q[b, h, i] + k[b, h, j])
    assert_same(core.attend(q, k, v, scope()), softmax_of(scores, v))


def test_local_p_by_loops():
    reach, lengths = 2, [6, 4]
    core = randomised(Local(reach=reach).core(K))
    q, k, v = qkv(H=1)
    ok = torch.arange(T) < torch.tensor(lengths)[:, None]
    got, want = core.attend(q, k, v, scope(ok=ok)), torch.zeros(B, 1, T, K)
    for b, S in enumerate(lengths):
        for t in range(T):
            h = q[b, 0, t]
            p = S * torch.sigmoid(core.v.weight[0] @ torch.tanh(core.w.weight @ h))
            near = [s for s in range(S) if p - reach <= s <= p + reach]
            if near:
                align = torch.stack([h @ k[b, 0, s] for s in near]).softmax(0)
                for a, s in zip(align, near, strict=True):
                    want[b, 0, t] += a * torch.exp(-((s - p) ** 2) / (reach**2 / 2)) * v[b, 0, s]
    assert_same(got, want)


def test_realformer_adds_up_the_scores_of_all_layers():
    core, layers = RealFormer(heads=H).core(K), [qkv() for _ in range(3)]
    trip = Pass(torch.arange(T).expand(B, T), None, Keys(torch.arange(T).expand(B, T)))
    total = torch.zeros(B, H, T, T)
    for q, k, v in layers:
        over = Scope(trip.pos, trip.keys)
        over.trip = trip
        total = total + q @ k.transpose(-1, -2) / math.sqrt(K)
        assert_same(core.attend(q, k, v, over), softmax_of(total, v))


def phi(x: Tensor) -> Tensor:
    return torch.where(x > 0, x + 1, x.exp())


@pytest.mark.parametrize("length", [1, 6, CHUNK + 5])
def test_linear_attention_is_its_quadratic_and_its_recurrent_form(length):
    core, (q, k, v) = Linear(heads=H).core(K), qkv(length)
    similar = phi(q) @ phi(k).transpose(-1, -2)
    causal = similar.tril()
    got, _ = core(q, k, v, scope((Causal(),), length), None)
    assert_same(got, causal / causal.sum(-1, keepdim=True) @ v)
    s, z, steps = torch.zeros(B, H, K, K), torch.zeros(B, H, K), []
    for t in range(length):  # equations 18 to 20
        s = s + phi(k[:, :, t])[..., None] * v[:, :, t][..., None, :]
        z = z + phi(k[:, :, t])
        num = (phi(q[:, :, t])[..., None, :] @ s)[..., 0, :]
        steps.append(num / (phi(q[:, :, t]) * z).sum(-1, keepdim=True))
    assert_same(got, torch.stack(steps, 2))
    full, _ = core(q, k, v, scope((), length), None)
    assert_same(full, similar / similar.sum(-1, keepdim=True) @ v)


def test_ssru_by_a_loop():
    cell, x = randomised(SSRU().cell(D, 5)), torch.randn(B, T, D)
    (w, wf), (b, bf) = cell.input.weight.chunk(2), cell.input.bias.chunk(2)
    got, last = cell.scan(x, cell.start(B, None, x))
    c, want = torch.zeros(B, 5), []
    for t in range(T):
        f = torch.sigmoid(x[:, t] @ wf.T + bf)
        c = f * c + (1 - f) * (x[:, t] @ w.T + b)
        want.append(c.clamp_min(0))
    assert_same(got, torch.stack(want, 1))
    assert_same(last.c, c)


def test_edges_are_a_mask_per_row():
    q, k, v = qkv()
    edges = torch.rand(B, T, T) < 0.5
    scores = q @ k.transpose(-1, -2) / math.sqrt(K)
    allow = (edges & torch.ones(T, T).bool().tril())[:, None]
    weights = scores.masked_fill(~allow, -torch.inf).softmax(-1).nan_to_num(0.0)
    for config in (Softmax(heads=H), RealFormer(heads=H)):
        got = config.core(K).attend(q, k, v, scope((Causal(), Edges(edges))))
        assert_same(got, weights @ v)


# --- Reformer -------------------------------------------------------------------------------------


def reformer(q: Tensor, v: Tensor, core: Core, length: int, rules: tuple = ()) -> Tensor:
    """One head of one row (T K), by sets: hash, sort, look at one's own and the last chunk."""
    half, C = -(-length // core.chunk), core.chunk
    seen: list[set[int]] = [set() for _ in range(length)]
    for rotation in core.rotations:
        turned = q[:length] @ rotation[:, :half]
        bucket = torch.cat([turned, -turned], -1).argmax(-1).tolist()
        if length <= C:
            bucket = [0] * length
        place = {t: n for n, t in enumerate(sorted(range(length), key=lambda t: (bucket[t], t)))}
        for i in range(length):
            for j in range(length):
                chunks_back = place[i] // C - place[j] // C
                if bucket[i] == bucket[j] and chunks_back in (0, 1):
                    seen[i].add(j)
    y = torch.zeros(length, v.size(-1))
    for i in range(length):
        allowed = [j for j in seen[i] if all(bool(rule(torch.tensor(i), torch.tensor(j)))
                                             for rule in rules)]  # fmt: skip
        others = [j for j in allowed if j != i] or allowed
        if others:
            scores = torch.stack([q[i] @ q[j] / q[j].norm() for j in others])
            y[i] = scores.softmax(0) @ v[others]
    return y


@pytest.mark.parametrize("rules", [(), (Causal(),), (Window(5),)], ids=["all", "causal", "window"])
@pytest.mark.parametrize("rounds", [1, 3])
def test_reformer_is_attention_over_the_union_of_its_buckets(rounds, rules):
    length, lengths = 23, [23, 14]
    core = Reformer(rounds=rounds, chunk=4, buckets=16).core(K).double()
    q, k, v = qkv(length)
    ok = torch.arange(length) < torch.tensor(lengths)[:, None]
    over = scope(rules, length, ok=ok)
    got, weights = core.attend(q, k, v, over), core.weights(q, k, over)
    for b, n in enumerate(lengths):
        for h in range(H):
            want = reformer(q[b, h], v[b, h], core, n, rules)
            assert_same(got[b, h, :n], want)
            assert_same((weights[b, h] @ v[b, h])[:n], want)


def test_reformer_with_one_chunk_is_dense_attention_with_queries_as_keys():
    core, (q, k, v) = Reformer(chunk=T).core(K).double(), qkv()
    scores = q @ (q / q.norm(dim=-1, keepdim=True)).transpose(-1, -2)
    scores = scores.masked_fill(torch.eye(T).bool(), SELF)
    assert_same(core.attend(q, k, v, scope()), scores.softmax(-1) @ v)


def test_reformer_asks_edges_chunk_by_chunk():
    edges, (q, k, v) = torch.rand(B, 9, 9) < 0.5, qkv(9)
    core = Reformer(chunk=2, buckets=2, rounds=2).core(K).double()
    over = scope((Edges(edges),), 9)
    assert_same(core.attend(q, k, v, over), core.weights(q, k, over) @ v)
    assert not core.weights(q, k, over)[~edges[:, None].expand(-1, H, -1, -1)].any()


def test_reformer_hashes_the_same_everywhere():
    a, b = (Reformer().core(K).rotations for _ in range(2))
    torch.manual_seed(99)
    assert torch.equal(a, b) and torch.equal(a, Reformer().core(K).rotations)


@pytest.mark.parametrize("wrong", [{"buckets": 3}, {"chunk": 0}, {"rounds": 0}])
def test_reformer_refuses_settings_that_mean_nothing(wrong):
    with pytest.raises(UserError, match="reformer"):
        Reformer(**wrong).core(K)


def test_key_heads_shared_by_query_heads_are_keys_repeated():
    class Config(CoreConfig):
        def core(self, width: int) -> Core:
            made = Softmax(heads=self.heads).core(width)
            made.key_heads = 2
            return made

    few, x = randomised(Config(heads=4).build(16)), torch.randn(B, T, 16)
    many = Softmax(heads=4).build(16)
    many.load_state_dict(few.state_dict() | {
        f"{name}.{kind}": getattr(getattr(few, name), kind)
        .unflatten(0, (2, 4)).repeat_interleave(2, 0).flatten(0, 1)
        for name in "kv" for kind in ("weight", "bias")
    })  # fmt: skip
    pass_ = encoding(None, x)
    assert_same(few(x, pass_)[0], many(x, pass_)[0])
