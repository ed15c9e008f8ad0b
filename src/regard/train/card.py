"""The model card: README.md of a run folder, made of what run.json knows."""

from typing import Any

from regard import run as runs
from regard.run import Run


def write(run: Run) -> None:
    """Write the card anew. Raises UserError if this is no run."""
    info = run.info()
    made = info["versions"]["regard"]
    rows = [
        ("task", run.recipe.task),
        ("parameters", f"{info.get('parameters', 0):,}"),
        *((name.replace("_", " "), said(value)) for name, value in info.get("data", {}).items()),
        *(imported(info["imported"]) if "imported" in info else trained(info)),
        ("made with", f"regard {made}, commit {info['commit'] or 'unknown'}, {info['date']}"),
    ]
    table = "\n".join(f"| {k} | {v} |" for k, v in rows)
    head = f"# {run.folder.name}\n\n| | |\n|---|---|\n"
    runs.write(run.folder / "README.md", f"{head}{table}\n\nUse it: {use(run)}. {WHAT}")


def trained(info: dict) -> list[tuple[str, str]]:
    """How it was trained."""
    epochs = info.get("epochs", 0)
    return [
        ("steps", f"{info.get('steps', 0):,} ({epochs} epochs), ended by {info.get('stopped')}"),
        ("time", f"{info.get('seconds', 0) / 60:.1f} min on {info.get('hardware', '')}"),
        ("weights", f"{info.get('weights', '')}, dev score {info.get('dev_score') or 0:.2f}"),
        ("resume", proof(info)),
    ]


def imported(info: dict) -> list[tuple[str, str]]:
    """Where it is from."""
    return [
        ("imported", f"{info['family']} from {info['source']}"),
        ("licence", f"{info['license'] or 'unknown'}, as its card says"),
        ("left out", said(info["left_out"]) or "nothing"),
        ("made anew", said(info["made_anew"]) or "nothing"),
    ]


def proof(info: dict) -> str:
    """What `verify-resume` found, if it was asked."""
    found = info.get("resume")
    if not found:
        return "not verified (`regard verify-resume`)"
    return f"{'exact' if found['exact'] else 'NOT EXACT'}: {found['text']} ({found['date']})"


def said(value: Any) -> str:
    """A fact of the data in words."""
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def use(run: Run) -> str:
    """How a run of its task is used."""
    verb = run.recipe.verb
    if not verb:
        return "`regard train RECIPE start=THIS_FOLDER`, which begins with what this has learnt"
    return f"`regard {verb} THIS_FOLDER < input > output`"


WHAT = """Everything is in this folder: recipe.yaml
(what was trained), tokenizer/, model.safetensors (weights), metrics.jsonl and tensorboard/ (how
training went), checkpoints/ (only for going on). Nothing in it is executed when it is loaded.
"""
