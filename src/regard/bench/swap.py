"""`regard bench swap`: one translator, one part changed, equal time: what the part is worth.

Each is trained for as many updates as it can do within the budget (its speed is measured first),
with a schedule that ends there. The plain model is trained from three seeds: what lies within their
spread is a tie. A finished row is kept in the scratch folder: an interrupted table goes on.
"""

import copy
import json
import math
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regard import parts
from regard.bench import sizes
from regard.bench.data import prepare
from regard.bench.process import System, measure, own
from regard.bench.rounds import Say, here
from regard.recipe import UserError, make, nearest
from regard.run import write_json

PLAIN = "plain"
SEEDS = 3
TRIAL = {"seconds": 20.0, "warm": 4.0}
DEV_ROWS = 500
SETTINGS: dict[str, Any] = {
    "dropout": 0.1, "smoothing": 0.1, "lr": 2e-3, "vocab": 4000, "batch_tokens": 2560,
    "device": "cpu", "precision": "auto",
}  # fmt: skip
ALIKE = ("size", "minutes", "threads", "vocab", "batch_tokens")
# One or more of every branch; where a kind cannot write, only the encoder has it.
USUAL = (
    "attention.window", "attention.bigbird", "attention.reformer", "attention.linear",
    "attention.performer", "attention.deltanet", "attention.linformer", "attention.nystrom",
    "attention.realformer", "attention.average", "attention.synthesizer_random",
    "attention.talking_heads", "attention.multi_query", "position.rotary", "position.alibi",
    "norm.rms", "block.rezero", "ff.swiglu", "ff.switch", "mixer.ssru", "block.macaron",
)  # fmt: skip


def run(chosen: Sequence[str], asked: dict[str, Any], where: Path, out: Path, say: Say) -> dict:
    """Train them all, one after the other; `asked`: size, minutes, threads, seed.

    Raises UserError for a part that is none, or if the data is not there.
    """
    began = time.monotonic()
    found = {name: named(name) for name in chosen}
    data = prepare(where, out / "data", SETTINGS["vocab"])
    told = {
        **SETTINGS, **sizes.SIZES[asked["size"]]._asdict(), **asked,
        "data": str((out / "data").resolve()),
        "direction": data["direction"], "vocab": data["vocab"],
    }  # fmt: skip
    rows = [kept_row(PLAIN, None, {**told, "seed": told["seed"] + i}, out, say)
            for i in range(SEEDS)]  # fmt: skip
    for name, part in found.items():
        try:
            rows.append(kept_row(name, part, told, out, say))
        except UserError as error:
            rows.append({"name": name, "failed": str(error)})
            say(f"{name}: {error}")
    return {
        "benchmark": "swap", "size": asked["size"], "settings": told, "rows": ranked(rows),
        "band": band(rows), "alike": ALIKE, "set": f"{data['data']} {data['direction']} dev",
        "where": str(where), "wall_s": round(time.monotonic() - began, 1), **here(),
    }  # fmt: skip


def named(name: str) -> parts.Part:
    """The part called FAMILY.KIND. Raises UserError with the nearest one."""
    known = {f"{p.family}.{p.kind}": p for p in parts.parts()}
    if name not in known:
        raise UserError(f"swap: no part {name!r}; {nearest(name, known)}")
    return known[name]


def kept_row(
    name: str, part: parts.Part | None, told: dict[str, Any], out: Path, say: Say
) -> dict[str, Any]:
    """A row of the table, read again if the same commit made it from the same settings."""
    file = out / "rows" / f"{name}.{told['seed']}.json"
    made_from = {**told, **here(), "date": None, "data": None}
    if file.exists() and (found := json.loads(file.read_text("utf-8")))["from"] == made_from:
        say(f"{name}: measured before, {file}")
        return found["row"]
    row = trained(name, part, told, out, say)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {"from": made_from, "row": row})
    return row


def trained(
    name: str, part: parts.Part | None, told: dict[str, Any], out: Path, say: Say
) -> dict[str, Any]:
    """A row of the table: a trial for its speed, then the whole budget.

    Raises UserError if either fails.
    """
    system = System(name, own("train"))
    trial = {**told, **TRIAL, "steps": None, "recipe": recipe(told, part, 10_000_000)}
    fast = measure(system, trial, out)
    steps = max(1, int(60 * told["minutes"] * fast["steps"] / fast["seconds"]))
    say(f"{name}: {fast['tokens_per_s']:,.0f} tokens/s, so {steps:,} updates")
    whole = {**told, "steps": steps, "warm": 0.0, "recipe": recipe(told, part, steps)}
    start = time.monotonic()
    got = measure(system, whole, out)
    row = {
        "name": name, "seed": told["seed"], "steps": steps, "where": places(part),
        "minutes": round((time.monotonic() - start) / 60, 2), "parameters": parameters(whole),
        **{key: got[key] for key in ("tokens_per_s", "dev_nll", "dev_bleu", "peak_mib")},
    }  # fmt: skip
    say(f"{name}: dev loss {row['dev_nll']:.3f}, BLEU {row['dev_bleu']:.1f}")
    return row


def recipe(told: dict[str, Any], part: parts.Part | None, steps: int) -> dict[str, Any]:
    """The whole recipe, with the part in it."""
    made = sizes.recipe({**told, "steps": steps})
    made["train"]["optim"] |= {"schedule": "linear", "warmup": min(400, steps // 5), "floor": 0.02}
    made["dev_rows"] = DEV_ROWS
    if part is not None:
        made["model"] = swapped(made["model"], part)
    make(made)  # complain before the work
    return made


def swapped(model: dict[str, Any], part: parts.Part) -> dict[str, Any]:
    """A `model:` of a recipe with the part on both sides, or in the encoder if it cannot write."""
    model = copy.deepcopy(model)
    if part.family == "embed":
        model["embed"] = {**without_kind(model.get("embed", {})), "kind": part.kind}
        return model
    for side in places(part):
        stack = model.setdefault(side, {})
        block = stack.setdefault("block", {})
        if part.family == "stack":
            stack["kind"] = part.kind
        elif part.family == "position":
            stack["position"] = part.kind
        elif part.family == "block" and part.kind in PLACEMENTS:
            block["place"] = part.kind
        elif part.family == "block":
            block["kind"] = part.kind
        else:
            field = "mixer" if part.family in ("attention", "mixer") else part.family
            block[field] = {**kept(block.get(field), part), "kind": part.kind}
    return model


PLACEMENTS = ("pre", "post", "sandwich", "rezero", "deepnorm")


def kept(old: Any, part: parts.Part) -> dict[str, Any]:
    """Settings of the part it replaces that it has too: heads, width, dropout."""
    from importlib import import_module

    fields = import_module(f"regard.{part.family}.{part.kind}").Config.model_fields
    return {k: v for k, v in without_kind(old).items() if k in fields}


def without_kind(old: Any) -> dict[str, Any]:
    """Settings alone."""
    return {k: v for k, v in old.items() if k != "kind"} if isinstance(old, dict) else {}


def places(part: parts.Part | None) -> list[str]:
    """The sides of a translator that can have it."""
    return ["encoder", "decoder"] if part is None or part.causal else ["encoder"]


def parameters(told: dict[str, Any]) -> int:
    """Numbers that are learnt."""
    made: Any = make(told["recipe"])
    model = made.model.build(told["vocab"], told["vocab"])
    return sum(p.numel() for p in model.parameters())


def band(rows: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """Mean of the plain ones, and two standard deviations on either side."""
    found = {}
    for key in ("dev_nll", "dev_bleu"):
        values = [row[key] for row in rows if row["name"] == PLAIN]
        mean, spread = statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0
        found[key] = [mean - 2 * spread, mean, mean + 2 * spread]
    return found


def ranked(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """By dev loss, best first; what failed comes last."""
    return sorted(rows, key=lambda row: row.get("dev_nll", math.inf))


COLUMNS = ("", "in", "dev loss", "dev BLEU", "tokens/s", "updates", "MiB", "parameters")


def cells(found: dict[str, Any]) -> list[list[Any]]:
    """For a table; `=` marks a loss within the band of the plain ones."""
    low, _, high = found["band"]["dev_nll"]
    table = []
    for row in found["rows"]:
        if "failed" in row:
            table.append([row["name"], row["failed"], *[None] * 6])
            continue
        tie = " =" if low <= row["dev_nll"] <= high else ""
        table.append([
            row["name"] + tie, " and ".join(row["where"]), f"{row['dev_nll']:.3f}", row["dev_bleu"],
            round(row["tokens_per_s"]), row["steps"], round(row["peak_mib"]), row["parameters"],
        ])  # fmt: skip
    return table
