"""Evidence: a row in `results/GROUP.jsonl` for every figure, with the system's output beside it
(`record`), or its spread where there is no output (`measured`).

A figure's group is the first word of its name: `translate/multi30k_deen` lies in `translate.jsonl`.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from regard.recipe import Part, Recipe, UserError
from regard.run import Run, facts, write

LARGEST = 1_000_000  # bytes of an output
SAID = ("set", "command", "seeds", "wall_s")  # what nobody but the caller knows
NEEDED = (*SAID, "name", "value", "metric", "commit", "hardware", "date", "output")


class Scored(Protocol):
    """A figure and how it was computed, as `evaluate.scores.Score`."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def signature(self) -> str: ...


def record(
    folder: Path, name: str, score: Scored, outputs: Sequence[str], facts: Mapping[str, Any]
) -> None:
    """Keep a figure; one of the same name, set, metric and seeds is replaced.

    `facts`: `set` (as the recipe's corpus names it), `command`, `seeds` ([]: nothing random),
    `wall_s`, and whatever else is worth knowing (see `of_run`); commit, hardware and date are those
    of now unless given. Where the output is a new one, figures of the old one go with it.
    Raises UserError for a name, an output or a fact that is not as it should be.
    """
    file = file_of(folder, name, facts)
    output = f"outputs/{name}.{spelt(facts['set'], facts['seeds'])}.txt"
    row = {
        "name": name, "set": facts["set"], "value": round(float(score.value), 4),
        "metric": f"{score.name}|{score.signature}", **now(), **facts, "output": output,
    }  # fmt: skip
    kept = rows(file)
    text = joined(outputs, name)
    if lines(folder / output) != list(outputs):
        kept = [old for old in kept if old["output"] != output]
        write(folder / output, text)
    put(file, kept, row)


def measured(
    folder: Path, name: str, metric: str, spread: Sequence[float], facts: Mapping[str, Any]
) -> None:
    """Keep a speed, a time or a size, which leaves no output: its spread is its evidence.

    `metric`: unit and what was alike, as "target tokens/s|size:tiny|threads:2"; `spread`: lowest,
    middle (the value) and highest of several rounds; `facts` as for `record`. Raises UserError for
    a name, a metric or a fact that is not as it should be.
    """
    file = file_of(folder, name, facts)
    if not re.fullmatch(r"[^|]+(\|\w+:[^|]+)+", metric):
        raise UserError(f"results: metric {metric!r}: is written UNIT|KEY:VALUE, as s|threads:2")
    low, value, high = (float(f"{x:.6g}") for x in spread)
    row = {
        "name": name, "set": facts["set"], "value": value, "metric": metric, "spread": [low, high],
        **now(), **facts, "output": None,
    }  # fmt: skip
    put(file, rows(file), row)


def file_of(folder: Path, name: str, facts: Mapping[str, Any]) -> Path:
    """Where the rows of a figure's group lie.

    Raises UserError for a name that is none, and for facts that are missing.
    """
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+", name) or ".." in name:
        raise UserError(f"results: name {name!r}: is written GROUP/SYSTEM, as translate/docs_enko")
    missing = [k for k in SAID if facts.get(k) in (None, "")]
    if missing:
        raise UserError(f"results: {name}: no {', '.join(missing)}; a figure needs its evidence")
    return folder / f"{name.partition('/')[0]}.jsonl"


def put(file: Path, kept: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> None:
    """Write a group's rows with this one in the place of the same figure's."""
    kept = sorted([*(old for old in kept if key(old) != key(row)), row], key=key)
    write(file, "".join(json.dumps(old, ensure_ascii=False) + "\n" for old in kept))


def now() -> dict[str, Any]:
    """Commit, machine and date."""
    known = facts()
    return {k: known[k] for k in ("commit", "hardware", "date")}


def key(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """What makes a row the same figure: the version of the scorer does not."""
    metric = re.sub(r"\|version:[^|]*", "", row["metric"])
    return row["name"], str(row["set"]), metric, json.dumps(row["seeds"])


def spelt(of: str, seeds: Sequence[int]) -> str:
    """The part of an output's name that tells its set and seeds; no seed and seed 1 go without."""
    other = "" if list(seeds) in ([], [1]) else ".seed" + "-".join(map(str, seeds))
    return re.sub(r"[^\w.-]+", "_", of) + other


def joined(outputs: Sequence[str], name: str) -> str:
    """The lines as one text. Raises UserError if they are none, or too many."""
    broken = [i for i, line in enumerate(outputs, 1) if "\n" in line]
    if broken:
        raise UserError(f"results: {name}: output {broken[0]} has a line feed in it; one line each")
    text = "".join(line + "\n" for line in outputs)
    size = len(text.encode())
    if not outputs or size > LARGEST:
        raise UserError(f"results: {name}: {size:,} bytes of output; 1 to {LARGEST:,} are kept")
    return text


def lines(output: Path) -> list[str]:
    """The lines of an output: a line ends at a line feed and nowhere else; [] if there is none."""
    text = output.read_bytes().decode("utf-8") if output.exists() else ""
    return text.removesuffix("\n").split("\n") if text else []


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a group's file, or of all groups of a folder.

    Raises UserError for a line that is no row.
    """
    if path.is_dir():
        return [row for file in sorted(path.glob("*.jsonl")) for row in rows(file)]
    found = []
    for number, line in enumerate(lines(path), 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or any(k not in row for k in NEEDED):
            raise UserError(f"{path}, line {number}: is no row with {', '.join(NEEDED)}")
        found.append(row)
    return found


def of_run(run: Run) -> dict[str, Any]:
    """What a run knows of its figures: how, on what and how long it was trained."""
    info, recipe = run.info(), run.recipe
    known = {"parameters": "parameters", "steps": "steps", "weights": "weights",
             "hardware": "hardware", "train_s": "seconds", "trained_at": "commit",
             "trained_by": "command"}  # fmt: skip
    said = {name: info[key] for name, key in known.items() if info.get(key)}
    decode = getattr(recipe, "decode", None)
    if decode is not None:
        said["decode"] = Part.dump(decode)
    if "trained_by" in said:
        said["trained_by"] = hide(said["trained_by"], recipe.data.dir)  # type: ignore[attr-defined]
    return {**said, "seeds": [recipe.seed], **of_data(recipe)}


def of_data(recipe: Recipe) -> dict[str, Any]:
    """The recipe's corpus, which rows of it and, without naming this machine, where it lies.

    Of translators these are `directions`; of others `rows`, all that says how rows are read.
    """
    data: Any = getattr(recipe, "data", None)
    if data is None:
        return {}
    where = {} if data.dir is None else {"data": hide(data.dir, data.dir)}
    known = {**where, "corpus": Part.dump(data.corpus)}
    if hasattr(data, "directions"):
        return {**known, "directions": list(data.directions)}
    other = {"dir", "corpus", "tokenizer", "max_length", "most"}
    rows = data.model_dump(mode="json", exclude=other, exclude_defaults=True)
    return {**known, "task": recipe.task, "rows": rows}


def hide(command: str, data_dir: Path | str | None = None) -> str:
    """A command as anybody could give it: $DATA for the corpora, no paths of this machine.

    `data_dir` is that of one corpus: it becomes $DATA/NAME, or $DATA/SOME/NAME beneath the folder
    that the environment variable DATA names.
    """
    root = os.environ.get("DATA", "").rstrip("/")
    one = os.path.expandvars(data_dir or "").rstrip("/")
    told = [(root, "$DATA")] if os.path.isabs(root) else []
    if os.path.isabs(one) and not (told and f"{one}/".startswith(f"{root}/")):
        told.append((one, f"$DATA/{Path(one).name}"))
    for path, instead in told:
        here = rf"(?<![\w./-]){re.escape(path)}(?![\w.-])"
        command = re.sub(here, instead, command)
    command = re.sub(rf"(?<![\w./-]){re.escape(str(Path.cwd()))}/", "", command)
    return re.sub(r"^/\S*/(?=[\w.-]+(\s|$))", "", command)  # the program, wherever it is installed


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """Rows as Markdown: scores and, in a table of their own, what was measured; "" for no rows."""
    timed = [row for row in found if row["output"] is None]
    scored = [row for row in found if row["output"] is not None]
    return "\n".join(text for text in (scores(scored), measurements(timed)) if text)


def scores(found: Sequence[Mapping[str, Any]]) -> str:
    """A line for each system and set, signatures below."""
    if not found:
        return ""
    head = ("system", "data", "metric", "value", "parameters", "training", "hardware", "command")
    systems: dict[tuple, list[Mapping[str, Any]]] = {}
    for row in found:
        systems.setdefault((row["name"], row["set"], str(row["seeds"])), []).append(row)
    out = [line(head), "|---|---|---|--:|--:|--:|---|---|"]
    for group in systems.values():
        metrics = "<br>".join(short(row["metric"]) for row in group)
        values = "<br>".join(f"{row['value']:.{2 if row['value'] >= 1 else 3}f}" for row in group)
        out.append(line((*told(group[0])[:2], metrics, values, *told(group[0])[2:])))
    signatures = {short(r["metric"]): r["metric"].partition("|")[2] for r in found}
    below = [f"{name} `{signature}`" for name, signature in sorted(signatures.items())]
    return "\n".join(out) + "\n\nSignatures: " + " · ".join(below) + ".\n"


def measurements(found: Sequence[Mapping[str, Any]]) -> str:
    """A line for each figure: its median and range, and ours against it, round by round."""
    if not found:
        return ""
    head = ("system", "data", "measured", "median (range)", "ours / it", "hardware", "command")
    out = [line(head), "|---|---|---|--:|--:|---|---|"]
    for row in found:
        unit, *alike = row["metric"].split("|")
        ratio = row.get("ratio")
        out.append(line((
            row["name"], row["set"], f"{unit}: {', '.join(alike).replace(':', ' ')}",
            ranged((row["spread"][0], row["value"], row["spread"][1])),
            "–" if ratio is None else ranged(ratio), row["hardware"], f"`{row['command']}`",
        )))  # fmt: skip
    return "\n".join(out) + "\n"


def ranged(spread: Sequence[float]) -> str:
    """Lowest, middle and highest value as a table shows them."""
    low, middle, high = (f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}" for x in spread)
    return middle if low == high else f"{middle} ({low}–{high})"


def line(cells: Sequence[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def told(row: Mapping[str, Any]) -> tuple[str, ...]:
    """System, data, parameters, training time, hardware and command of a row, for people."""
    seeds = f" (seeds {', '.join(map(str, row['seeds']))})" if len(row["seeds"]) > 1 else ""
    known = row.get("corpus", {})
    corpus = row.get("data", "").removeprefix("$DATA/") or known.get("kind", "")
    of = known.get(row["set"], row["set"])  # `test` by the name it has there
    parameters = f"{row['parameters'] / 1e6:.1f} M" if row.get("parameters") else "–"
    minutes = f"{row['train_s'] / 60:.0f} min" if row.get("train_s") else "–"
    return (
        f"{row['name']}{seeds}", ", ".join(x for x in (corpus, of) if x),
        parameters, minutes, row["hardware"], f"`{row['command']}`",
    )  # fmt: skip


def short(metric: str) -> str:
    """A metric's name as a table has room for: `BLEU lc 13a`."""
    name, _, signature = metric.partition("|")
    said = dict(part.partition(":")[::2] for part in signature.split("|"))
    lower = "lc" if said.get("case") == "lc" else ""
    tok = re.sub(r"-\d.*", "", said.get("tok", ""))  # without the versions of dictionaries
    return " ".join(x for x in (name, lower if name == "BLEU" else "", tok) if x)
