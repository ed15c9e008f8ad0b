"""Every model of the catalogue against every invariant; a failure names both."""

import os
import shutil
import sys
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from catalogue import candidates, catalogue, default, parts_in
from invariants_decoder import (
    DECODER_CHECKS,
    check_batch_equals_single,
    check_cached_equals_functional,
    check_join,
    check_no_look_ahead,
    check_nothing_to_see,
    check_ragged_chunks,
    check_reorder,
    check_step_equals_full,
    check_target_padding_invisible,
    check_truncate,
)
from invariants_encoder import ENCODER_CHECKS, check_empty_row, check_padding_invisible
from subjects import OTHER, TARGET, B, Decoding, Encoding, Rows, T, close, replay

import regard.norm
from regard.attention.scope import Causal, Edges, Window
from regard.recipe import UserError, kinds

ENTRIES, REFUSALS = catalogue()
ENCODERS = [name for name in ENTRIES if name.startswith("encoder:")]
DECODERS = [name for name in ENTRIES if not name.startswith("encoder:")]
PAIRS = [name for name in ENTRIES if "+" in name]  # of what is in some model by itself too
WRITING_PAIR_CHECKS = [
    check_step_equals_full, check_no_look_ahead, check_target_padding_invisible,
    check_nothing_to_see,
]  # fmt: skip
READING_PAIR_CHECKS = [check_padding_invisible, check_empty_row]
GRAPHS = torch.rand(B, 16, 16, generator=torch.Generator().manual_seed(3)) < 0.6
GRAPHS[1] = torch.eye(16, dtype=torch.bool)  # sees nobody but itself
GRAPHS[2] = True


def window(rows: Rows) -> tuple:
    """The token before, and itself."""
    return (Causal(), Window(2))


def graph(rows: Rows) -> tuple:
    """A graph per sentence."""
    return (Causal(), Edges(GRAPHS[list(rows)]))


RULES = {"window": window, "edges": graph}
RULED_CHECKS = [  # what a rule has a part in
    check_step_equals_full, check_ragged_chunks, check_no_look_ahead,
    check_target_padding_invisible, check_batch_equals_single, check_cached_equals_functional,
    check_reorder, check_truncate, check_join, check_nothing_to_see,
]  # fmt: skip


@lru_cache(maxsize=4)
def decoder(name: str, rules: str = "") -> Decoding:
    """In use; kept while its invariants follow each other."""
    return Decoding(ENTRIES[name].build(), *([RULES[rules]] if rules else []))


@lru_cache(maxsize=4)
def encoder(name: str) -> Encoding:
    """In use."""
    return Encoding(ENTRIES[name].build())


@pytest.fixture(autouse=True)
def in_use():
    """As in translation: no gradients, unless a check asks for them."""
    with torch.no_grad():
        yield


@pytest.mark.parametrize("check_it", DECODER_CHECKS, ids=lambda f: f.__name__[6:])
@pytest.mark.parametrize("name", [name for name in DECODERS if name not in PAIRS])
def test_decoder(name, check_it):
    check_it(decoder(name))


@pytest.mark.parametrize("name", PAIRS)
def test_pair(name):
    reads = name in ENCODERS
    for check_it in READING_PAIR_CHECKS if reads else WRITING_PAIR_CHECKS:
        check_it(encoder(name) if reads else decoder(name))


@pytest.mark.parametrize("check_it", ENCODER_CHECKS, ids=lambda f: f.__name__[6:])
@pytest.mark.parametrize("name", [name for name in ENCODERS if name not in PAIRS])
def test_encoder(name, check_it):
    check_it(encoder(name))


# --- rules --------------------------------------------------------------------------------------


def mixers() -> list[str]:
    """Decoders with each mixer, in a stack that has rules to keep."""
    plain = [n for n in DECODERS if n.startswith("plain:plain")]
    return [n for n in plain if n == "plain:plain" or "block.mixer=" in n]


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("name", mixers())
def test_a_rule_is_kept_or_refused(name, rules):
    d = decoder(name, rules)
    rule = d.rules([0])[1]
    if not all(m.honours(rule) for m in d.model.writer.decoder.mixers()):
        with pytest.raises(UserError, match=type(rule).__name__) as said:
            d.start()
        kind = name.partition("block.mixer=")[2].partition(".")[0].replace("_", "")
        assert kind in str(said.value).lower()
        return
    for check in RULED_CHECKS:
        check(d)
    (check_window if rules == "window" else check_edges)(d)


def check_window(d: Decoding) -> None:
    """Two layers that see one token back reach two back, no farther."""
    changed = TARGET.clone()
    changed[:, 1] = OTHER[:B, 0]
    assert (changed[:, 1] != TARGET[:, 1]).any()
    a, b = d.full(), d.read(changed, d.start())[0]
    close(b[:, 4:], a[:, 4:], "out of reach")
    assert not torch.allclose(a[:, 2:4], b[:, 2:4])
    free = decoder_without_rules(d)
    wide = not torch.allclose(free.read(changed, free.start())[0][:, 4:], free.full()[:, 4:])
    assert not (wide and torch.allclose(a, free.full())), "a narrower rule changes nothing"


def check_edges(d: Decoding) -> None:
    """The graph decides: a row without edges is tokens by themselves, a full one is as without."""
    free = decoder_without_rules(d).full()
    close(d.full()[2], free[2], "all edges")
    assert not torch.allclose(d.full()[0], free[0])
    for t in range(1, T):
        changed = TARGET[:2].clone()
        changed[1, t - 1] = (TARGET[1, t - 1] - 2) % 8 + 3
        close(d.read(changed, d.start([0, 1]))[0][1, t], d.full()[1, t], "no edge")
    replay(d, capacity=2).feed(2).reorder(2, 0, 0, 1).feed(2).reorder(3, 1, 0).feed(2).settle()


def decoder_without_rules(d: Decoding) -> Decoding:
    """The same model, causal."""
    return Decoding(d.model)


# --- what the catalogue holds -------------------------------------------------------------------


whole = pytest.mark.skipif("REGARD_ONLY" in os.environ, reason="REGARD_ONLY: a part of it")


@whole
@pytest.mark.parametrize(
    "family", ["attention", "position", "mixer", "norm", "ff", "embed", "block", "stack"]
)
def test_every_file_is_in_some_model(family):
    files = {p.stem for p in (Path(regard.__file__).parent / family).glob("*.py")}
    known = set(kinds(family))
    assert known <= files and known, "a kind is a file"
    held = {part for entry in ENTRIES.values() for part in entry.parts}
    assert {f"{family}.{kind}" for kind in known} <= held, "a kind that no model could be made of"


@whole
def test_every_placement_and_direction_is_in_some_decoder_and_encoder():
    from regard.block.residual import Placement

    for role in (DECODERS, ENCODERS):
        held = {part for name in role for part in ENTRIES[name].parts}
        wanted = {f"block.standard.place={p}" for p in Placement.__args__}
        assert wanted <= held
    assert len({p for n in ENCODERS for p in ENTRIES[n].parts if ".direction=" in p}) == 3


@whole
def test_every_attention_reads_a_memory_in_some_decoder_or_says_that_it_cannot():
    for kind in kinds("attention"):
        name = f"plain:plain/block.cross={kind}"
        if kind == "softmax":
            name = "plain:plain"
        assert name in ENTRIES or "memory" in REFUSALS[name].said


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_both_parts(name):
    said = REFUSALS[name].said.lower()
    role, _, label = name.partition(":")
    decoder, _, change = label.partition("/")
    values = [c.partition("=")[2].partition(".")[0] for c in change.split("+") if c]
    kinds_named = [value.replace("_", "") for value in values]
    flat = said.replace("_", "").replace(" ", "")
    if any(k in flat for k in kinds_named):  # what was changed is what does not fit
        missing = [k for k in kinds_named if k not in flat]
        assert not missing or "decode" in flat or "memory" in flat, said
    else:  # the stack itself does not go with this encoder, or with none
        assert decoder in flat and "encoder" in flat, said
    assert len(said) > 20 and "\n" not in said


@whole
def test_a_new_file_is_found_by_itself(tmp_path, monkeypatch):
    shutil.copytree(Path(regard.norm.__path__[0]), tmp_path / "norm")
    source = (tmp_path / "norm" / "rms.py").read_text("utf-8")
    (tmp_path / "norm" / "brand_new.py").write_text(source, "utf-8")
    (tmp_path / "norm" / "helper.py").write_text('"""No kind: it has no settings."""\n', "utf-8")
    monkeypatch.setattr(regard.norm, "__path__", [str(tmp_path / "norm")])
    kinds.cache_clear()
    try:
        names = [name for name, _, _ in candidates()]
    finally:
        kinds.cache_clear()
        sys.modules.pop("regard.norm.brand_new", None)
    assert {"plain:plain/block.norm=brand_new", "encoder:plain/block.norm=brand_new"} <= set(names)
    assert "lm:plain/place=post+norm=brand_new" in names
    assert not any("helper" in name for name in names)


def test_parts_in_sees_the_choices():
    parts = parts_in(default(kinds("stack")["plain"]))
    assert {"stack.plain", "attention.softmax", "block.standard.place=pre"} <= parts
