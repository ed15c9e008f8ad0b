"""The headers, and the verb that lists them."""

import json

import pytest

from regard import parts
from regard.cli import main

HEADER = '''"""One sentence,
over two lines.

Branch: Attention / Sparse, by position
Paper: NAME, Author 2020, https://arxiv.org/abs/0000.00000
Formula: a b
  c
Cost: time O(T)
Causal: yes, why not
Scores: no

Words.
"""

class Config(Settings): ...
'''


def test_a_header_is_read_with_its_longer_lines(tmp_path):
    path = tmp_path / "one.py"
    path.write_text(HEADER, "utf-8")
    (found,) = parts.read(path, "attention")
    assert (found.kind, found.branch, found.leaf) == ("one", "Attention", "Sparse, by position")
    assert found.says == "One sentence, over two lines." and found.formula == "a b c"
    assert (found.causal, found.scores, found.limit) == (True, False, "")


def test_several_parts_in_a_file(tmp_path):
    body = HEADER.replace('Branch:', 'Kind: first\nBranch:').replace(
        "\nWords.", "\nKind: second\nBranch: LayerNorm / Norm-free\nPaper: p\nFormula: f\n"
        "Cost: c\nCausal: no\nScores: no")  # fmt: skip
    path = tmp_path / "both.py"
    path.write_text(body, "utf-8")
    assert [(p.kind, p.causal) for p in parts.read(path, "block")] == [
        ("first", True), ("second", False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("Cost: time O(T)\n", "", "no Cost"), ("Causal: yes,", "Causal: maybe", "says yes or no")],
)
def test_a_bad_header_is_named(tmp_path, old, new, said):
    path = tmp_path / "one.py"
    path.write_text(HEADER.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=rf"attention/one\.py.*{said}"):
        parts.read(path, "attention")


def test_the_verb_tells_all_of_it(capsys):
    assert main(["parts", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    wanted = {"kind", "family", "branch", "leaf", "paper", "causal", "cost", "exports", "proofs"}
    assert all(wanted <= set(row) for row in rows)
    assert {row["family"] for row in rows} == set(parts.FAMILIES)
    assert main(["parts", "window"]) == 0
    assert "Longformer" in capsys.readouterr().out
    assert main(["parts", "norm"]) == 0
    assert "norm layer" in capsys.readouterr().out
    assert main(["parts", "windo"]) == 2
    assert "window" in capsys.readouterr().err


LEAVES = {
    "Attention": [
        "Sparse, by position", "Sparse, by content", "Linearised", "Prototype (query)",
        "Memory compression", "Low rank", "Prior: locality", "Prior: lower modules",
        "Prior: multi-task adapters", "Prior only", "Heads: behaviour", "Heads: restricted span",
        "Heads: refined aggregation",
    ],
    "Position": ["Absolute", "Relative", "Other", "Implicit"],
    "LayerNorm": ["Placement", "Substitutes", "Norm-free"],
    "FFN": ["Activation", "Larger capacity", "Dropping"],
    "Architecture": [
        "Lightweight", "Cross-block connectivity", "Adaptive computation time",
        "Divide and conquer: recurrence", "Divide and conquer: hierarchy", "Alternatives",
    ],
}  # fmt: skip


def test_every_leaf_of_the_survey_has_a_part():
    held = {(p.branch, p.leaf) for p in parts.parts()}
    wanted = {(branch, leaf) for branch, leaves in LEAVES.items() for leaf in leaves}
    assert not wanted - held
    assert len(parts.parts()) >= 70
