"""For all tests: none of them is about time."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
