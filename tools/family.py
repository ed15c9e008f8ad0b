"""Write docs/family.md and its pictures from the headers of parts: tools/family.py [--check].

A picture shows how much each of 24 positions (rows) draws from each other one (columns), measured:
the gradient of what comes out with respect to the values that went in.
"""

import io
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path

import matplotlib.image
import numpy as np
import torch
from family_swaps import worth

from regard import parts, results
from regard.attention.scope import Causal, scope_of
from regard.look.lengths import lengths
from regard.pass_ import encoding

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "family.md"
PICTURES = ROOT / "docs" / "pictures" / "family"
T, K = 24, 8
CELL = 4  # pixels
INK, PAPER = np.array([24, 58, 117]), np.array([255, 255, 255])
# sizes that show the pattern in 24 positions
SMALL = {"reach": 4, "chunk": 6, "block": 4, "random": 1, "leading": 2, "stride": 6,
         "segment": 6, "landmarks": 6, "clusters": 4, "memory": 4,
         "length": 32, "kernel": 3, "rank": 4,
         "width": 6, "window": 4}  # fmt: skip
FAMILIES = {
    "attention": "What happens between queries, keys and values.",
    "mixer": "Anything else that moves information along time.",
    "position": "Where positions enter.", "norm": "Normalisation.",
    "ff": "What happens to each position by itself.", "embed": "From tokens to vectors.",
    "block": "A mixer, a feed-forward and their residuals.",
    "stack": "How blocks are put together.",
}  # fmt: skip
INTRO = """# The attention family

<!-- written by tools/family.py from the headers in src/regard; `regard parts` tells the same -->

{count} parts, sorted as in "A Survey of Transformers" (Lin et al. 2021, https://arxiv.org/abs/2106.04554).
Each is one file, named by its kind, and a line of a recipe, such as
`model.decoder.block.mixer: {{kind: window, reach: 32}}`. Combinations that make no sense are
refused in words when a model is built.

The picture beside an attention shows how much each of 24 positions (rows, first on top) draws from
each other (columns): measured on random input, as the gradient of what comes out by what went in;
where a kind can write, it is causal. *proofs*: equality with the formula written out (gradients
included), the number of invariants kept inside real models, and the limits of theory;
`regard parts KIND` names them.
"""


def small(config: type) -> object:
    """The kind's settings, small enough to show a pattern."""
    fields = config.model_fields
    sizes = {k for k, field in fields.items() if field.annotation is int}
    return config(**{k: v for k, v in SMALL.items() if k in sizes})


def pattern(kind: str) -> np.ndarray:
    """T T: how much each position draws from each."""
    torch.manual_seed(4)
    made = small(import_module(f"regard.attention.{kind}").Config)
    core = made.core(K).double().eval()
    heads, groups = made.heads, core.key_heads or made.heads
    q, k, v = (torch.randn(1, n, T, K, dtype=torch.float64) for n in (heads, groups, groups))
    inputs = [x.requires_grad_() for x in (v, k, q)]  # some have no values of their own
    pass_ = encoding(None, torch.zeros(1, T, 1))
    pass_.rules = (Causal(),) if core.incremental else ()
    y = core(q, k, v, scope_of(pass_), None)[0]
    rows = []
    for i in range(T):
        grads = torch.autograd.grad(y[:, :, i].sum(), inputs, retain_graph=True, allow_unused=True)
        rows.append(next(g for g in grads if g is not None).abs().sum((0, 1, 3)))
    found = torch.stack(rows).numpy()
    return found / np.maximum(found.max(1, keepdims=True), 1e-12)


def drawn(weights: np.ndarray) -> bytes:
    """As a PNG."""
    shade = np.sqrt(weights)[..., None]  # weak ones are seen too
    image = (PAPER + (INK - PAPER) * shade).astype(np.uint8)
    image = image.repeat(CELL, 0).repeat(CELL, 1)
    data = io.BytesIO()
    matplotlib.image.imsave(data, image, format="png", metadata={"Software": None})
    return data.getvalue()


def page(found: list[parts.Part]) -> str:
    """The whole document."""
    text = [INTRO.format(count=len(found))]
    for family, members in groupby(found, key=lambda p: p.family):
        text.append(f"\n## {family}\n\n{FAMILIES[family]}\n")
        for (branch, leaf), kinds in groupby(members, key=lambda p: (p.branch, p.leaf)):
            text.append(f"\n### {branch}: {leaf or branch}\n\n{''.join(table(list(kinds)))}")
    return "".join([*text, worth(), costs()])


LENGTHS = (2048, 16384)


def measured() -> dict[str, dict[int, dict]]:
    """What `regard bench attention` kept in results/: rows by kind and length."""
    by_kind: dict[str, dict[int, dict]] = {}
    for row in results.rows(ROOT / "results"):
        if row["name"].startswith("lengths/"):
            _, kind, length = row["name"].split("/")
            by_kind.setdefault(kind, {})[int(length)] = row
    return by_kind


def costs() -> str:
    """All of it as a table: exponents, and two lengths."""
    by_kind = measured()
    if not by_kind:
        return ""
    rows = [row for found in by_kind.values() for row in found.values()]
    known = {p.kind: p for p in parts.parts() if p.family == "attention"}
    lines = []
    for kind, found in by_kind.items():
        last = found[max(found)]
        exponent = last.get("exponent_both_s")
        told = "–" if exponent is None else "{1:.2f} ({0:.2f}–{2:.2f})".format(*exponent)
        cells = []
        for length in LENGTHS:
            row = found.get(length)
            cells += [f"{1000 * row['both_s']:,.0f}", f"{row['mib']:,.0f}"] if row else ["–"] * 2
        line = f"| {kind} | {known[kind].cost} | {told} | {' | '.join(cells)} |"
        lines.append((exponent[1] if exponent else 9.0, line))
    heads = " | ".join(f"ms at {length:,} | MiB" for length in LENGTHS)
    commands = "`, `".join(sorted({row["command"] for row in rows}))
    return COSTS.format(hardware=rows[0]["hardware"], command=commands) + "".join(
        [f"| kind | claimed | exponent of time | {heads} |\n|---|---|--:|{'--:|' * 4}\n",
         *(line + "\n" for _, line in sorted(lines))])  # fmt: skip


def drawn_lengths() -> None:
    """The plot of all of them."""
    kinds = {k: {"lengths": {str(n): found[n] for n in sorted(found)}}
             for k, found in measured().items()}  # fmt: skip
    lengths(kinds).savefig(ROOT / "docs" / "pictures" / "lengths.png", metadata={"Software": None})


COSTS = """
## Cost by length

![Time by length](pictures/lengths.png)

Forward and backward, one row, width 128, 4 heads, without projections, each kind in turns with all
others, on {hardware}. The exponent is that of time, fitted from 2,048 positions on, with its 95 %
interval: 2 is all pairs, 1 is linear. A dash: the length would have taken too long or too much
memory; grey lines end there. Kinds with a fixed number of slots or clusters are linear in the
length; `strided`, `axial`, `compressed` and `compressive` divide all pairs by their stride.
Measured by `{command}`.

"""


def table(kinds: list[parts.Part]) -> Iterator[str]:
    """Those of one leaf."""
    shown = kinds[0].family == "attention"
    yield f"| {'| ' * shown}kind | what | cost | writes | proofs |\n"
    yield f"|{'---|' * (5 + shown)}\n"
    for p in kinds:
        picture = f"| ![{p.kind}](pictures/family/{p.kind}.png) " if shown else ""
        name, _, rest = p.paper.partition(", http")
        link = f"[{name}](http{rest.split()[0]})" if rest else name
        what = f"{p.says}<br>`{p.formula.replace('|', '&#124;')}`<br>{link}"
        yield (f"{picture}| **{p.kind}** | {what} | {p.cost} | {'yes' if p.causal else 'no'} | "
               f"{len(p.proofs) or '–'} |\n")  # fmt: skip


def main() -> int:
    """Write; with --check, 1 if anything would change."""
    found, check, stale = parts.parts(), sys.argv[1:] == ["--check"], []
    wanted: dict[Path, bytes] = {PAGE: page(found).encode()}
    for p in found:
        path = PICTURES / f"{p.kind}.png"
        if p.family == "attention" and not (check and path.exists()):
            wanted[path] = drawn(pattern(p.kind))
    for path, data in wanted.items():
        if not path.exists() or path.read_bytes() != data:
            stale.append(path)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    if not check:
        drawn_lengths()
    print(*(f"{p.relative_to(ROOT)}: {'stale' if check else 'written'}" for p in stale), sep="\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
