"""The fifteen algorithms of the Transformer in plain NumPy: to read, and to test faster code with.

Phuong and Hutter, "Formal Algorithms for Transformers" (2022), https://arxiv.org/abs/2207.09238.
A function that the paper names (`MHAttention`) keeps that name; where it has only a title
("Token embedding"), the title is the name.

Notation, as in the paper: a token is an integer below `N_V`; a sequence of l vectors is a matrix
of l *columns*, `X: (d, l)`. `d_e` is the width of an embedding, `d_attn` of a query and a key,
`d_mid` of a head's output, `d_mlp` of a hidden layer, `d_f` of the final projection; `l_max` is the
longest sequence. A bias b, in the paper b 1^T, is added to every column: `b[:, None]`.

Parameters are plain dicts under the paper's names, and `theta["enc"][l]` holds layer l,
`W["heads"][h]` head h: the numbers of layers and heads are lengths of lists. The matrix of
positions, `Wp: (d_e, l_max)`, is given by the caller: learned, sinusoidal, anything.

Ours differs in five places: tokens and positions count from 0; `layer_norm` adds `EPS` below the
root; the largest score is subtracted before a softmax, which leaves it unchanged and keeps it from
overflowing; a temperature of 0 means the likeliest token; and `EDInference` stops at `l_max`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Params = dict[str, Any]
Tokens = Sequence[int]

EPS = 1e-5  # the paper divides by the bare root of v; implementations add this, so an oracle must
DELTA = 1e-5  # how far a parameter is moved, each way, to measure a slope


# --- Section 5: the components ---------------------------------------------------------------


def token_embedding(v: int, We: Array) -> Array:
    """Algorithm 1: Token embedding.

    `We: (d_e, N_V)`. Returns `e: (d_e,)`. Raises ValueError if `v` is not a token.
    """
    if not 0 <= v < We.shape[1]:
        raise ValueError(f"token_embedding: token {v} is outside 0..{We.shape[1] - 1}")
    return We[:, v]


def positional_embedding(t: int, Wp: Array) -> Array:
    """Algorithm 2: Positional embedding.

    `Wp: (d_e, l_max)`. Returns `e_p: (d_e,)`. Raises ValueError if `Wp` has no position `t`.
    """
    if not 0 <= t < Wp.shape[1]:
        raise ValueError(f"positional_embedding: position {t} is outside 0..{Wp.shape[1] - 1}")
    return Wp[:, t]


def basic_single_query_attention(e: Array, context: Sequence[Array], W: Params) -> Array:
    """Algorithm 3: Basic single-query attention.

    `e: (d_in,)` is the current token, `context` the vectors `e_t: (d_in,)` that it looks at.
    Reads `Wq, Wk: (d_attn, d_in)`, `bq, bk: (d_attn,)`, `Wv: (d_out, d_in)`, `bv: (d_out,)`.
    Returns `(d_out,)`.
    """
    q = W["Wq"] @ e + W["bq"]
    k = [W["Wk"] @ e_t + W["bk"] for e_t in context]
    v = [W["Wv"] @ e_t + W["bv"] for e_t in context]
    alpha = softmax(np.array([q @ k_t for k_t in k]) / math.sqrt(len(q)))
    return np.sum([alpha_t * v_t for alpha_t, v_t in zip(alpha, v, strict=True)], axis=0)


def Attention(X: Array, Z: Array, Wqkv: Params, Mask: Array) -> Array:
    """Algorithm 4: Attention(X, Z | Wqkv, Mask), one head, from X to a context Z, or to X (Z = X).

    `X: (d_x, l_x)`, `Z: (d_z, l_z)`; `Mask: (l_z, l_x)`, True where column `t_x` of X may look at
    column `t_z` of Z. Reads `Wq: (d_attn, d_x)`, `Wk: (d_attn, d_z)`, `Wv: (d_out, d_z)`, `bq`,
    `bk`, `bv`. Returns `(d_out, l_x)`. Raises ValueError if a column of X may look at nothing.
    """
    Q = Wqkv["Wq"] @ X + Wqkv["bq"][:, None]  # (d_attn, l_x)
    K = Wqkv["Wk"] @ Z + Wqkv["bk"][:, None]  # (d_attn, l_z)
    V = Wqkv["Wv"] @ Z + Wqkv["bv"][:, None]  # (d_out, l_z)
    S = K.T @ Q  # (l_z, l_x)
    if Mask.shape != S.shape or not Mask.any(axis=0).all():
        raise ValueError(
            f"Attention: a Mask of shape {Mask.shape} will not do; "
            f"it must have shape {S.shape} and a True in every column"
        )
    S = np.where(Mask, S, -np.inf)
    return V @ softmax(S / math.sqrt(len(Q)))


def MHAttention(X: Array, Z: Array, W: Params, Mask: Array) -> Array:
    """Algorithm 5: MHAttention(X, Z | W, Mask), the heads side by side.

    Shapes as in `Attention`. Reads `heads` (a list of its `Wqkv`, each with `Wv: (d_mid, d_z)`),
    `Wo: (d_out, H * d_mid)`, `bo: (d_out,)`. Returns `(d_out, l_x)`.
    """
    Y = [Attention(X, Z, Wqkv, Mask) for Wqkv in W["heads"]]
    return W["Wo"] @ np.concatenate(Y) + W["bo"][:, None]  # the heads stacked: (H * d_mid, l_x)


def layer_norm(e: Array, gamma: Array, beta: Array, eps: float = EPS) -> Array:
    """Algorithm 6: layer_norm(e | gamma, beta), of one vector.

    `e`, `gamma` and `beta` are `(d_e,)`, and so is the result.
    """
    m = np.sum(e) / len(e)
    v = np.sum((e - m) ** 2) / len(e)
    return (e - m) / np.sqrt(v + eps) * gamma + beta


def unembedding(e: Array, Wu: Array) -> Array:
    """Algorithm 7: Unembedding.

    `e: (d_e,)`, `Wu: (N_V, d_e)`. Returns `p: (N_V,)`, the probabilities of the tokens.
    """
    return softmax(Wu @ e)


# --- What the paper defines in passing -------------------------------------------------------


def softmax(A: Array) -> Array:
    """The softmax of each column of `A: (n, l)`, or of a single vector `(n,)`."""
    A = np.exp(A - A.max(axis=0))
    return A / A.sum(axis=0)


def ReLU(X: Array) -> Array:
    """max(x, 0), of each element."""
    return np.maximum(X, 0)


def GELU(X: Array) -> Array:
    """x times the probability that a standard normal variable is below x, of each element."""
    return X * (1 + np.vectorize(math.erf, otypes=[float])(X / math.sqrt(2))) / 2


def bidirectional(l_z: int, l_x: int) -> Array:
    """The Mask `(l_z, l_x)` with which everything sees everything."""
    return np.ones((l_z, l_x), dtype=bool)


def unidirectional(l_x: int) -> Array:
    """The Mask `(l_x, l_x)` with which a position sees itself and what came before it."""
    t = np.arange(l_x)
    return t[:, None] <= t[None, :]


def embed(x: Tokens, theta: Params) -> Array:
    """Token plus position, a column each: `(d_e, length(x))`. Raises ValueError if x is empty."""
    if len(x) == 0:
        raise ValueError("embed: the sequence is empty; it must hold at least one token")
    We, Wp = theta["We"], theta["Wp"]
    e = [token_embedding(x[t], We) + positional_embedding(t, Wp) for t in range(len(x))]
    return np.stack(e, axis=1)


def norm_columns(X: Array, gamma: Array, beta: Array) -> Array:
    """`layer_norm` of each column of `X: (d, l)`: the paper's loop over t."""
    return np.stack([layer_norm(X[:, t], gamma, beta) for t in range(X.shape[1])], axis=1)


# --- Section 6: the architectures ------------------------------------------------------------


def EDTransformer(z: Tokens, x: Tokens, theta: Params) -> Array:
    """Algorithm 8: EDTransformer(z, x | theta), the encoder-decoder of Vaswani et al. (2017).

    Reads `We: (d_e, N_V)`, `Wp: (d_e, l_max)`, `Wu: (N_V, d_e)` and two lists of layers:
    `enc`: `Wenc` (see `MHAttention`), `gamma1`, `beta1`, `Wmlp1: (d_mlp, d_e)`, `bmlp1`,
    `Wmlp2: (d_e, d_mlp)`, `bmlp2`, `gamma2`, `beta2`;
    `dec`: `Wdec`, `gamma3`, `beta3`, `Wed` (decoder to encoder), `gamma4`, `beta4`,
    `Wmlp3: (d_mlp, d_e)`, `bmlp3`, `Wmlp4: (d_e, d_mlp)`, `bmlp4`, `gamma5`, `beta5`.
    Returns `P: (N_V, length(x))`; column t is the distribution of `x[t + 1]` given `x[: t + 1], z`.
    """
    # Encode the context sequence.
    l_z = len(z)
    Z = embed(z, theta)
    for W in theta["enc"]:
        Z = Z + MHAttention(Z, Z, W["Wenc"], bidirectional(l_z, l_z))
        Z = norm_columns(Z, W["gamma1"], W["beta1"])
        hidden = ReLU(W["Wmlp1"] @ Z + W["bmlp1"][:, None])
        Z = Z + W["Wmlp2"] @ hidden + W["bmlp2"][:, None]
        Z = norm_columns(Z, W["gamma2"], W["beta2"])

    # Decode the primary sequence, conditioning on the context.
    l_x = len(x)
    X = embed(x, theta)
    for W in theta["dec"]:
        X = X + MHAttention(X, X, W["Wdec"], unidirectional(l_x))
        X = norm_columns(X, W["gamma3"], W["beta3"])
        X = X + MHAttention(X, Z, W["Wed"], bidirectional(l_z, l_x))
        X = norm_columns(X, W["gamma4"], W["beta4"])
        hidden = ReLU(W["Wmlp3"] @ X + W["bmlp3"][:, None])
        X = X + W["Wmlp4"] @ hidden + W["bmlp4"][:, None]
        X = norm_columns(X, W["gamma5"], W["beta5"])
    return softmax(theta["Wu"] @ X)


def ETransformer(x: Tokens, theta: Params) -> Array:
    """Algorithm 9: ETransformer(x | theta), the encoder alone: BERT (Devlin et al. 2019).

    Reads `We: (d_e, N_V)`, `Wp: (d_e, l_max)`, a list `layers` of `W` (see `MHAttention`),
    `gamma1`, `beta1`, `Wmlp1: (d_mlp, d_e)`, `bmlp1`, `Wmlp2: (d_e, d_mlp)`, `bmlp2`, `gamma2`,
    `beta2`; then `Wf: (d_f, d_e)`, `bf`, `gamma`, `beta: (d_f,)`, `Wu: (N_V, d_f)`.
    Returns `P: (N_V, length(x))`; column t is the distribution of the token that belongs at t.
    """
    l_x, X = len(x), embed(x, theta)
    for W in theta["layers"]:
        X = X + MHAttention(X, X, W["W"], bidirectional(l_x, l_x))
        X = norm_columns(X, W["gamma1"], W["beta1"])
        hidden = GELU(W["Wmlp1"] @ X + W["bmlp1"][:, None])
        X = X + W["Wmlp2"] @ hidden + W["bmlp2"][:, None]
        X = norm_columns(X, W["gamma2"], W["beta2"])
    X = GELU(theta["Wf"] @ X + theta["bf"][:, None])
    X = norm_columns(X, theta["gamma"], theta["beta"])
    return softmax(theta["Wu"] @ X)


def DTransformer(x: Tokens, theta: Params) -> Array:
    """Algorithm 10: DTransformer(x | theta), the decoder alone: GPT-2 (Radford et al. 2019).

    Reads what `ETransformer` reads, less `Wf` and `bf`; `gamma`, `beta: (d_e,)` and
    `Wu: (N_V, d_e)`. Here each norm comes before its sublayer, and `gamma`, `beta` after the last.
    Returns `P: (N_V, length(x))`; column t is the distribution of `x[t + 1]` given `x[: t + 1]`.
    """
    l_x, X = len(x), embed(x, theta)
    for W in theta["layers"]:
        normed = norm_columns(X, W["gamma1"], W["beta1"])
        X = X + MHAttention(normed, normed, W["W"], unidirectional(l_x))
        normed = norm_columns(X, W["gamma2"], W["beta2"])
        hidden = GELU(W["Wmlp1"] @ normed + W["bmlp1"][:, None])
        X = X + W["Wmlp2"] @ hidden + W["bmlp2"][:, None]
    X = norm_columns(X, theta["gamma"], theta["beta"])
    return softmax(theta["Wu"] @ X)


# --- Section 7: training ---------------------------------------------------------------------
#
# The paper writes "theta <- theta - eta * grad loss(theta)" and leaves the gradient to a library.
# NumPy has none, so `gradient` measures it: two forward passes for each single number in theta.
# That is correct to about nine digits and hopelessly slow: for nets of a few hundred numbers.
# Every array of theta is trained, `Wp` too. The caller's theta is copied first and stays as it was;
# arrays that share memory in it (tied embeddings) are separate in the copy and drift apart.


def arrays(theta: Any) -> Iterator[Array]:
    """Every array in a nest of dicts and lists, always in the same order."""
    if isinstance(theta, np.ndarray):
        yield theta
        return
    for part in theta.values() if isinstance(theta, dict) else theta:
        yield from arrays(part)


def copied(theta: Any) -> Any:
    """The same nest with its own arrays, in double precision."""
    if isinstance(theta, dict):
        return {name: copied(part) for name, part in theta.items()}
    if isinstance(theta, list):
        return [copied(part) for part in theta]
    return np.array(theta, dtype=np.float64)


def gradient(loss: Callable[..., float], theta: Params, *data: Any) -> list[Array]:
    """The slopes of `loss(theta, *data)` by central differences, one array for each of `theta`."""
    slopes = []
    for A in arrays(theta):
        slope = np.zeros_like(A)
        for i in np.ndindex(A.shape):
            a = A[i]
            A[i] = a + DELTA
            above = loss(theta, *data)
            A[i] = a - DELTA
            below = loss(theta, *data)
            A[i] = a
            slope[i] = (above - below) / (2 * DELTA)
        slopes.append(slope)
    return slopes


def descend(loss: Callable[..., float], theta: Params, eta: float, *data: Any) -> None:
    """theta <- theta - eta * grad loss(theta), in place."""
    for A, slope in zip(arrays(theta), gradient(loss, theta, *data), strict=True):
        A -= eta * slope


def EDTraining(
    zs: Sequence[Tokens], xs: Sequence[Tokens], theta: Params, N_epochs: int, eta: float
) -> Params:
    """Algorithm 11: EDTraining(z_1..N, x_1..N, theta), learning to continue x given z.

    Plain gradient descent, a pair at a time; the gradient is numerical (see above). Every x
    begins with the begin token and ends with the end token. Returns the trained theta.
    """

    def loss(theta: Params, z: Tokens, x: Tokens) -> float:
        P = EDTransformer(z, x, theta)
        return -sum(math.log(P[x[t + 1], t]) for t in range(len(x) - 1))

    theta = copied(theta)
    for _ in range(N_epochs):
        for z, x in zip(zs, xs, strict=True):
            descend(loss, theta, eta, z, x)
    return theta


def ETraining(
    xs: Sequence[Tokens], theta: Params, N_epochs: int, eta: float,
    p_mask: float, mask_token: int, rng: np.random.Generator,
) -> Params:
    """Algorithm 12: ETraining(x_1..N, theta), learning to fill in masked tokens.

    Each token is hidden behind `mask_token` with probability `p_mask`, drawn anew every time.
    Plain gradient descent; the gradient is numerical (see above). Returns the trained theta.
    """

    def loss(theta: Params, x: Tokens, x_masked: Tokens) -> float:
        P = ETransformer(x_masked, theta)
        T = [t for t in range(len(x)) if x_masked[t] == mask_token]
        return -sum(math.log(P[x[t], t]) for t in T)

    theta = copied(theta)
    for _ in range(N_epochs):
        for x in xs:
            x_masked = [mask_token if rng.random() < p_mask else token for token in x]
            descend(loss, theta, eta, x, x_masked)
    return theta


def DTraining(xs: Sequence[Tokens], theta: Params, N_epochs: int, eta: float) -> Params:
    """Algorithm 13: DTraining(x_1..N, theta), learning to predict the next token.

    Plain gradient descent, a sequence at a time; the gradient is numerical (see above).
    Returns the trained theta.
    """

    def loss(theta: Params, x: Tokens) -> float:
        P = DTransformer(x, theta)
        return -sum(math.log(P[x[t + 1], t]) for t in range(len(x) - 1))

    theta = copied(theta)
    for _ in range(N_epochs):
        for x in xs:
            descend(loss, theta, eta, x)
    return theta


# --- Section 7: inference --------------------------------------------------------------------


def sample(p: Array, tau: float, rng: np.random.Generator) -> int:
    """A token drawn in proportion to `p ** (1 / tau)`; with `tau = 0` the likeliest token."""
    if tau < 0:
        raise ValueError(f"sample: temperature {tau} is negative; it must be 0 or more")
    if tau == 0:
        return int(np.argmax(p))
    q = (p / p.max()) ** (1 / tau)  # the largest is 1: a small tau cannot make them all 0
    return int(rng.choice(len(p), p=q / q.sum()))


def DInference(
    x: Tokens, theta: Params, l_gen: int, tau: float, rng: np.random.Generator
) -> list[int]:
    """Algorithm 14: DInference(x, theta), the continuation of a prompt x by `l_gen` tokens.

    `tau` is the temperature. Returns the new tokens alone. Raises ValueError past `l_max`.
    """
    l_x = len(x)
    x = list(x)
    for i in range(l_gen):
        P = DTransformer(x, theta)
        p = P[:, l_x + i - 1]
        x.append(sample(p, tau, rng))
    return x[l_x:]


def EDInference(
    z: Tokens, theta: Params, bos_token: int, eos_token: int, tau: float, rng: np.random.Generator
) -> list[int]:
    """Algorithm 15: EDInference(z, theta), the answer of a trained sequence-to-sequence model.

    `tau` is the temperature. Returns the answer from `bos_token` to `eos_token`, both included;
    the latter is missing if the answer filled `l_max` positions and one more token first.
    """
    x = [bos_token]
    y = None
    while y != eos_token and len(x) <= theta["Wp"].shape[1]:
        P = EDTransformer(z, x, theta)
        p = P[:, len(x) - 1]
        y = sample(p, tau, rng)
        x.append(y)
    return x
