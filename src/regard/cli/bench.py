"""`regard bench`: speed and memory beside the peers, in alternation, told as ratios."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from regard.cli import say
from regard.cli.common import Json

app = typer.Typer(rich_markup_mode=None, help="Measure speed and memory, beside the peers.")

SIZES, DEVICES = ("tiny", "small", "base", "large"), ("cpu", "cuda")
OUT = Path("runs/bench")
COLUMNS = {
    "tokens_per_s": "tokens/s", "sentences_per_s": "sentences/s", "seconds": "seconds",
    "ratio": "ours / it", "short_ratio": "shortlist / it", "through_ratio": "through / it",
    "share_of_peak": "of peak", "peak_mib": "MiB", "memory_ratio": "MiB, it / ours",
    "device_peak_mib": "GPU MiB", "dev_nll": "dev loss", "tokens_per_step": "a step",
    "bleu": "BLEU", "tokens": "length",
}  # fmt: skip

SHORT = ("peak_mib", "memory_ratio", "device_peak_mib", "share_of_peak")

Data = Annotated[
    Path | None, typer.Option(help="The folder of Multi30k.", show_default="$DATA/multi30k")
]
Environments = Annotated[
    Path | None,
    typer.Option(help="The peers' virtual environments.", show_default="$PEERS, or .peers"),
]
Out = Annotated[Path, typer.Option(help="Where data, logs and scratch files go.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of each system.")]
Rounds = Annotated[int, typer.Option(min=1, help="How often each system is measured.")]
Size = Annotated[str, typer.Option(help="tiny, small, base or large.")]
Seed = Annotated[int, typer.Option(help="Of the order, and of the first round's weights.")]
Record = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Keep the figures as evidence here.")
]


@app.command(short_help="target tokens per second and memory of training.")
def train(
    size: Size = "tiny",
    against: Annotated[str, typer.Option(help="Among plain, marian, joeynmt, eole.")] = "plain",
    data: Data = None,
    rounds: Rounds = 5,
    seconds: Annotated[float, typer.Option(min=0, help="Measured, after the warm-up.")] = 30.0,
    warm: Annotated[float, typer.Option(min=0, help="Seconds of warm-up, not counted.")] = 5.0,
    steps: Annotated[
        int | None, typer.Option(help="So many updates instead of seconds, then the dev loss.")
    ] = None,
    threads: Threads = 2,
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    vocab: Annotated[int, typer.Option(min=300, help="Tokens of the shared vocabulary.")] = 4000,
    batch_tokens: Annotated[int, typer.Option(min=1, help="Of a batch, padding counted.")] = 2560,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    seed: Seed = 1,
    out: Out = OUT,
    environments: Environments = None,
    json: Json = False,
    record: Record = None,
) -> None:
    """Train the same Transformer on the same tokens, ours and the peers' in turns.

    \b
    regard bench train --data corpora/multi30k
    regard bench train --size base --against plain,eole,joeynmt,marian --record results
    regard bench train --size small --vocab 32000 --batch-tokens 4096     for the memory
    regard bench train --steps 900 --rounds 3                             for the dev loss, too
    regard bench train --size large --vocab 32000 --device cuda --precision bfloat16

    Every measurement is a process of its own. A ratio is ours / theirs within a round, so above 1
    ours is faster. Each peer runs as it comes, and with the allocator's setting that ours makes
    for itself; the better figure counts.
    """
    from regard.bench import peers
    from regard.bench.train import PEERS, run

    check(
        size=(size, SIZES), precision=(precision, ("float32", "bfloat16")), device=(device, DEVICES)
    )
    asked: dict[str, Any] = {
        "rounds": rounds, "seconds": seconds, "warm": warm, "steps": steps, "threads": threads,
        "precision": precision, "vocab": vocab, "batch_tokens": batch_tokens, "device": device,
        "seed": seed,
    }  # fmt: skip
    chosen = peers.chosen(against, PEERS)
    where = environments or peers.default_environments()
    found = run(size, chosen, asked, corpus(data), out, where, say.note)
    end(found, json, record, ("tokens_per_s", "target tokens/s"))


@app.command(short_help="sentences per second of translating.")
def translate(
    size: Size = "tiny",
    against: Annotated[str, typer.Option(help="Among marian, ctranslate2.")] = "marian,ctranslate2",
    run: Annotated[
        Path | None,
        typer.Option(help="The run to use.", show_default="one of this size, trained a little"),
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(help="Another run too, through CTranslate2: a teacher, say.")
    ] = None,
    data: Data = None,
    beam: Annotated[int, typer.Option(min=1, help="Beam search of this size.")] = 4,
    batches: Annotated[
        str, typer.Option(help="Sentences of a batch, tried for each peer.")
    ] = "32,64,128",
    lines: Annotated[int, typer.Option(min=1, help="Sentences of test_2016_flickr.")] = 1000,
    forced: Annotated[
        int | None, typer.Option(min=1, help="Give every answer exactly so many tokens.")
    ] = None,
    rounds: Rounds = 5,
    threads: Threads = 2,
    precision: Annotated[str, typer.Option(help="float32 or int8.")] = "float32",
    seed: Seed = 1,
    out: Out = OUT,
    environments: Environments = None,
    json: Json = False,
    record: Record = None,
) -> None:
    """Translate the same sentences with the same weights, ours and the other engines in turns.

    \b
    regard bench translate --data corpora/multi30k
    regard bench translate --run runs/multi30k_deen --precision int8 --record results
    regard bench translate --size base --against marian --forced 15
    regard bench translate --run runs/student --beside runs/teacher --against "" --beam 1

    Ours goes from text to text; peers are given token ids and give them back. A peer's threads and
    batches are tried first, and its fastest settings are measured. BLEU is told for each, so that
    no speed is bought with quality.
    """
    from regard.bench import peers
    from regard.bench.translate import PEERS
    from regard.bench.translate import run as measure

    check(size=(size, SIZES), precision=(precision, ("float32", "int8")))
    asked: dict[str, Any] = {
        "run": run, "beside": beside and str(beside), "beam": beam, "batches": numbers(batches),
        "lines": lines, "forced": forced, "rounds": rounds, "threads": threads,
        "precision": precision, "seed": seed,
    }  # fmt: skip
    chosen = peers.chosen(against, PEERS)
    where = environments or peers.default_environments()
    found = measure(size, chosen, asked, corpus(data), out, where, say.note)
    end(found, json, record, ("sentences_per_s", "sentences/s"))


@app.command(short_help="seconds to the help, and to the first sentence.")
def startup(
    size: Size = "tiny",
    peer: Annotated[bool, typer.Option(help="Beside transformers, on the exported model.")] = True,
    run: Annotated[
        Path | None,
        typer.Option(help="The run to use.", show_default="one of this size, trained a little"),
    ] = None,
    data: Data = None,
    beam: Annotated[int, typer.Option(min=1, help="Beam search of this size.")] = 4,
    rounds: Rounds = 7,
    threads: Threads = 2,
    seed: Seed = 1,
    out: Out = OUT,
    environments: Environments = None,
    json: Json = False,
    record: Record = None,
) -> None:
    """Time `regard --help`, and the first sentence from a cold start, in turns.

    \b
    regard bench startup --data corpora/multi30k
    regard bench startup --run runs/multi30k_deen --no-peer
    """
    from regard.bench import peers
    from regard.bench.startup import run as measure

    check(size=(size, SIZES))
    asked: dict[str, Any] = {
        "run": run, "against": peer, "beam": beam, "rounds": rounds, "threads": threads,
        "seed": seed,
    }  # fmt: skip
    where = environments or peers.default_environments()
    found = measure(size, asked, corpus(data), out, where, say.note)
    end(found, json, record, ("seconds", "s"))


def numbers(words: str) -> list[int]:
    """Those of a comma-separated list. Raises UserError for what is none."""
    from regard.recipe import UserError

    try:
        found = [int(word) for word in words.split(",")]
    except ValueError:
        found = [0]
    if min(found) < 1:
        raise UserError(f"batches: {words!r}: is written 32,64,128")
    return found


def check(**asked: tuple[str, Sequence[str]]) -> None:
    """Raises UserError for a word that is none of those known."""
    from regard.recipe import UserError, nearest

    for name, (word, known) in asked.items():
        if word not in known:
            raise UserError(f"{name}: no {word!r}; {nearest(word, known)}")


def corpus(data: Path | None) -> Path:
    """The folder of Multi30k. Raises UserError if nobody says where it is."""
    from regard.recipe import UserError

    if data is None and not os.environ.get("DATA"):
        raise UserError("data: name the folder of Multi30k, --data corpora/multi30k")
    return data or Path(os.environ["DATA"], "multi30k")


def end(found: dict[str, Any], json: bool, record: Path | None, figure: tuple[str, str]) -> None:
    """Keep and show what was found; exit code 1 if a peer failed."""
    if record is not None:
        from regard.bench.record import record as keep

        keep(record, found, *figure)
    if json:
        say.document(found)
    else:
        show(found)
    if found["failed"]:
        raise typer.Exit(1)


def show(found: dict[str, Any]) -> None:
    """A line for each system, then what each ran with."""
    systems = found["systems"]
    used = {k: title for k, title in COLUMNS.items() if any(s.get(k) for s in systems.values())}
    rows = [
        [name + " *" * bool(got.get("counts")), *(cell(key, got.get(key)) for key in used)]
        for name, got in systems.items()
    ]
    given = found["settings"]
    told = ", ".join(f"{key} {given[key]}" for key in found["alike"] if given[key] is not None)
    say.table(["", *used.values()], rows, f"{found['benchmark']}: {told}; {found['hardware']}")
    say.write("median (lowest–highest round); * the better figure of a peer, which counts\n")
    if found.get("peak_gflops"):
        low, middle, high = found["peak_gflops"]
        say.write(
            f"matrix peak {middle:,.0f} GFLOP/s ({low:,.0f} to {high:,.0f}); "
            f"{found['flops_per_token'] / 1e6:.1f} MFLOP a target token\n"
        )
    alike: dict[str, list[str]] = {}
    for name, got in systems.items():
        with_ = "; ".join(f"{k}: {v}" for k, v in got["settings"].items())
        alike.setdefault(f"{got['version']}{'; ' if with_ else ''}{with_}", []).append(name)
    for text, names in alike.items():
        say.write(f"{' · '.join(names)}: {text}\n")
    for sentence in found["failed"].values():
        say.write(f"FAILED {sentence}\n")


def cell(key: str, value: Any) -> str:
    """A figure, or a spread of them, as the table shows it; of memory the median will do."""
    if value is None:
        return "–"
    if isinstance(value, tuple) and len(value) == 3:
        low, middle, high = (f"{x:,.0f}" if abs(x) >= 100 else f"{x:.2f}" for x in value)
        return middle if key in SHORT or low == high else f"{middle} ({low}–{high})"
    if isinstance(value, tuple):  # a mean and its standard error
        return f"{value[0]:.3f}" + ("" if value[1] is None else f" ± {value[1]:.3f}")
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
