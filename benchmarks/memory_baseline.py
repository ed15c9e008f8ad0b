"""Score the translation-memory baseline on a recipe's test set, and keep the figure in results/.

Its answers are lines of the corpus, which is not ours to copy: what is kept is their row numbers.

python benchmarks/memory_baseline.py translate/docs_enko data.dir=$DATA/docs
"""

import sys
import time
from pathlib import Path

from regard import recipe as recipes
from regard import results
from regard.evaluate.scores import measure
from regard.tasks.memory import similar

RESULTS = Path(__file__).resolve().parents[1] / "results"


def main(name: str, *changes: str) -> None:
    """Answer the test set with training targets; print and record the score."""
    began = time.monotonic()
    recipe = recipes.load(name, changes)
    data = recipe.data
    train = data.rows("train", drop_empty=True).rows
    test = data.rows("test").rows
    found = similar([row.source for row in train], [row.source for row in test])
    outputs = ["" if i < 0 else train[i].target for i in found]
    language = data.directions[0].rpartition("-")[2]
    score = measure("bleu", language).score(outputs, [row.target for row in test])
    print(score)
    command = " ".join(["python benchmarks/memory_baseline.py", name, *changes])
    facts = {
        "set": "test", "command": results.hide(command, data.dir), "seeds": [],
        "wall_s": round(time.monotonic() - began, 1), "train_rows": len(train),
        "answers": "numbers of training rows, from 0", **results.of_data(recipe),
    }  # fmt: skip
    results.record(RESULTS, f"{name}_memory", score, list(map(str, found)), facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
