"""Keep the figures of a finished `regard study length` in results/: over all lengths, each seed.

python benchmarks/record_length.py runs/study_length $DATA
"""

import json
import sys
from pathlib import Path

import regard
from regard import results
from regard.run import Run
from regard.studies import length

RESULTS = Path(__file__).resolve().parents[1] / "results"


def main(out: str, data: str) -> None:
    """A row for each model and seed, on the test rows that share no sentence."""
    report = json.loads(Path(out, "report.json").read_text("utf-8"))
    test = length.pairs(data, length.SPLITS["test"])
    refs = [en for _, en in length.once([length.join(test, size) for size in length.SIZES])]
    for model in length.MODELS:
        for seed in range(1, report["seeds"] + 1):
            folder = Path(out, f"{model}-{seed}")
            bins = [results.lines(folder / f"test_{size}.out") for size in length.SIZES]
            outputs = length.once(bins)
            known = results.of_run(Run(folder))
            facts = {
                **{key: known[key] for key in known if key not in ("data", "corpus")},
                "set": "joined", "data": "$DATA/multi30k", "wall_s": known["train_s"],
                "command": f"regard study length --data $DATA --seeds {report['seeds']}",
            }  # fmt: skip
            score = regard.bleu(outputs, refs)
            results.record(RESULTS, f"study/length_{model}", score, outputs, facts)
            print(f"study/length_{model}, seed {seed}: {score}")


if __name__ == "__main__":
    main(*sys.argv[1:])
