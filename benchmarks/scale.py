"""What preparing a corpus costs by its size: seconds and memory, without any training.

python benchmarks/scale.py --sizes 10000,100000,1000000,10000000 [--json]

For each size, in processes of their own: pairs of the phrasebook are written to disk (not counted);
then they are read, tokenizers are learnt, all is encoded, and every batch of an epoch is padded.
Memory is the most that was resident. `cpu`: seconds of computing, which other work on the machine
does not lengthen. --keep FOLDER: leave the corpora there for another time; --record FOLDER: keep
the figures as evidence.
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOME = 20_000  # pairs made at once, distinct among themselves
VOCAB, BUDGET, SEED = 8000, 4096, 1
HEAD = ("pairs", "make s", "prepare s", "epoch s", "cpu s", "µs/pair", "pairs/s", "MB", "empty MB",
        "B/pair kept", "padding %")  # fmt: skip


def make(pairs: int, folder: Path) -> dict:
    """Write a corpus as train.ko and train.en; how long that took and what it held."""
    from regard.data import phrasebook

    began = time.monotonic()
    with (folder / "train.ko").open("w") as ko, (folder / "train.en").open("w") as en:
        for seed, start in enumerate(range(0, pairs, SOME), 1):
            made = phrasebook.pairs("train", min(SOME, pairs - start), seed)
            ko.write("".join(f"{pair.ko}\n" for pair in made))
            en.write("".join(f"{pair.en}\n" for pair in made))
    (folder / "whole").touch()
    return {"make_s": time.monotonic() - began, "make_mb": peak()}


def measure(pairs: int, folder: Path) -> dict:
    """Prepare the corpus in a new run's folder, and go through one epoch's batches."""
    from regard.data.parallel import Config, prepare

    settings = {"corpus": "moses", "dir": str(folder), "directions": ["ko-en"]}
    config = Config.model_validate({**settings, "tokenizer": {"kind": "bpe", "vocab": VOCAB}})
    empty, began, computed = peak(), time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory(dir=folder) as run:
        data = prepare(config, SEED, None, Path(run))
        prepared, prepared_mb = time.monotonic(), peak()
        tokens, places, rows = 0, 0, 0
        for turn in range(data.blocks):
            for chosen in data.batches(BUDGET, turn):
                batch = data.batch(chosen, turn)
                places += batch.source.numel() + batch.target_out.numel()
                tokens += int(batch.source_ok.sum()) + data.tokens(chosen, turn)
                rows += len(chosen)
        ended = time.monotonic()
        kept = sum(file.stat().st_size for file in Path(run).rglob("*") if file.is_file())
    return {
        "pairs": pairs, "blocks": data.blocks, "rows": rows, "tokens": tokens,
        "padding": 1 - tokens / places, "prepare_s": prepared - began, "epoch_s": ended - prepared,
        "cpu_s": time.process_time() - computed, "empty_mb": empty, "prepare_mb": prepared_mb,
        "mb": peak(), "kept_bytes": kept,
    }  # fmt: skip


def peak() -> float:
    """The most memory this process has had resident, in MB (2**20 bytes)."""
    try:  # of this program alone, where the other way would count what started it
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 1024)


def child(what: str, pairs: int, folder: Path) -> dict:
    """What a process of its own finds."""
    command = [sys.executable, __file__, what, str(pairs), str(folder)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def exponent(rows: list[dict], name: str) -> float:
    """p of seconds = c · pairs^p, fitted; 1 is linear."""
    if len(rows) < 2:
        return math.nan
    points = [[math.log(row[key]) for row in rows] for key in ("pairs", name)]
    return statistics.linear_regression(*points).slope


def told(row: dict) -> list[str]:
    """A row as people read it, in the order of HEAD."""
    made = "–" if math.isnan(row["make_s"]) else f"{row['make_s']:.1f}"
    return [
        f"{row['pairs']:,}", made, f"{row['prepare_s']:.1f}",
        f"{row['epoch_s']:.1f}", f"{row['cpu_s']:.1f}", f"{row['cpu_s'] / row['pairs'] * 1e6:.0f}",
        f"{row['pairs'] / row['wall_s']:,.0f}", f"{row['mb']:.0f}", f"{row['empty_mb']:.0f}",
        f"{row['kept_bytes'] / row['pairs']:.0f}", f"{row['padding']:.1%}"[:-1],
    ]  # fmt: skip


def main() -> None:
    """All sizes, one after another."""
    about = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    about.add_argument("--sizes", default="10000,100000,1000000,10000000")
    about.add_argument("--keep", type=Path)
    about.add_argument("--json", action="store_true")
    about.add_argument("--record", type=Path)
    asked = about.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="regard-scale-") as scratch:
        for pairs in map(int, asked.sizes.split(",")):
            folder = (asked.keep or Path(scratch)) / str(pairs)
            folder.mkdir(parents=True, exist_ok=True)
            made = {"make_s": math.nan}  # made before
            if not (folder / "whole").exists():
                made = child("make", pairs, folder)
            found = child("measure", pairs, folder)
            rows.append({**found, **made, "wall_s": found["prepare_s"] + found["epoch_s"]})
            if not asked.json:
                cells = [HEAD, ("--:",) * len(HEAD)] if len(rows) == 1 else []
                for line in [*cells, told(rows[-1])]:
                    print(f"| {' | '.join(line)} |", flush=True)
    fitted = {name: exponent(rows, name) for name in ("wall_s", "cpu_s")}
    if asked.json:
        print(json.dumps({"rows": rows, "exponents": fitted}))
    else:
        said = (f"{name} ~ pairs^{p:.2f}" for name, p in fitted.items())
        print(f"\n{', '.join(said)}")
    if asked.record:
        for row in rows:
            record(asked.record, row)


def record(folder: Path, row: dict) -> None:
    """Keep a size's figures."""
    from regard.results import measured

    facts = {
        "set": "phrasebook ko-en", "seeds": [SEED], "wall_s": round(row["wall_s"], 1),
        "command": " ".join(["python benchmarks/scale.py", *sys.argv[1:]]),
        "padding": round(row["padding"], 4), "blocks": row["blocks"], "tokens": row["tokens"],
    }  # fmt: skip
    alike = f"vocab:{VOCAB}|batch_tokens:{BUDGET}"
    units = {
        "cpu_s": "CPU seconds to prepare and to go through an epoch", "mb": "MiB resident at most",
        "kept_bytes": "bytes kept on disk",
    }  # fmt: skip
    for key, unit in units.items():
        name = f"scale/{row['pairs']:08}-pairs/{key}"
        measured(folder, name, f"{unit}|{alike}", [row[key]] * 3, facts)


if __name__ == "__main__":
    if sys.argv[1:2] in (["make"], ["measure"]):
        act = {"make": make, "measure": measure}[sys.argv[1]]
        print(json.dumps(act(int(sys.argv[2]), Path(sys.argv[3]))))
    else:
        main()
