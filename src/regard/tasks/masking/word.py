"""Whole words by chance, so that no piece of a word tells of the others.

Whole word masking, as in https://github.com/google-research/bert (2019); for Chinese, Cui et al.
2019 (https://arxiv.org/abs/1906.08101).
"""

from regard.tasks.masking.base import MaskingConfig


class Config(MaskingConfig):
    """`rate` alone."""
