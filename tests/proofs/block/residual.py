"""Where norms stand: what each placement comes to at its limits."""

import torch
from proving import B, D, T, drawn, same, shaken, trip

from regard.block.base import Layer
from regard.block.residual import Residual
from regard.block.standard import Config as Standard
from regard.norm.layer import Config as LayerNorm

NORM = LayerNorm(eps=0.0)


def made(place, depth=3):
    """One residual in use, its norms at no special value."""
    return shaken(Residual(D, place, NORM, 0.1, depth))


def limit_rezero_starts_as_the_identity():
    block = Standard(place="rezero").build(D, None, False, 3).double().eval()
    x, w = drawn(B, T, D), drawn(B, T, D, seed=8).detach()
    y, _ = block(x, trip(None, False), Layer())
    same(y, x)
    same(torch.autograd.grad((y * w).sum(), x)[0], w)


def limit_pre_leaves_the_stream_alone_where_a_part_answers_nothing():
    pre, x = made("pre"), drawn(B, T, D)
    same(pre.after(x, torch.zeros_like(x), None), x)


def limit_post_is_the_norm_of_the_stream_where_a_part_answers_nothing():
    post, x = made("post"), drawn(B, T, D)
    same(post.after(x, torch.zeros_like(x), None), post.norm(x))


def limit_sandwich_does_not_notice_how_large_an_answer_is():
    sandwich, x, y = made("sandwich"), drawn(B, T, D), drawn(B, T, D, seed=8)
    same(sandwich.after(x, 1000 * y, None), sandwich.after(x, y, None))


def limit_deepnorm_is_post_with_the_answer_divided_by_alpha():
    for depth in (1, 6, 24):
        deep, post, x, y = (
            made("deepnorm", depth),
            made("post"),
            drawn(B, T, D),
            drawn(B, T, D, seed=8),
        )
        post.load_state_dict(deep.state_dict())
        same(deep.after(x, y, None), post.after(x, y / (2 * depth) ** 0.25, None))
