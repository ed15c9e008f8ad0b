"""`regard score`: how likely a translator finds given translations."""

from pathlib import Path
from typing import Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, Direction, Json, opened, told_apart


def score(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="One run, or an ensemble.")],
    source: Annotated[Path, typer.Option(help="The sources, one a line.")],
    target: Annotated[Path, typer.Option(help="A translation of each.")],
    direction: Direction = None,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Log-probability (nats) of each given translation, one a line.

    \b
    regard score runs/deen --source test.de --target test.en
    regard score runs/deen --source test.de --target other.out --json
    """
    from regard.cli.testset import read, same
    from regard.recipe import UserError

    loaded = opened(told_apart(runs).runs, device)
    sources, targets = read(source), read(target)
    same(len(sources), source, len(targets), target)
    if not sources:
        raise UserError(f"{source}: has no lines")
    found: list[float] = []
    pairs = list(zip(sources, targets, strict=True))
    for part in say.parts(pairs, 256, "scoring"):
        found += loaded.score([s for s, _ in part], [t for _, t in part], direction)
    if json:
        codec = loaded.translator.codec
        golds = codec.given(sources, targets, codec.direction(direction))[1]
        tokens = sum(map(len, golds))
        total = sum(found)
        facts = {"lines": len(found), "tokens": tokens, "total": total, "per_token": total / tokens}
        say.document({"runs": runs, **facts, "scores": found})
    else:
        say.write("".join(f"{value:.4f}\n" for value in found))
