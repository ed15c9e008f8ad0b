"""The model card: README.md of a run folder, made of what run.json knows."""

from regard import run as runs
from regard.run import Run


def write(run: Run) -> None:
    """Write the card anew. Raises UserError if this is no run."""
    info = run.info()
    data, epochs = info.get("data", {}), info.get("epochs", 0)
    long, made = data.get("rows_too_long", 0), info["versions"]["regard"]
    rows = [
        ("directions", ", ".join(data.get("directions", []))),
        ("parameters", f"{info.get('parameters', 0):,}"),
        ("training rows", f"{data.get('train_rows', 0):,}"),
        ("left out", f"{data.get('blank_rows_left_out', 0)} blank, {long} too long"),
        ("steps", f"{info.get('steps', 0):,} ({epochs} epochs), ended by {info.get('stopped')}"),
        ("time", f"{info.get('seconds', 0) / 60:.1f} min on {info.get('hardware', '')}"),
        ("weights", f"{info.get('weights', '')}, dev score {info.get('dev_score') or 0:.2f}"),
        ("made with", f"regard {made}, commit {info['commit'] or 'unknown'}, {info['date']}"),
        ("resume", proof(info)),
    ]
    table = "\n".join(f"| {k} | {v} |" for k, v in rows)
    head = f"# {run.folder.name}\n\n| | |\n|---|---|\n"
    runs.write(run.folder / "README.md", f"{head}{table}\n{USE}")


def proof(info: dict) -> str:
    """What `verify-resume` found, if it was asked."""
    found = info.get("resume")
    if not found:
        return "not verified (`regard verify-resume`)"
    return f"{'exact' if found['exact'] else 'NOT EXACT'}: {found['text']} ({found['date']})"


USE = """
Use it: `regard translate THIS_FOLDER < input > output`. Everything is in this folder: recipe.yaml
(what was trained), tokenizer/, model.safetensors (weights), metrics.jsonl and tensorboard/ (how
training went), checkpoints/ (only for going on). Nothing in it is executed when it is loaded.
"""
