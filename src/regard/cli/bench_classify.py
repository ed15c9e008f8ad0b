"""`regard bench classify`: TF-IDF and a linear classifier on a recipe's data, to compare with."""

from pathlib import Path
from typing import Annotated, Any

import typer

from regard.cli import say
from regard.cli.bench import Record
from regard.cli.bench_family import app
from regard.cli.common import Json


@app.command(short_help="TF-IDF and a linear classifier on a recipe's data.")
def classify(
    words: Annotated[
        list[str], typer.Argument(metavar="RECIPE KEY=VALUE", help="A recipe, and changes.")
    ],
    test: Annotated[str, typer.Option("--set", help="The split it answers.")] = "test",
    features: Annotated[str, typer.Option(help="Among words, letters, both.")] = "both",
    losses: Annotated[str, typer.Option(help="Among logistic, hinge.")] = "logistic,hinge",
    penalties: Annotated[str, typer.Option(help="scikit-learn's C.")] = "0.1,0.3,1,3,10",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the labels here.")
    ] = None,
    record: Record = None,
    name: Annotated[
        str | None, typer.Option(metavar="GROUP/NAME", help="The recorded name.")
    ] = None,
    json: Json = False,
) -> None:
    """Train TF-IDF and a linear classifier on the rows of a recipe's data, and answer its test set.

    \b
    regard bench classify classify/nsmc_binary data.dir=$DATA/nsmc_ratings -o tfidf.out
    regard compare tfidf.out runs/nsmc_binary
    regard bench classify RECIPE --features words,letters,both --record results

    Features, loss and penalty are the best of those tried on dev.
    """
    from regard import recipe as recipes
    from regard.bench import linear
    from regard.cli import judged
    from regard.run import write

    made: Any = recipes.load(words[0], words[1:])
    how: dict[str, Any] = {
        "features": split(features), "losses": split(losses), "penalties": numbers(penalties)
    }  # fmt: skip
    found = linear.run(made, test, how, say.note)
    seconds = round(max(found.seconds, 0.01), 2)
    if output is not None:
        write(output, "".join(f"{line}\n" for line in found.judged.lines))
    if record is not None:
        from regard import results

        facts = {**results.of_data(made), "set": test, "wall_s": seconds, "train_s": seconds,
                 "seeds": [made.seed] if made.data.most else [], "chosen": found.chosen,
                 "parameters": found.chosen["weights"], "tried": found.tried}  # fmt: skip
        judged.keep(record, name or f"classify/tfidf_{Path(words[0]).stem}", found.judged, facts)
    told = {"recipe": words[0], **judged.figures(found.judged), "test": test, "seconds": seconds,
            "chosen": found.chosen, "tried": found.tried}  # fmt: skip
    say.document(told) if json else judged.show(told)


def split(words: str) -> list[str]:
    """Those of a comma-separated list."""
    return [word.strip() for word in words.split(",") if word.strip()]


def numbers(words: str) -> list[float]:
    """Those of a comma-separated list. Raises UserError for what is none."""
    from regard.recipe import UserError

    try:
        found = [float(word) for word in split(words)]
    except ValueError:
        found = []
    if not found:
        raise UserError(f"--penalties: {words!r}: is written 0.1,1,10")
    return found
