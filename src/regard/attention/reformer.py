"""LSH attention: a row is hashed and sorted, and a query sees the keys that hash alike.

Branch: Attention / Sparse, by content
Paper: Reformer, Kitaev et al. 2020, section 2, https://arxiv.org/abs/2001.04451
Formula: k_j = q_j / |q_j|; softmax of q_i k_j over the j whose h(q) = argmax [q R; -q R] is that
  of i, sorted into the same chunk or the one before, in any of the rounds
Cost: time O(rounds T chunk D), memory O(rounds T chunk)
Causal: no, who shares a chunk depends on later tokens
Scores: no
Limit: a chunk of T and more is dense attention whose keys are its queries, normalised

Who is seen in several rounds counts once, and oneself only if nobody else is seen.

`B` rows, `T` positions (queries and keys), `H` heads, `K` head width, `R` rounds, `C` chunk,
`N` chunks of a row, `F` half the buckets.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from regard.attention.base import Core, CoreConfig
from regard.attention.scope import Rule, Scope
from regard.recipe import UserError

SEED = 2001_04451  # rotations are drawn from it, so that a run hashes the same everywhere
SELF = -5e4  # score of one's own position: there only for those who see nothing else


class Config(CoreConfig):
    """`rounds` of hashing, `chunk` positions each, at most `buckets` (an even number) of them."""

    rounds: int = 2
    chunk: int = 32
    buckets: int = 64

    def core(self, width: int) -> "Reformer":
        """The mechanism."""
        if min(self.rounds, self.chunk) < 1 or self.buckets < 2 or self.buckets % 2:
            raise UserError("reformer: rounds and chunk are 1 or more, buckets an even number")
        return Reformer(width, self.rounds, self.chunk, self.buckets)


class Reformer(Core):
    """Sees a row at once; a row of one chunk or less is plain attention with queries as keys."""

    uses = "qvo"
    scores = False
    incremental = False
    cross = False
    rotations: Tensor

    def __init__(self, width: int, rounds: int, chunk: int, buckets: int):
        super().__init__()
        self.chunk = chunk
        draw = torch.Generator().manual_seed(SEED)
        rotations = torch.randn(rounds, width, buckets // 2, generator=draw)
        self.register_buffer("rotations", rotations, persistent=False)

    def honours(self, rule: Rule) -> bool:
        """Any: rules are asked chunk by chunk."""
        return True

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scope: Scope) -> Tensor:
        """B H T K; the keys passed in stay unused."""
        T, C = q.size(2), self.chunk
        buckets = self.hash(q, scope)
        order = buckets.argsort(dim=-1, stable=True)  # B H R T: who comes where
        place = order.argsort(-1)  # B H R T: where each one went
        order = F.pad(order, (0, -T % C))  # B H R NC: what is added is hidden below

        who = chunks(order, C)  # B H R N C
        mine = pick(q[:, :, None], who)  # B H R N C K
        scores = mine @ back(F.normalize(mine, dim=-1)).transpose(-1, -2)  # B H R N C 2C
        scores = scores.masked_fill(torch.eq(*pair(who)), SELF)

        real = torch.arange(order.size(-1), device=q.device).view(who.shape[3:]) < T
        if scope.k_ok is not None:
            real = real & pick(scope.k_ok[:, None, None], who)
        allow = back(real.expand(who.shape))[..., None, :] & torch.eq(*pair(pick(buckets, who)))
        spot = pick(scope.k_pos[:, None, None], who)
        for rule in scope.rules:
            allow = allow & rule(*pair(spot))
        scores = scores - self.rounds(buckets, place, who).clamp_min(1).to(q.dtype).log()
        scores = scores.masked_fill(~allow, torch.finfo(q.dtype).min)

        weights = scores.softmax(-1).masked_fill(~allow, 0.0)
        y = (weights @ back(pick(v[:, :, None], who))).flatten(3, 4)  # B H R NC K
        share = pick(scores.logsumexp(-1).flatten(3), place).softmax(2)  # B H R T
        return (share[..., None] * pick(y, place)).sum(2)

    def weights(self, q: Tensor, k: Tensor, scope: Scope) -> Tensor:
        """B H T T, for pictures: the same weights as a whole matrix."""
        buckets = self.hash(q, scope)
        place = buckets.argsort(dim=-1, stable=True).argsort(-1) // self.chunk
        near = place[..., :, None] - place[..., None, :]  # B H R T T
        seen = (buckets[..., :, None] == buckets[..., None, :]) & (near >= 0) & (near <= 1)
        seen, free = seen.any(2), scope.allow()
        seen = seen if free is None else seen & free
        scores = q @ F.normalize(q, dim=-1).transpose(-1, -2)
        scores = scores.masked_fill(torch.eye(q.size(2), device=q.device).bool(), SELF)
        low = torch.finfo(q.dtype).min
        return scores.masked_fill(~seen, low).softmax(-1).masked_fill(~seen, 0.0)

    def hash(self, q: Tensor, scope: Scope) -> Tensor:
        """Buckets, B H R T: two for each chunk the row fills; padding comes last of all."""
        B, _, T, _ = q.shape
        ok = scope.k_ok if scope.k_ok is not None else q.new_ones(B, T, dtype=torch.bool)
        length = ok.sum(1)[:, None, None, None]  # B 1 1 1
        most = max(1, min(self.rotations.size(-1), -(-T // self.chunk)))  # F
        turned = torch.einsum("bhtk,rkf->bhrtf", q.detach(), self.rotations[..., :most])
        none = torch.arange(most, device=q.device) >= -(-length[..., None] // self.chunk)
        best = torch.cat([turned, -turned], -1).masked_fill(
            torch.cat([none, none], -1), -torch.inf
        ).argmax(-1)  # fmt: skip
        best = best.masked_fill(length <= self.chunk, 0)
        return best.masked_fill(~ok[:, None, None], 2 * most)

    def rounds(self, buckets: Tensor, place: Tensor, who: Tensor) -> Tensor:
        """In how many rounds each pair meets: B H R N C 2C."""
        met = torch.zeros((), dtype=torch.long, device=who.device)
        for r in range(buckets.size(2)):
            a, b = pair(pick(buckets[:, :, r : r + 1], who))
            c, d = pair(pick(place[:, :, r : r + 1] // self.chunk, who))
            met = met + ((a == b) & (c >= d) & (c <= d + 1))
        return met


def chunks(x: Tensor, size: int) -> Tensor:
    """B H R NC -> B H R N C."""
    return x.unflatten(-1, (-1, size))


def pick(x: Tensor, index: Tensor) -> Tensor:
    """Entries of x (B H R T, or T K; H and R may be 1) at `index` (B H R ...)."""
    x = x.expand(*index.shape[:3], *x.shape[3:])
    flat = index.flatten(3)
    if x.dim() == 4:
        return x.gather(3, flat).view(index.shape)
    found = x.gather(3, flat[..., None].expand(*flat.shape, x.size(-1)))
    return found.view(*index.shape, x.size(-1))


def back(x: Tensor) -> Tensor:
    """What each chunk sees of x (B H R N C ...): the chunk before, then itself (2C)."""
    return torch.cat([F.pad(x, (0, 0) * (x.dim() - 4) + (1, 0))[:, :, :, :-1], x], 4)


def pair(x: Tensor) -> tuple[Tensor, Tensor]:
    """x (B H R N C) as queries and as the keys they see: ready to be compared."""
    return x[..., :, None], back(x)[..., None, :]
