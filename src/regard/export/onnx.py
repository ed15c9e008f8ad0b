"""ONNX: two graphs that onnxruntime runs, or anything else that reads ONNX, without PyTorch.

encoder.onnx reads sentences; decoder.onnx takes one step with any number of hypotheses of each; the
search around them is ours, or anybody's. PyTorch's older exporter makes them: its graphs are as
exact as the newer one's, and it needs a fiftieth of the time.

`N` sentences, `S` source tokens, `W` hypotheses of each, `B` = N W rows, `V` vocabulary.
"""

import json
import logging
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regard import recipe as recipes
from regard.data.parallel import Codec
from regard.export._graphs import Graph, graphs
from regard.export._stepping import Stepping, positions
from regard.models.seq2seq import Seq2Seq
from regard.recipe import UserError, kind_of
from regard.tasks import translate

PRECISIONS = ("float32", "int8")
OPSET = 17
# Kinds that have been seen to come out right. Reformer does not: its chunks are counted in Python.
CROSS = ("softmax", "realformer", "additive", "dot", "general", "local")
CELLS = ("gru", "lstm", "ssru")
POSITIONS = (
    "sinusoidal", "learned", "none", "rotary", "alibi", "shaw", "t5", "transformer_xl"
)  # fmt: skip


def refusal(recipe: translate.Config) -> str | None:
    """What in the recipe cannot become a graph, and what would do instead; None: nothing."""
    for path, part, known in parts(recipe):
        if kind_of(part) not in known:
            instead = " or ".join(known)
            return f"{path}: {kind_of(part)} does not become an ONNX graph: use {instead}"
    return None


def parts(recipe: translate.Config) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Path of each part, the part, and the kinds that would do; looked at in this order."""
    model = recipe.model
    yield "model.embed", model.embed, ("table",)
    yield "model.encoder", model.encoder, ("plain", "recurrent")
    yield "model.decoder", model.decoder, ("plain", "bahdanau", "luong", "fixed")
    for side in ("encoder", "decoder"):
        stack, here = getattr(model, side), f"model.{side}"
        if kind_of(stack) == "plain":
            yield f"{here}.position", stack.position, POSITIONS
            yield f"{here}.block", stack.block, ("standard",)
            yield f"{here}.block.mixer", stack.block.mixer, (*CROSS, "linear", *CELLS)
            if side == "decoder":
                yield f"{here}.block.cross", stack.block.cross, CROSS
            yield f"{here}.block.ff", stack.block.ff, ("relu", "gelu", "swiglu")
            yield f"{here}.block.norm", stack.block.norm, ("layer", "rms")
            continue
        yield f"{here}.cell", stack.cell, CELLS
        if hasattr(stack, "attention"):
            yield f"{here}.attention", stack.attention, CROSS


def library() -> Any:
    """onnxruntime. Raises UserError where it, or onnx, is not installed."""
    try:
        import onnx  # noqa: F401
        import onnxruntime
    except ImportError as missing:
        raise UserError(f"{missing.name} is not installed: pip install 'regard[export]'") from None
    return onnxruntime


# -- writing ---------------------------------------------------------------------------------------


def write(
    model: Seq2Seq, codec: Codec, recipe: translate.Config, folder: Path, precision: str
) -> None:
    """Fill an empty folder: both graphs, our tokenizers, the recipe, and how to use them."""
    library()
    with torch.no_grad(), tempfile.TemporaryDirectory() as aside, silence():
        for graph in graphs(model):
            file = folder / f"{graph.name}.onnx"
            whole = file if precision == "float32" else Path(aside) / file.name
            trace(graph, whole)
            if whole != file:
                quantise(whole, file)
    codec.save(folder / "tokenizer")
    (folder / "recipe.yaml").write_text(recipes.dump(recipe), "utf-8")
    facts = {"precision": precision, "positions": positions(recipe)}
    (folder / "graphs.json").write_text(json.dumps(facts) + "\n", "utf-8")
    how = Path(__file__).with_suffix(".md").read_text("utf-8")
    how = how.format(specials=len(codec.target.facts.specials))
    (folder / "README.md").write_text(how, "utf-8")


def trace(graph: Graph, file: Path) -> None:
    """A graph into its file."""
    names = [*graph.inputs, *graph.outputs]
    torch.onnx.export(
        graph.module, tuple(graph.inputs.values()), str(file), dynamo=False, opset_version=OPSET,
        input_names=list(graph.inputs), output_names=graph.outputs,
        dynamic_axes={name: graph.axes[name] for name in names if name in graph.axes},
    )  # fmt: skip


def quantise(whole: Path, small: Path) -> None:
    """Weights of matrix products to 8 bits, their inputs as they come; embeddings stay.

    Without signs: products of signed ones overflow on a CPU without VNNI.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(str(whole))
    part(model.graph)
    quantize_dynamic(
        model, small, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True,
        weight_type=QuantType.QUInt8,
    )  # fmt: skip


def part(graph: Any) -> None:
    """An output layer that is also the embedding gets a copy: only one of them is to be changed."""
    uses = Counter(name for node in graph.node for name in node.input)
    tables = {table.name: table for table in graph.initializer}
    for node in graph.node:
        name = node.input[1] if node.op_type == "Gemm" else ""
        if name in tables and uses[name] > 1:
            own = graph.initializer.add()
            own.CopyFrom(tables[name])
            own.name = node.input[1] = f"{name}.output"


@contextmanager
def silence() -> Iterator[None]:
    """No warnings of the exporter's, about what our Python decides for good, nor advice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


# -- use -------------------------------------------------------------------------------------------


def open(folder: Path, codec: Codec, threads: int) -> Stepping:
    """The engine in a folder that `write` has filled, on so many threads of a CPU."""
    facts = json.loads((folder / "graphs.json").read_text("utf-8"))
    made = Graphs(folder, threads)
    return Stepping(f"onnx {facts['precision']}", made.start, made.step, facts["positions"])


class Graphs:
    """The sessions of both graphs."""

    def __init__(self, folder: Path, threads: int):
        onnxruntime = library()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3  # errors
        cpu = ["CPUExecutionProvider"]
        self.reads, self.writes = (
            onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), options, providers=cpu)
            for name in ("encoder", "decoder")
        )

    def start(self, source: Tensor, mask: Tensor) -> "Rows":
        """One row a sentence (N S), nothing written yet."""
        read = run(self.reads, {"source": source, "mask": mask})
        own = {name: t for name, t in read.items() if name.startswith("past")}
        return Rows({"mask": mask, **{k: t for k, t in read.items() if k not in own}}, own)

    def step(self, tokens: Tensor, rows: "Rows") -> tuple[Tensor, "Rows"]:
        """Log-probabilities (B V) of what follows tokens (B 1)."""
        told = {"tokens": tokens.view(-1, rows.per), "position": torch.tensor([rows.written])}
        made = run(self.writes, {**told, **rows.memory, **rows.own})
        own = {name: made[name.replace("past", "present", 1)] for name in rows.own}
        return made["logprobs"].flatten(0, 1), Rows(rows.memory, own, rows.per, rows.written + 1)


def run(session: Any, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors in, tensors out, by name; nothing is copied on the way."""
    asked = {i.name: given[i.name].numpy() for i in session.get_inputs()}
    made = session.run(None, asked)
    named = zip(session.get_outputs(), made, strict=True)
    return {output.name: torch.from_numpy(array) for output, array in named}


@dataclass
class Rows:
    """The state: what was read, kept once a sentence (N ...), and what each row holds (B ...).

    `per` rows belong to each sentence. The graph returns keys and values one longer, so each step
    writes all of them anew, as does each reordering; the memory only when a sentence leaves.
    """

    memory: dict[str, Tensor]
    own: dict[str, Tensor]
    per: int = 1
    written: int = 0

    def reorder(self, index: Tensor) -> "Rows":
        """The rows named by `index`, any number of them.

        Unless every sentence has as many, side by side, each row gets a memory of its own.
        """
        kept, counts = (index // self.per).unique_consecutive(return_counts=True)
        if not bool((counts == counts[0]).all()):
            kept, counts = index // self.per, torch.ones_like(index)
        memory = self.memory
        if not torch.equal(kept, torch.arange(len(memory["mask"]))):
            memory = {name: t.index_select(0, kept) for name, t in memory.items()}
        own = {name: t.index_select(0, index) for name, t in self.own.items()}
        return Rows(memory, own, int(counts[0]), self.written)
