"""`regard bench train`: the same model on the same data, ours and the peers' in alternation."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regard.bench import peers
from regard.bench.alternate import mean, ratio
from regard.bench.data import prepare
from regard.bench.process import System, own
from regard.bench.rounds import OURS, Rounds, Say, alternate, beside, here
from regard.bench.sizes import SIZES

PEERS = ("plain", "marian", "joeynmt", "eole")
# What a peer's documentation leaves to the machine: both ways are measured.
WAYS = {"eole": {"": {"workers": 0}, ", 2 workers": {"workers": 2}}}
PEAK = "matrix peak"
# Alike for everybody, beside what one asks for.
COMMON: dict[str, Any] = {"dropout": 0.1, "smoothing": 0.1, "lr": 7e-4}
ALIKE = ("size", "precision", "threads", "vocab", "batch_tokens", "device", "steps")


def settings(size: str, asked: dict[str, Any], data: dict[str, Any], out: Path) -> dict[str, Any]:
    """All that a measured process is told; `asked`: what the command line says."""
    told = {**COMMON, **SIZES[size]._asdict(), **asked, "data": str((out / "data").resolve())}
    return {**told, "size": size, "vocab": data["vocab"], "direction": data["direction"]}


def run(
    size: str, against: Sequence[str], asked: dict[str, Any], where: Path, out: Path,
    environments: Path, say: Say,
) -> dict[str, Any]:  # fmt: skip
    """Measure, and tell all of it. Raises UserError if data, a peer or ours is not to be had.

    `asked`: rounds, seconds, warm, steps, threads, precision, vocab, batch_tokens, device, seed.
    """
    began = time.monotonic()
    by_peer = {
        name: peers.variants(peers.system(name, "train", environments), WAYS.get(name))
        for name in against
    }
    systems = [System(OURS, own("train")), System(PEAK, own("peak"))]
    systems += [variant for variants in by_peer.values() for variant in variants]
    data = prepare(where, out / "data", asked["vocab"])
    told = settings(size, asked, data, out)
    say(f"{size}: {data['train']['target']:,} target tokens an epoch, vocabulary {data['vocab']:,}")
    made = alternate(systems, told, asked["rounds"], out, say)
    names = {name: [v.name for v in variants] for name, variants in by_peer.items()}
    seconds = time.monotonic() - began
    flops = SIZES[size].flops(data["vocab"], data["source_tokens"])
    return {
        "benchmark": "train", "size": size, "settings": told, "prepared": data,
        "flops_per_token": flops, "peak_gflops": made.spread(PEAK, "gflops"),
        "systems": systems_of(made, names, flops), "failed": made.failed, "alike": ALIKE,
        "set": f"{data['data']} {data['direction']}", "where": str(where),
        "wall_s": round(seconds, 1), **here(),
    }  # fmt: skip


def systems_of(
    made: Rounds, peers: dict[str, list[str]], flops: float
) -> dict[str, dict[str, Any]]:
    """By system: speed, share of the peak, memory, what it ran with, and ours against it."""
    against = beside(made, peers, "tokens_per_s")
    memory = beside(made, peers, "peak_mib", more_is_better=False)
    found = {}
    for name in (OURS, *(v for variants in peers.values() for v in variants)):
        speed, last = made.spread(name, "tokens_per_s"), made.last(name)
        if speed is None:
            continue
        gflops = [
            {name: turn[name]["tokens_per_s"] * flops / 1e9, PEAK: turn[PEAK]["gflops"]}
            for turn in made.found if name in turn and PEAK in turn
        ]  # fmt: skip
        found[name] = {
            "tokens_per_s": speed, **against.get(name, {}),
            "share_of_peak": ratio(gflops, name, PEAK),
            "peak_mib": made.spread(name, "peak_mib"),
            "memory_ratio": memory[name]["ratio"] if name in memory else None,
            "device_peak_mib": made.spread(name, "device_peak_mib"),
            "dev_nll": mean(made.all(name, "dev_nll")),
            "tokens_per_step": last["tokens"] / last["steps"],
            "version": last.get("version"), "settings": last.get("settings", {}),
            "rounds": [turn[name] for turn in made.found if name in turn],
        }  # fmt: skip
    return found
