"""Our own API: what /v1 tells is what the run says offline."""

import json

import pytest

from regard.look.capture import look
from regard.tasks.alternatives import alternatives
from regard.tasks.heads import counts, without
from regard.tasks.translator import Wish

LINE = "저는 학교에 갑니다."
PAIR = {"source": "ko", "target": "en"}


def test_runs_are_told(server, mt):
    found = {run["name"]: run for run in server.http.get("/v1/runs").json()}
    assert found["ko_en"] == {
        "name": "ko_en", "verb": "translate", "directions": ["ko-en"], "engine": "own",
        "confidence": False, "heads": counts(mt),
    }  # fmt: skip
    assert set(found["both"]["directions"]) == {"ko-en", "en-ko"}


def test_translations_with_their_scores(server, mt):
    lines = [LINE, "", "네."]
    made = server.post("/v1/translate", q=lines, **PAIR).json()["translations"]
    for answer, offline in zip(made, mt.translate(lines), strict=True):
        assert answer["text"] == offline.text and abs(answer["score"] - offline.score) < 1e-4
        assert answer["confidence"] is None and answer["how"] == "model"
        assert answer["n_best"] == [{"text": answer["text"], "score": answer["score"]}]


def test_n_best_begins_with_the_answer(server, mt):
    (made,) = server.post("/v1/translate", q=[LINE], n_best=4, **PAIR).json()["translations"]
    texts = [x["text"] for x in made["n_best"]]
    assert texts[0] == made["text"] == mt.translate([LINE])[0].text
    assert 1 < len(texts) <= 4 and len(set(texts)) == len(texts)


def test_a_prefix_is_kept(server, mt):
    (made,) = server.post("/v1/translate", q=[LINE], prefix="You", **PAIR).json()["translations"]
    wish = Wish("ko-en", prefix=["You"])
    assert made["text"].startswith("You") and made["text"] == mt.translate([LINE], wish)[0].text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"q": [LINE, LINE], "prefix": "You"}, "prefix"),
        ({"q": [LINE], "min_confidence": 0.5}, "knows no confidence"),
        ({"q": [LINE], "n_best": 11}, "n_best"),
        ({"q": LINE}, "q: wants a valid list"),
        ({"q": [LINE], "nbest": 2}, "did you mean 'n_best'?"),
        ({"q": ["x"] * 513}, "513 lines"),
        ({"q": ["\n" * 600]}, "601 lines"),
        ({"q": ["x" * 20_001]}, "20001 characters"),
    ],
)
def test_what_cannot_be_done_is_told(server, body, said):
    answer = server.post("/v1/translate", **body, **PAIR)
    assert answer.status_code in (400, 413) and said in answer.json()["error"]


def test_a_look_is_the_run_s_own(server, mt):
    said = server.post("/v1/look", q=LINE, **PAIR).json()
    own = json.loads(json.dumps(look(mt, LINE, "ko-en").record()))
    assert said.pop("n_best")[0]["text"] == said["target"] and said.pop("confidence") is None
    for name in ("source", "target", "source_words", "target_words"):
        assert said[name] == own[name]
    assert [m["name"] for m in said["maps"]] == [m["name"] for m in own["maps"]]
    assert said.keys() == own.keys()


def test_a_look_with_heads_off(server, mt):
    heads = [("decoder.0.cross", h) for h in range(counts(mt)["decoder.0.cross"])]
    off = [{"map": name, "head": head} for name, head in heads]
    said = server.post("/v1/look", q=LINE, off=off, **PAIR).json()
    assert said["target"] == without(mt, heads).translate([LINE])[0].text
    whole = server.post("/v1/look", q=LINE, **PAIR).json()
    assert whole["target"] == mt.translate([LINE])[0].text  # the served one is as it was
    assert said["token_scores"] != whole["token_scores"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("look", {"q": " "}, "one sentence"),
        ("look", {"q": "네 " * 500}, "one sentence"),
        ("look", {"q": LINE, "off": [{"map": "decoder.9.cross", "head": 0}]}, "no attention"),
        ("look", {"q": LINE, "off": [{"map": "decoder.0.cross", "head": 99}]}, "heads 0 to"),
        ("look", {"q": LINE, "off": [{"map": "x"}]}, "off.0.head: is missing"),
        ("alternatives", {"q": ""}, "one sentence"),
        ("alternatives", {"q": LINE, "count": 0}, "count"),
        ("stream", {"q": ["a"]}, "q: wants a valid string, got a list"),
    ],
)
def test_bad_looks_are_told(server, path, body, said):
    answer = server.post(f"/v1/{path}", **body, **PAIR)
    assert answer.status_code == 400 and said in answer.json()["error"]


def test_alternatives_are_the_run_s_own(server, mt):
    said = server.post("/v1/alternatives", q=LINE, prefix="I", count=3, **PAIR).json()
    own = alternatives(mt, LINE, "I", "ko-en", 3)
    assert [(x["word"], x["text"]) for x in said["alternatives"]] == [x[:2] for x in own]


def events(answer):
    lines = [x for x in answer.text.split("\n\n") if x]
    return [json.loads(x.removeprefix("data: ")) for x in lines]


def test_a_stream_grows_to_the_answer(server, mt):
    answer = server.post("/v1/stream", q=f"{LINE}\n\n네.", **PAIR)
    assert answer.headers["content-type"].startswith("text/event-stream")
    *found, last = events(answer)
    assert last == {"end": True}
    done = {x["line"]: x for x in found if x["done"]}
    offline = mt.translate([LINE, "", "네."])
    assert [done[i]["text"] for i in range(3)] == [x.text for x in offline]
    assert abs(done[0]["score"] - offline[0].score) < 1e-4
    assert [x["line"] for x in found] == sorted(x["line"] for x in found)
    assert any(not x["done"] for x in found)
