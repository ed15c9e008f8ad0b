"""The formal algorithms against torch where it has the same part, by their properties where not."""

import inspect
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from regard import formal

N_V, L_MAX = 7, 6  # tokens, longest sequence
BOS, EOS, MASK = 1, 2, 3


def attention_parameters(rng, d_x, d_z, d_out, heads=1, d_attn=2, d_mid=2):
    shapes = {"q": (d_attn, d_x), "k": (d_attn, d_z), "v": (d_mid, d_z)}
    return {
        "heads": [
            {f"W{i}": rng.normal(size=shape) for i, shape in shapes.items()}
            | {f"b{i}": rng.normal(size=shape[0]) for i, shape in shapes.items()}
            for _ in range(heads)
        ],
        "Wo": rng.normal(size=(d_out, heads * d_mid)),
        "bo": rng.normal(size=d_out),
    }


def norm_parameters(rng, d, i=""):
    return {f"gamma{i}": rng.normal(1, 0.3, d), f"beta{i}": rng.normal(0, 0.3, d)}


def layer_parameters(rng, d, d_mlp, heads, attentions, norms, mlps):
    """One layer: `attentions` by name, `norms` and the two matrices of the MLP by number."""
    W = {}
    for name in attentions:
        W[name] = attention_parameters(rng, d, d, d, heads, d // heads, d // heads)
    for i in norms:
        W |= norm_parameters(rng, d, i)
    for i, shape in zip(mlps, [(d_mlp, d), (d, d_mlp)], strict=True):
        W |= {f"Wmlp{i}": rng.normal(size=shape), f"bmlp{i}": rng.normal(size=shape[0])}
    return W


def ends(rng, d, d_f):
    shapes = {"We": (d, N_V), "Wp": (d, L_MAX), "Wu": (N_V, d_f)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def ed_parameters(seed=0, d=4, d_mlp=5, heads=2, layers=1):
    rng = np.random.default_rng(seed)
    enc, dec = (["Wenc"], (1, 2), (1, 2)), (["Wdec", "Wed"], (3, 4, 5), (3, 4))
    return ends(rng, d, d) | {
        "enc": [layer_parameters(rng, d, d_mlp, heads, *enc) for _ in range(layers)],
        "dec": [layer_parameters(rng, d, d_mlp, heads, *dec) for _ in range(layers)],
    }


def d_parameters(seed=0, d=4, d_mlp=5, heads=2, layers=1):
    rng = np.random.default_rng(seed)
    parts = ["W"], (1, 2), (1, 2)
    stack = [layer_parameters(rng, d, d_mlp, heads, *parts) for _ in range(layers)]
    return ends(rng, d, d) | {"layers": stack} | norm_parameters(rng, d)


def e_parameters(seed=0, d=4, d_f=3, **sizes):
    rng = np.random.default_rng(seed + 1000)
    final = {"Wf": rng.normal(size=(d_f, d)), "bf": rng.normal(size=d_f)}
    return d_parameters(seed, d, **sizes) | ends(rng, d, d_f) | final | norm_parameters(rng, d_f)


def tensor(array):
    return torch.tensor(array, dtype=torch.float64)


def stacked(W, name):
    return tensor(np.concatenate([head[name] for head in W["heads"]]))


def fill(module, weight, bias):
    module.load_state_dict({"weight": tensor(weight), "bias": tensor(bias)})


def copy_attention(to, W):
    to.in_proj_weight.data = torch.cat([stacked(W, name) for name in ("Wq", "Wk", "Wv")])
    to.in_proj_bias.data = torch.cat([stacked(W, name) for name in ("bq", "bk", "bv")])
    fill(to.out_proj, W["Wo"], W["bo"])


def torch_layer(kind, W, activation, norm_first=False):
    """A `TransformerEncoderLayer` or `TransformerDecoderLayer` with the weights of W."""
    norms, mlps = ((3, 4, 5), (3, 4)) if "Wmlp3" in W else ((1, 2), (1, 2))
    attentions = [W[name] for name in ("Wenc", "Wdec", "Wed", "W") if name in W]
    d_mlp, d = W[f"Wmlp{mlps[0]}"].shape
    options = {"dropout": 0.0, "activation": activation, "norm_first": norm_first}
    heads = len(attentions[0]["heads"])
    layer = kind(d, heads, d_mlp, batch_first=True, dtype=torch.float64, **options)
    copy_attention(layer.self_attn, attentions[0])
    if len(attentions) == 2:
        copy_attention(layer.multihead_attn, attentions[1])
    for module, i in zip(("norm1", "norm2", "norm3"), norms, strict=False):
        fill(getattr(layer, module), W[f"gamma{i}"], W[f"beta{i}"])
    for module, i in zip(("linear1", "linear2"), mlps, strict=True):
        fill(getattr(layer, module), W[f"Wmlp{i}"], W[f"bmlp{i}"])
    return layer


def torch_embed(x, theta):
    return tensor((theta["We"][:, x] + theta["Wp"][:, : len(x)]).T)[None]  # (1, l, d)


def hidden_from_the_future(length):
    return torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)  # True = hidden


def torch_columns(X, theta):
    """The last matrix and the softmax, back in columns: `(N_V, l)`."""
    return torch.softmax(X[0] @ tensor(theta["Wu"]).T, dim=-1).T.detach().numpy()


def torch_ed(z, x, theta):
    Z = torch_embed(z, theta)
    for W in theta["enc"]:
        Z = torch_layer(nn.TransformerEncoderLayer, W, "relu")(Z)
    X = torch_embed(x, theta)
    for W in theta["dec"]:
        layer = torch_layer(nn.TransformerDecoderLayer, W, "relu")
        X = layer(X, Z, tgt_mask=hidden_from_the_future(len(x)))
    return torch_columns(X, theta)


def torch_e(x, theta):
    X = torch_embed(x, theta)
    for W in theta["layers"]:
        X = torch_layer(nn.TransformerEncoderLayer, W, "gelu")(X)
    X = F.gelu(X @ tensor(theta["Wf"]).T + tensor(theta["bf"]))
    X = F.layer_norm(X, X.shape[-1:], tensor(theta["gamma"]), tensor(theta["beta"]))
    return torch_columns(X, theta)


def torch_d(x, theta):
    X = torch_embed(x, theta)
    for W in theta["layers"]:
        layer = torch_layer(nn.TransformerEncoderLayer, W, "gelu", norm_first=True)
        X = layer(X, src_mask=hidden_from_the_future(len(x)))
    X = F.layer_norm(X, X.shape[-1:], tensor(theta["gamma"]), tensor(theta["beta"]))
    return torch_columns(X, theta)


def random_mask(rng, l_z, l_x):
    Mask = rng.random((l_z, l_x)) < 0.5
    Mask[rng.integers(l_z, size=l_x), np.arange(l_x)] = True  # nobody is left with nothing to see
    return Mask


def test_embeddings_are_columns_and_refuse_what_they_do_not_hold():
    theta = ed_parameters()
    one_hot = np.eye(N_V)[:, 5]
    np.testing.assert_allclose(formal.token_embedding(5, theta["We"]), theta["We"] @ one_hot)
    np.testing.assert_array_equal(formal.positional_embedding(2, theta["Wp"]), theta["Wp"].T[2])
    for wrong in (-1, N_V):
        with pytest.raises(ValueError, match="token"):
            formal.token_embedding(wrong, theta["We"])
    with pytest.raises(ValueError, match="position"):
        formal.EDTransformer([4] * (L_MAX + 1), [BOS], theta)
    with pytest.raises(ValueError, match="empty"):
        formal.EDTransformer([], [BOS], theta)


@pytest.mark.parametrize("seed", range(5))
def test_attention_weights_sum_to_one_and_respect_the_mask(seed):
    """With values that are unit vectors, what attention returns *is* the matrix of its weights."""
    rng = np.random.default_rng(seed)
    X, Z = rng.normal(size=(4, 3)), rng.normal(size=(6, 5))
    W = attention_parameters(rng, 4, 6, 4)["heads"][0]
    W |= {"Wv": np.linalg.pinv(Z), "bv": np.zeros(5)}  # Wv Z = 1
    Mask = random_mask(rng, 5, 3)
    weights = formal.Attention(X, Z, W, Mask)
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-12)
    assert (np.abs(weights[~Mask]) < 1e-12).all()
    assert (weights[Mask] > 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_attention_equals_scaled_dot_product_attention(seed):
    rng = np.random.default_rng(seed)
    X, Z = rng.normal(size=(4, 3)), rng.normal(size=(5, 6))
    W = attention_parameters(rng, 4, 5, 4, d_attn=3, d_mid=2)["heads"][0]
    Mask = random_mask(rng, 6, 3)
    q = tensor(X.T @ W["Wq"].T + W["bq"])
    k = tensor(Z.T @ W["Wk"].T + W["bk"])
    v = tensor(Z.T @ W["Wv"].T + W["bv"])
    expected = F.scaled_dot_product_attention(q, k, v, torch.tensor(Mask.T))  # True = may attend
    np.testing.assert_allclose(formal.Attention(X, Z, W, Mask), expected.numpy().T, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_each_column_of_attention_is_a_single_query_over_what_it_may_see(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(4, 5))
    W = attention_parameters(rng, 4, 4, 4)["heads"][0]
    V = formal.Attention(X, X, W, formal.unidirectional(5))
    for t in range(5):
        context = [X[:, u] for u in range(t + 1)]
        alone = formal.basic_single_query_attention(X[:, t], context, W)
        np.testing.assert_allclose(V[:, t], alone, atol=1e-12)


def test_attention_to_nothing_and_masks_of_the_wrong_shape_are_refused():
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(4, 2)), rng.normal(size=(4, 3))
    W = attention_parameters(rng, 4, 4, 4)["heads"][0]
    for Mask in (np.eye(3, 2) > 1, np.arange(6).reshape(3, 2) % 2 == 0, np.ones((2, 3), bool)):
        with pytest.raises(ValueError, match=r"must have shape \(3, 2\) and a True"):
            formal.Attention(X, Z, W, Mask)


@pytest.mark.parametrize("seed", range(5))
def test_mh_attention_equals_torch(seed):
    rng = np.random.default_rng(seed)
    d_x, d_z, l_x, l_z, heads = 6, 5, 3, 4, 3
    X, Z = rng.normal(size=(d_x, l_x)), rng.normal(size=(d_z, l_z))
    W = attention_parameters(rng, d_x, d_z, d_x, heads, d_x // heads, d_x // heads)
    Mask = random_mask(rng, l_z, l_x)
    x, z = tensor(X.T)[:, None], tensor(Z.T)[:, None]
    bias = torch.cat([stacked(W, name) for name in ("bq", "bk", "bv")])
    wo, bo, hidden = tensor(W["Wo"]), tensor(W["bo"]), torch.tensor(~Mask.T)  # True = hidden
    expected, _ = F.multi_head_attention_forward(
        x,
        z,
        z,
        d_x,
        heads,
        None,
        bias,
        None,
        None,
        False,
        0.0,
        wo,
        bo,
        attn_mask=hidden,
        use_separate_proj_weight=True,
        q_proj_weight=stacked(W, "Wq"),
        k_proj_weight=stacked(W, "Wk"),
        v_proj_weight=stacked(W, "Wv"),
    )
    np.testing.assert_allclose(formal.MHAttention(X, Z, W, Mask), expected[:, 0].T, atol=1e-12)


def test_layer_norm_equals_torch_and_without_eps_the_formula_of_the_paper():
    rng = np.random.default_rng(0)
    e, gamma, beta = rng.normal(3, 2, 8), rng.normal(size=8), rng.normal(size=8)
    expected = F.layer_norm(tensor(e), (8,), tensor(gamma), tensor(beta))
    np.testing.assert_allclose(formal.layer_norm(e, gamma, beta), expected, atol=1e-12)
    bare = formal.layer_norm(e, gamma, beta, eps=0)
    np.testing.assert_allclose(bare, (e - e.mean()) / e.std() * gamma + beta, atol=1e-12)


def test_unembedding_and_activations_equal_torch():
    rng = np.random.default_rng(0)
    e, Wu = rng.normal(size=4), rng.normal(size=(N_V, 4))
    expected = torch.softmax(tensor(Wu @ e), dim=0)
    np.testing.assert_allclose(formal.unembedding(e, Wu), expected, atol=1e-12)
    assert formal.unembedding(1e4 * e, Wu).sum() == pytest.approx(1)  # no overflow
    x = np.linspace(-4, 4, 50).reshape(5, 10)
    np.testing.assert_allclose(formal.GELU(x), F.gelu(tensor(x)), atol=1e-12)
    np.testing.assert_array_equal(formal.ReLU(x), F.relu(tensor(x)))


@pytest.mark.parametrize("seed", range(3))
def test_architectures_equal_torch_with_copied_weights(seed):
    rng = np.random.default_rng(seed)
    z, x = rng.integers(N_V, size=5), rng.integers(N_V, size=4)
    sizes = {"d": 6, "d_mlp": 9, "heads": 3, "layers": 2}
    ed, e, d = (make(seed, **sizes) for make in (ed_parameters, e_parameters, d_parameters))
    np.testing.assert_allclose(formal.EDTransformer(z, x, ed), torch_ed(z, x, ed), atol=1e-10)
    np.testing.assert_allclose(formal.ETransformer(x, e), torch_e(x, e), atol=1e-10)
    np.testing.assert_allclose(formal.DTransformer(x, d), torch_d(x, d), atol=1e-10)


def changed_columns(forward, x, t):
    """Which columns of the output differ when token t of x is another one."""
    other = [*x[:t], (x[t] + 1) % N_V, *x[t + 1 :]]
    return np.abs(forward(x) - forward(other)).max(axis=0) > 1e-12


@pytest.mark.parametrize("t", range(4))
def test_only_the_encoder_sees_later_tokens(t):
    z, x = [4, 5, 6], [1, 4, 6, 5]
    ed, e, d = ed_parameters(layers=2), e_parameters(layers=2), d_parameters(layers=2)
    from_t_on = np.arange(4) >= t
    assert (changed_columns(lambda x: formal.DTransformer(x, d), x, t) == from_t_on).all()
    assert (changed_columns(lambda x: formal.EDTransformer(z, x, ed), x, t) == from_t_on).all()
    assert changed_columns(lambda x: formal.ETransformer(x, e), x, t).all()
    assert changed_columns(lambda z: formal.EDTransformer(z, x, ed), [4, 5, 6, 4], t).all()


def token_loss(P, x):
    return -np.log(P[x, np.arange(len(x))]).sum()


def next_token_loss(P, x):
    return token_loss(P[:, :-1], x[1:])


def differences(before, after):
    pairs = zip(formal.arrays(before), formal.arrays(after), strict=True)
    return np.concatenate([(a - b).ravel() for a, b in pairs])


@pytest.mark.parametrize("seed", range(2))
def test_each_training_descends_the_loss_of_the_paper(seed):
    """The losses here are torch's. A small step along the gradient g of one lowers it by eta |g|^2,
    and a step along anything else of that length does not."""
    small, eta, rng = {"d": 3, "d_mlp": 3, "heads": 1}, 1e-7, np.random.default_rng(seed)
    z, x, hidden = [4, 5], [BOS, 6, 4, EOS], [MASK] * 4
    ed, e, d = (make(seed, **small) for make in (ed_parameters, e_parameters, d_parameters))
    before = formal.copied([ed, e, d])
    ed_trained = formal.EDTraining([z], [x], ed, 1, eta)
    e_trained = formal.ETraining([x], e, 1, eta, 1.0, MASK, rng)  # every token is hidden
    d_trained = formal.DTraining([x], d, 1, eta)
    for theta, trained, loss in (
        (ed, ed_trained, lambda theta: next_token_loss(torch_ed(z, x, theta), x)),
        (e, e_trained, lambda theta: token_loss(torch_e(hidden, theta), x)),
        (d, d_trained, lambda theta: next_token_loss(torch_d(x, theta), x)),
    ):
        g = differences(theta, trained) / eta
        assert (loss(theta) - loss(trained)) / eta == pytest.approx(g @ g, rel=0.01)
    assert not differences(before, [ed, e, d]).any()  # the caller's parameters stay as they were


TINY = {"d": 2, "d_mlp": 3, "heads": 1}


def test_training_lowers_the_loss_on_a_tiny_corpus():
    pairs, ed = [([4, 5], [1, 5, 4, 2]), ([5, 4], [1, 4, 5, 2])], ed_parameters(**TINY)
    xs, d, e = [[1, 4, 5, 2], [1, 6, 4, 2]], d_parameters(**TINY), e_parameters(d_f=2, **TINY)
    same, rng = [[4, 4, 4], [5, 5, 5]], np.random.default_rng(0)

    def ed_loss(theta):
        return sum(next_token_loss(formal.EDTransformer(z, x, theta), x) for z, x in pairs)

    def d_loss(theta):
        return sum(next_token_loss(formal.DTransformer(x, theta), x) for x in xs)

    def e_loss(theta):
        return -sum(np.log(formal.ETransformer([v, MASK, v], theta)[v, 1]) for v in (4, 5))

    zs, answers = zip(*pairs, strict=True)
    assert ed_loss(formal.EDTraining(zs, answers, ed, N_epochs=6, eta=0.2)) < 0.8 * ed_loss(ed)
    assert d_loss(formal.DTraining(xs, d, N_epochs=12, eta=0.1)) < 0.6 * d_loss(d)
    assert e_loss(formal.ETraining(same, e, 12, 0.2, 0.4, MASK, rng)) < 0.6 * e_loss(e)


def test_encoder_training_learns_from_masked_positions_only():
    theta = e_parameters(**TINY)
    trained = formal.ETraining([[4, 5]], theta, 1, 0.1, 0.0, MASK, np.random.default_rng(0))
    assert not differences(theta, trained).any()  # nothing masked, nothing to learn from


def test_decoder_inference_at_zero_is_repeated_argmax():
    prompt, answers, rng = [1, 4, 5], [], np.random.default_rng(0)
    for seed in range(4):
        theta = d_parameters(seed)
        answers.append(formal.DInference(prompt, theta, 3, 0, rng))
        assert answers[-1] == formal.DInference(prompt, theta, 3, 0, rng)
        x = list(prompt)
        for _ in range(3):
            x.append(int(torch_d(x, theta)[:, -1].argmax()))
        assert answers[-1] == x[3:]
    assert prompt == [1, 4, 5]
    assert any(len(set(answer)) > 1 for answer in answers)  # not the same token over and over
    with pytest.raises(ValueError, match="position"):
        formal.DInference(prompt, d_parameters(), L_MAX, 0, rng)


def test_encoder_decoder_inference_at_zero_is_repeated_argmax():
    z, answers, rng = [4, 6, 5], [], np.random.default_rng(0)
    for seed in range(8):
        theta = ed_parameters(seed)
        answers.append(formal.EDInference(z, theta, BOS, EOS, 0, rng))
        assert answers[-1] == formal.EDInference(z, theta, BOS, EOS, 0, rng)
        x = [BOS]
        while len(x) <= L_MAX and x[-1] != EOS:
            x.append(int(torch_ed(z, x, theta)[:, -1].argmax()))
        assert answers[-1] == x
    assert any(len(set(answer) - {BOS, EOS}) > 1 for answer in answers)  # not one token repeated
    assert {answer[-1] == EOS for answer in answers} == {True, False}  # both ways to stop


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_samples_follow_the_tempered_distribution(tau):
    rng = np.random.default_rng(0)
    p = np.array([0.5, 0.3, 0.15, 0.05])
    counts = np.bincount([formal.sample(p, tau, rng) for _ in range(20_000)], minlength=4)
    q = p ** (1 / tau) / (p ** (1 / tau)).sum()
    np.testing.assert_allclose(counts / 20_000, q, atol=0.015)


def test_a_tiny_temperature_is_as_good_as_zero_and_a_negative_one_is_refused():
    rng, p = np.random.default_rng(0), np.array([1e-9, 3e-9, 2e-9, 0.0])
    assert {formal.sample(p, 1e-3, rng) for _ in range(50)} == {formal.sample(p, 0, rng)} == {1}
    with pytest.raises(ValueError, match="negative"):
        formal.sample(p, -1, rng)


def test_all_fifteen_algorithms_are_there_once():
    """Each says in its docstring which one it is; each is called by a test above."""
    titles = [f.__doc__ or "" for _, f in inspect.getmembers(formal, inspect.isfunction)]
    numbers = [int(match[1]) for t in titles if (match := re.match(r"Algorithm (\d+): ", t))]
    assert sorted(numbers) == list(range(1, 16))
