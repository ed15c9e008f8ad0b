"""What a server is told: runs, limits, and where things lie. Passed between processes as JSON."""

from pydantic import Field

from regard import recipe


class Limits(recipe.Config):
    """How much one client, and all of them together, may ask for.

    `queue`: lines of a run that may wait; `lines`, `characters`: in one request; `seconds`: until
    a request is answered (`file_seconds`: a file); `best`: answers a line; `rate`: requests a
    minute from one address (0: any); `requests`: under way at once; `kept_bytes`, `kept_seconds`:
    translated files waiting to be fetched.
    """

    queue: int = Field(2048, ge=1)
    lines: int = Field(512, ge=1)
    characters: int = Field(20_000, ge=1)
    body_bytes: int = Field(1 << 20, ge=1024)
    file_bytes: int = Field(5 << 20, ge=1)
    seconds: float = Field(60, gt=0)
    file_seconds: float = Field(600, gt=0)
    best: int = Field(10, ge=1)
    rate: float = Field(0, ge=0)
    requests: int = Field(1000, ge=1)
    kept_bytes: int = Field(200 << 20, ge=1)
    kept_seconds: float = Field(600, gt=0)


class Config(recipe.Config):
    """`threads`: searches side by side (0: one a core); `beside`: looks, streams and files side by
    side; `keys`: a file of API keys; `origins`: pages of other servers that may ask; `folder`:
    where translated files wait, one for all processes.
    """

    runs: tuple[str, ...] = Field(min_length=1)
    engine: str = "auto"
    device: str = "cpu"
    threads: int = Field(0, ge=0)
    beside: int = Field(2, ge=1)
    keys: str | None = None
    origins: tuple[str, ...] = ()
    folder: str | None = None
    limits: Limits = Limits()
