"""How often somebody may ask: a bucket of tokens for each key or address, refilled all the time."""

import time
from collections import OrderedDict

MOST = 10_000  # buckets that are remembered; the one used longest ago goes first


class Rates:
    """Buckets by name."""

    def __init__(self) -> None:
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, when

    def take(self, name: str, rate: float, now: float | None = None) -> float:
        """Take a token from a bucket of `rate` a minute; seconds until there is one, 0: taken.

        A bucket holds a minute's worth, one at least, and is full at first.
        """
        if rate <= 0:
            return 0.0
        now = time.monotonic() if now is None else now
        full = max(1.0, rate)
        tokens, then = self.buckets.pop(name, (full, now))
        tokens = min(full, tokens + (now - then) * rate / 60)
        enough = tokens >= 1
        self.buckets[name] = (tokens - enough, now)
        if len(self.buckets) > MOST:
            self.buckets.popitem(last=False)
        return 0.0 if enough else (1 - tokens) * 60 / rate
