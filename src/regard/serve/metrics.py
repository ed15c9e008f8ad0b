"""What Prometheus reads at /metrics: requests, lines, times, the queue, batches, tokens.

Labels are bounded: a path that is no route counts as "other". With several processes each writes
its counts to a folder, and whichever is asked tells the sum of all.
"""

import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the library has several processes write
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The figures of one application."""

    def __init__(self, waiting: Callable[[], int] = lambda: 0):
        self.registry = registry = CollectorRegistry()
        self.waiting = waiting
        self.requests = Counter(
            "regard_requests", "Requests answered.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "regard_request_seconds", "From the first byte to the last.", ["route"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self.lines = Counter("regard_lines", "Lines translated.", ["run"], registry=registry)
        self.tokens = Counter("regard_tokens", "Source tokens read.", ["run"], registry=registry)
        self.batch = Histogram(
            "regard_batch_lines", "Lines of a batch.", buckets=SIZES, registry=registry
        )
        self.search = Histogram(
            "regard_batch_seconds", "A batch's search.", buckets=SECONDS, registry=registry
        )
        self.queue = Gauge(
            "regard_queue_lines", "Lines that wait.", registry=registry,
            multiprocess_mode="livesum",
        )  # fmt: skip

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self.requests.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def searched(self, run: str, lines: int, seconds: float) -> None:
        """A batch was answered."""
        self.lines.labels(run).inc(lines)
        self.batch.observe(lines)
        self.search.observe(seconds)
        self.queue.set(self.waiting())

    def read(self, run: str, tokens: int) -> None:
        """Source tokens went in."""
        self.tokens.labels(run).inc(tokens)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        self.queue.set(self.waiting())
        if FOLDER not in os.environ:
            return generate_latest(self.registry)
        everything = CollectorRegistry()
        MultiProcessCollector(everything)
        return generate_latest(everything)
