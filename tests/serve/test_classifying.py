"""Runs that judge texts, served: what /v1 tells is what the run says offline, alone and mixed."""

import threading

import pytest
from reviews import reviews
from serving import running, until

import regard
from regard.look.attributing import attribute

TEXTS = ["the film was wonderful", "오늘 영화 정말 지루한", "", "we saw it\nand it was awful"]
PAIRS = [["the film was dull", "오늘 정말 멋진 영화"], ["wonderful music", "so awful"], ["a", " "]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("judged")


@pytest.fixture(scope="module")
def match(folder):
    """A run of pairs."""
    return reviews(folder / "match", "train.steps=40", "train.every=40", pairs=True)


@pytest.fixture(scope="module")
def here(film, match):
    """A server of classifiers only."""
    with running(film, match) as found:
        yield found


@pytest.mark.parametrize("name", ["texts", "pairs"])
def test_answers_are_the_run_s_own(here, film, match, name):
    used = regard.load(film if name == "texts" else match, device="cpu")
    given = TEXTS if name == "texts" else PAIRS
    offline = used.classify([(x,) if name == "texts" else tuple(x) for x in given])
    said = here.post("/v1/classify", **{name: given}).json()
    assert said["run"] == ("film" if name == "texts" else "match")
    assert [x["label"] for x in said["answers"]] == [x.label for x in offline]
    for one, own in zip(said["answers"], offline, strict=True):
        assert one["probabilities"] == pytest.approx(own.probabilities, abs=1e-4)
        assert one["confidence"] == pytest.approx(own.confidence, abs=1e-4)
        assert one["abstained"] is False
    labels = {x["label"] for x in said["answers"]}
    assert labels >= {"", "good", "bad"}  # one of each, or the test proves little


def test_what_is_not_sure_enough_gets_no_label(here):
    plain = here.post("/v1/classify", texts=TEXTS).json()["answers"]
    sure = sorted(x["confidence"] for x in plain if x["label"])
    least = (sure[0] + sure[-1]) / 2
    asked = here.post("/v1/classify", texts=TEXTS, min_confidence=least).json()["answers"]
    for one, before in zip(asked, plain, strict=True):
        under = before["confidence"] is not None and before["confidence"] < least
        assert one["abstained"] is under and one["label"] == ("" if under else before["label"])
        assert one["probabilities"] == pytest.approx(before["probabilities"])


def test_attributions_are_the_run_s_own(here, film, match):
    for run, texts in ((film, TEXTS[:1]), (match, PAIRS[0])):
        said = here.post("/v1/attribute", texts=texts).json()
        own = attribute(regard.load(run, device="cpu"), tuple(texts)).record()
        assert said["label"] == own["label"] and said["words"] == own["words"]
        assert said["caveat"] == own["caveat"] and "differ" in said["caveat"]
        for name, rows in own["methods"].items():
            for mine, row in zip(said["methods"][name], rows, strict=True):
                assert mine == pytest.approx(row, abs=1e-4), name


def test_runs_are_told(here):
    found = {run["name"]: run for run in here.http.get("/v1/runs").json()}
    assert found["film"] == {
        "name": "film", "verb": "classify", "reads": "texts", "labels": ["bad", "good"],
        "directions": [], "heads": {},
    }  # fmt: skip
    assert found["match"]["reads"] == "pairs"


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("classify", {}, "texts: or pairs are wanted"),
        ("classify", {"texts": ["a"], "pairs": [["a", "b"]]}, "the one or the other"),
        ("classify", {"texts": ["a"], "run": "match"}, "'match' judges no texts"),
        ("classify", {"pairs": [["a", "b"]], "run": "film"}, "'film' judges no pairs"),
        ("classify", {"texts": ["a"], "run": "x" * 999}, "there is film (texts), match (pairs)"),
        ("classify", {"pairs": [["a"]]}, "pairs.0"),
        ("classify", {"text": ["a"]}, "did you mean 'texts'?"),
        ("classify", {"texts": ["a"], "min_confidence": 1.5}, "min_confidence"),
        ("classify", {"texts": ["x"] * 513}, "texts: 513 rows"),
        ("classify", {"texts": ["x" * 20_001]}, "20001 characters"),
        ("classify", {"texts": "a"}, "texts: wants a valid list"),
        ("attribute", {"texts": [" "]}, "with words in them"),
        ("attribute", {"texts": []}, "texts"),
        ("attribute", {"texts": ["a", "b", "c"]}, "texts"),
        ("attribute", {"texts": ["a", "b"], "run": "film"}, "judges no pairs"),
    ],
)
def test_what_cannot_be_done_is_told(here, path, body, said):
    answer = here.post(f"/v1/{path}", **body)
    assert answer.status_code in (400, 413) and said in answer.json()["error"], answer.text


def test_many_lines_are_no_many_rows(here):
    """A program has lines; it is one text all the same."""
    answer = here.post("/v1/classify", texts=["the film was awful\n" * 600])
    assert answer.status_code == 200 and len(answer.json()["answers"]) == 1
    assert here.post("/v1/classify", texts=[]).json()["answers"] == []


@pytest.mark.parametrize("path", ["translate", "detect", "v1/translate", "v1/look", "v1/stream"])
def test_a_server_of_classifiers_says_that_it_does_not_translate(here, path):
    body = {} if path == "detect" else {"source": "ko", "target": "en"}
    answer = here.post(f"/{path}", q=["네."] if path == "v1/translate" else "네.", **body)
    assert answer.status_code == 400 and "no run here translates" in answer.json()["error"]


def test_a_server_of_classifiers_tells_clients_of_no_languages(here):
    assert here.http.get("/languages").json() == []
    said = here.http.get("/frontend/settings").json()
    assert said["language"] == {"source": None, "target": None} and not said["filesTranslation"]
    assert here.http.get("/").status_code == 200
    form = {"source": "ko", "target": "en"}
    answer = here.http.post("/translate_file", data=form, files={"file": ("a.txt", b"a")})
    assert answer.status_code == 400 and "no run here translates" in answer.json()["error"]


def test_both_kinds_share_a_server(server, ko_en):
    (one,) = server.post("/v1/classify", texts=TEXTS[:1]).json()["answers"]
    assert one["label"] == "good"
    verbs = {run["name"]: run["verb"] for run in server.http.get("/v1/runs").json()}
    assert verbs == {"film": "classify", "ko_en": "translate", "both": "translate"}
    line = {"q": "저는 학교에 갑니다.", "source": "ko", "target": "en"}
    with running(ko_en) as alone:
        assert alone.post("/translate", **line).json() == server.post("/translate", **line).json()
        refused = alone.post("/v1/classify", texts=["a"])
        assert refused.status_code == 400 and "no run here classifies" in refused.json()["error"]


def test_requests_side_by_side_are_judged_together_and_counted(film):
    with running(film, threads=1) as alone:
        batches, work = [], alone.service.batcher.work
        gate = threading.Event()

        def held(key, lines):
            batches.append(len(lines))
            gate.wait(60)
            return work(key, lines)

        alone.service.batcher.work = held
        said: dict[int, str] = {}

        def ask(n):
            text = ["the film was wonderful", "the film was awful"][n % 2]
            said[n] = alone.post("/v1/classify", texts=[text]).json()["answers"][0]["label"]

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        waits = alone.service.batcher.lines
        until(lambda: sum(batches) + waits.total() == 12, "all rows to be there")
        gate.set()
        for thread in threads:
            thread.join()
        assert said == {n: ["good", "bad"][n % 2] for n in range(12)}
        assert len(batches) < 12 and sum(batches) == 12
        told = alone.http.get("/metrics").text
        assert 'regard_lines_total{run="film"} 12.0' in told
        assert 'route="/v1/classify",status="200"} 12.0' in told


def test_a_numeric_run_is_served_with_its_number(folder):
    changes = ("readout=number", "data.labels={good: '1', bad: '0'}", "train.steps=20",
               "train.every=20")  # fmt: skip
    with running(reviews(folder / "number", *changes)) as alone:
        (one,) = alone.post("/v1/classify", texts=TEXTS[:1]).json()["answers"]
        assert float(one["label"]) == pytest.approx(1, abs=0.8) and one["probabilities"] == {}
        wish = alone.post("/v1/classify", texts=TEXTS[:1], min_confidence=0.5)
        assert wish.status_code == 400 and "numbers" in wish.json()["error"]
        assert (
            alone.post("/v1/attribute", texts=TEXTS[:1]).json()["explains"]
            == "how high the answer is"
        )
        assert alone.http.get("/v1/runs").json()[0]["labels"] == []


def test_texts_that_are_read_apart_are_served_too(folder):
    changes = ("task=pairs", "data.labels={good: same, bad: different}", "width=8",
               "train.steps=5", "train.every=5")  # fmt: skip
    apart = reviews(folder / "apart", *changes, pairs=True)
    with running(apart) as alone:
        said = alone.post("/v1/classify", pairs=PAIRS).json()["answers"]
        own = regard.load(apart, device="cpu").classify([tuple(pair) for pair in PAIRS])
        assert [x["label"] for x in said] == [x.label for x in own] and said[2]["label"] == ""
        assert alone.post("/v1/classify", pairs=PAIRS, min_confidence=1.0).status_code == 200
        found = alone.post("/v1/attribute", texts=PAIRS[0]).json()
        assert found["height"] and [len(row) for row in found["words"]] == [4, 4]
