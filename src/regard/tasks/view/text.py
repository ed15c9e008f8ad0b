"""Texts as they are."""

from regard.tasks.view.base import ViewConfig


class Config(ViewConfig):
    """Nothing to set."""
