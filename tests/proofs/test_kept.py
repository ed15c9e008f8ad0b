"""src/regard/proofs.json says what is so: of these files, and of no proof that is not there."""

import importlib.util
from pathlib import Path

import proving
import pytest

from regard import parts

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("proofs_tool", ROOT / "tools" / "proofs.py")
assert spec is not None and spec.loader is not None
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

PARTS = {f"{p.family}.{p.kind}": p for p in parts.parts()}


def test_every_part_is_in_it_and_no_other():
    assert set(parts.proofs()) == set(PARTS), "run python tools/proofs.py"


@pytest.mark.parametrize("name", PARTS)
def test_what_was_proved_is_what_is_there(name):
    part, told = PARTS[name], parts.proofs()[name]
    assert told["of"] == tool.fingerprint(part), "changed since: run python tools/proofs.py"
    limits = {f"limit: {f.name[6:].replace('_', ' ')}" for f in proving.functions("limit_")
              if name == f"{f.family}.{f.kind}"}  # fmt: skip
    assert {proof for proof in told["proofs"] if proof.startswith("limit")} == limits
    if part.family != "block" or part.kind not in tool.PLACEMENTS:
        assert "formula" in told["proofs"]
    assert any(proof.startswith("invariants: ") for proof in told["proofs"]), "in no model"


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("plain/block.mixer=window", {"attention.window"}),
        ("plain/block.mixer=gru+position=none", {"mixer.gru", "position.none"}),
        ("plain/place=post+norm=rms", {"block.post", "norm.rms"}),
        ("plain/block.mixer=linear.kind=x", {"attention.linear"}),
        (
            "hibert",
            {
                "stack.hibert",
                "block.standard",
                "block.pre",
                "attention.softmax",
                "norm.layer",
                "ff.relu",
                "position.sinusoidal",
            },
        ),
        ("embed=table", {"embed.table"}),
        ("plain/layers=3", set()),
    ],
)
def test_a_model_s_name_says_what_is_in_it(label, meant):
    assert tool.meant(label) == meant
