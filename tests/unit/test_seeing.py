"""Seen from inside: heads switched off, words that could stand there, answers while they grow."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from regard.data import phrasebook
from regard.data.tokenizer.base import BOS, EOS
from regard.look.capture import look
from regard.recipe import UserError
from regard.tasks.alternatives import alternatives
from regard.tasks.decode.greedy import Config as Greedy
from regard.tasks.growing import growing
from regard.tasks.heads import attentions, counts, twin, without
from regard.tasks.translate import load
from regard.tasks.translator import Wish

SOURCES = [pair.ko for pair in phrasebook.pairs("dev", 12)]


@pytest.fixture
def mt(tiny_run):
    return load([tiny_run])


def scored(mt, text="민수는 책을 읽었습니다."):
    """The log-probability of a fixed answer."""
    return mt.score([text], ["Minsu read a book."])[0]


def test_heads_are_named_as_in_looks(mt):
    assert counts(mt) == {m.name: m.heads for m in look(mt, SOURCES[0]).maps}


def test_a_head_that_is_off_adds_nothing_to_the_output(mt):
    """Equal to a model whose output projection has zeros where that head's part comes in."""
    off = [("decoder.1.cross", 1), ("encoder.0.self", 0)]
    expected = load_changed = twin(mt.models[0])
    expected.load_state_dict(
        {k: v.clone() for k, v in mt.models[0].state_dict().items()}, assign=True
    )
    parts = dict(attentions(load_changed))
    with torch.no_grad():
        for name, head in off:
            width = parts[name].out.in_features // parts[name].heads
            parts[name].out.weight[:, head * width : (head + 1) * width] = 0
    before = scored(mt)
    changed = without(mt, off)
    assert scored(changed) != pytest.approx(before, abs=1e-3)
    mt_zeroed = without(mt, [])
    mt_zeroed.models = [expected]
    assert scored(changed) == pytest.approx(scored(mt_zeroed), abs=1e-4)
    assert scored(mt) == before  # the given one stays


def test_no_head_off_changes_nothing_and_weights_are_shared(mt):
    same = without(mt, [])
    assert [a.text for a in same.translate(SOURCES)] == [a.text for a in mt.translate(SOURCES)]
    for one, other in zip(same.models[0].parameters(), mt.models[0].parameters(), strict=True):
        assert one is other


def test_heads_that_are_not_there_are_refused(mt):
    with pytest.raises(UserError, match="no attention 'decoder.9.cross'"):
        without(mt, [("decoder.9.cross", 0)])
    with pytest.raises(UserError, match="heads 0 to 3, not 4"):
        without(mt, [("decoder.0.cross", 4)])


def test_looks_and_translations_side_by_side_disturb_nobody(mt):
    alone = [answer.text for answer in mt.translate(SOURCES)]
    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(look, mt, text) for text in SOURCES]
        offs = [pool.submit(without(mt, [("decoder.0.cross", 0)]).translate, SOURCES)] * 2
        plain = [pool.submit(mt.translate, SOURCES) for _ in range(4)]
        assert all([a.text for a in job.result()] == alone for job in plain)
        assert [job.result().target for job in looks] == alone
        assert offs[0].result()


def test_a_look_goes_on_from_a_prefix(mt):
    seen = look(mt, SOURCES[0], prefix="The big")
    assert seen.target.startswith("The big")
    assert seen.target == mt.translate([SOURCES[0]], Wish(prefix=["The big"]))[0].text
    chosen, level = [], seen.beam
    while level:
        on_way = [entry for entry in level if entry["chosen"]]
        chosen += [entry["text"] for entry in on_way]
        level = on_way[0]["children"] if on_way else []
    assert "".join(chosen).replace("▁", " ").strip().startswith("The big")


@pytest.mark.parametrize("prefix", ["", "The", "Minsu read"])
def test_alternatives_are_the_likeliest_next_words_with_what_follows(mt, prefix):
    found = alternatives(mt, SOURCES[0], prefix, count=5)
    words = [a.word for a in found]
    assert 1 < len(found) <= 5 and len(set(words)) == len(words)
    behind = len(prefix.split())
    for a in found:
        assert a.text.split()[:behind] == prefix.split()
        assert a.word == "".join(a.text.split()[behind : behind + 1])
    best = by_hand(mt, SOURCES[0], prefix)
    assert (found[0].text, found[0].score) == (best.text, pytest.approx(best.score, abs=1e-3))


def by_hand(mt, source, prefix):
    """Gone on from the first token that a softmax over a single forward pass prefers."""
    model, target = mt.models[0], mt.codec.target
    said = target.encode([prefix])[0]
    ids = torch.tensor(mt.codec.sources([source], [mt.codec.directions[0]]))
    with torch.no_grad():
        hidden, _ = model(torch.tensor([[BOS, *said]]), model.start(model.encode(ids)))
    logits = hidden[0, -1] @ model.head[0].T + model.head[1]
    logits[mt.codec.silent] = -math.inf
    for token in logits.argsort(descending=True).tolist():
        start = target.decode([[*said, token]])[0]
        if token != EOS and (not prefix or start.startswith(prefix + " ")):
            return mt.translate([source], Wish(prefix=[start]))[0]


def test_a_growing_answer_ends_as_the_answer(mt):
    for text in SOURCES[:4]:
        heard: list[str] = []
        answer = growing(mt, text, None, heard.append)
        assert answer.text == mt.translate([text])[0].text
        assert answer.text in heard and len(heard) > 3
        assert heard[0] != answer.text and answer.text.startswith(heard[0])


def test_a_growing_answer_of_a_long_line_grows_piece_by_piece(mt):
    text = " ".join(SOURCES * 2)
    assert not mt.fits(text)
    heard: list[str] = []
    assert growing(mt, text, None, heard.append).text == mt.translate([text])[0].text
    assert heard[-1].count(" ") > heard[3].count(" ")


def test_whoever_listens_can_end_the_search(mt):
    class Enough(Exception):
        pass

    def tell(text: str) -> None:
        raise Enough

    with pytest.raises(Enough):
        growing(mt, SOURCES[0], None, tell)


def test_a_blank_line_grows_nothing(mt):
    heard: list[str] = []
    assert growing(mt, "  ", None, heard.append).text == "" and heard == []


def test_other_ways_of_decoding_are_watched_by_a_beam(mt):
    mt.decode = Greedy()
    assert growing(mt, SOURCES[0], None, lambda text: None).text
