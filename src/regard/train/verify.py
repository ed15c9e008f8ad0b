"""The proof that a run's recipe resumes exactly here: trained in two goes as in one, bit for bit.

Each go is a process of its own (`python -m regard.train.verify RUN [UNTIL]`): no memory survives.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from regard import recipe as recipes
from regard import run as runs
from regard.recipe import UserError
from regard.run import Run
from regard.train import card, checkpoint

TIMES = {"seconds", "tokens_per_s"}  # what may differ


def verify(run: Run, steps: int = 6) -> dict[str, Any]:
    """Train the run's recipe `steps` + `steps` steps with a stop between, and at once, and compare.

    What it found is returned, and noted in run.json and on the card: `exact`, `text`, ... Raises
    UserError if this is no run, or it cannot be trained here (its data is elsewhere).
    """
    settings = json.loads(run.recipe.model_dump_json())
    settings["train"] |= {"steps": 2 * steps, "every": 2 * steps, "patience": 0}
    with tempfile.TemporaryDirectory(prefix="regard-verify-") as scratch:
        recipe = recipes.make(settings, str(run.folder))
        twice, once = Run(Path(scratch, "twice")), Run(Path(scratch, "once"))
        for copy in (twice, once):
            copy.create(recipe)
            if run.tokenizer.exists():
                shutil.copytree(run.tokenizer, copy.tokenizer)
        go(twice, steps)
        go(twice)
        go(once)
        odd = differences(twice, once)
    text = f"{steps} + {steps} steps in two processes against {2 * steps} in one: "
    if odd:
        text += f"{', '.join(odd)} {'differs' if len(odd) == 1 else 'differ'}"
    else:
        text += "weights, optimiser, generators and metrics are the same bit for bit"
    found = {
        "exact": not odd, "steps": 2 * steps, "text": text, "differs": odd,
        "threads": torch.get_num_threads(), "torch": str(torch.__version__),
        "hardware": runs.hardware(), "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }  # fmt: skip
    run.note(resume=found)
    if run.model.exists():
        card.write(run)
    return found


def go(run: Run, until: int | None = None) -> None:
    """Train in another process. Raises UserError with its last words if that fails."""
    asked = [str(run.folder), *([] if until is None else [str(until)])]
    done = subprocess.run([sys.executable, "-m", __name__, *asked], capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"verify-resume: the recipe could not be trained here: {last}")


def differences(a: Run, b: Run) -> list[str]:
    """What two runs of one recipe do not share: parts of the newest checkpoint, metrics, model."""
    odd, ends = [], [newest(run) for run in (a, b)]
    for name in sorted(ends[0][0].keys() | ends[1][0].keys()):
        one, other = (tensors.get(name, {}) for tensors, _ in ends)
        if one.keys() != other.keys() or not all(torch.equal(one[k], other[k]) for k in one):
            odd.append(name)
    if timeless(ends[0][1]) != timeless(ends[1][1]):
        odd.append("position")
    lines = [run.metrics.read_text("utf-8").splitlines() for run in (a, b)]
    if len({tuple(json.dumps(timeless(json.loads(x))) for x in found) for found in lines}) > 1:
        odd.append("metrics")
    if a.model.read_bytes() != b.model.read_bytes():
        odd.append("final weights")
    return odd


def newest(run: Run) -> tuple[dict[str, dict[str, torch.Tensor]], dict[str, Any]]:
    """Tensors and facts of the newest checkpoint."""
    step = checkpoint.steps(run.checkpoints)[-1]
    return checkpoint.read(checkpoint.at(run.checkpoints, step))


def timeless(facts: Any) -> Any:
    """Without what a clock said."""
    if isinstance(facts, dict):
        return {k: timeless(v) for k, v in facts.items() if k not in TIMES}
    return facts


def main(folder: str, until: str | None = None) -> None:
    """One go."""
    from regard.train.training import train

    try:
        train(Run(folder).recipe, folder, quiet=True, until=int(until) if until else None)
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
