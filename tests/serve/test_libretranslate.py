"""LibreTranslate's own client, unchanged, and what its API says beyond that client."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from libretranslatepy import LibreTranslateAPI

from regard.data.marks import survive

LINES = ["저는 학교에 갑니다.", "네.", "이 책은 얼마입니까?", "내일 친구를 만납니다.", "물 주세요."]


@pytest.fixture
def client(server):
    return LibreTranslateAPI(server.url)


def offline(mt, lines):
    return [answer.text for answer in mt.translate(lines)]


def test_the_client_translates_as_the_run_does_offline(client, mt):
    assert [client.translate(line, "ko", "en") for line in LINES] == offline(mt, LINES)


def test_the_same_answer_alone_and_among_many(client, mt):
    lines = [f"{LINES[i % 5]} {i}" for i in range(50)]
    with ThreadPoolExecutor(50) as pool:
        made = list(pool.map(lambda line: client.translate(line, "ko", "en"), lines))
    assert made == offline(mt, lines)


def test_the_client_asks_for_languages(client):
    found = {x["code"]: x for x in client.languages()}
    assert found["ko"] == {"code": "ko", "name": "Korean", "targets": ["en"]}
    assert found["en"]["targets"] == ["ko"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("안녕하세요, 반갑습니다.", "ko"), ("Where is the station?", "en"), ("네", "ko")],
)
def test_the_client_detects(client, text, language):
    ranked = client.detect(text)
    assert ranked[0]["language"] == language
    assert abs(sum(x["confidence"] for x in ranked) - 100) < 0.5
    assert ranked == sorted(ranked, key=lambda x: -x["confidence"])


def test_a_wrong_pair_is_told_to_the_client(client):
    with pytest.raises(urllib.request.HTTPError) as caught:
        client.translate("Bonjour", "fr", "en")
    assert caught.value.code == 400
    said = json.load(caught.value)["error"]
    assert "'fr' to 'en'" in said and "ko-en" in said and "en-ko" in said


def test_alternatives_through_the_same_address(client, mt):
    """The client does not know them; its address and form do."""
    form = {"q": LINES[0], "source": "ko", "target": "en", "alternatives": 3}
    with urllib.request.urlopen(client.url + "translate", urlencode(form).encode()) as answer:
        said = json.load(answer)
    assert said["translatedText"] == offline(mt, LINES[:1])[0]
    others = said["alternatives"]
    assert 1 <= len(others) <= 3 and len(set(others)) == len(others)
    assert said["translatedText"] not in others


def test_a_list_gives_a_list(server, mt):
    said = server.post("/translate", q=[*LINES, ""], source="ko", target="en").json()
    assert said == {"translatedText": [*offline(mt, LINES), ""]}
    none = server.post("/translate", q=[], source="ko", target="en")
    assert none.json() == {"translatedText": []}


def test_the_language_of_each_is_found(server):
    said = server.post("/translate", q=[LINES[0], LINES[3]], source="auto", target="en").json()
    assert [x["language"] for x in said["detectedLanguage"]] == ["ko", "ko"]
    one = server.post("/translate", q="Good morning", source="auto", target="ko").json()
    assert one["detectedLanguage"]["language"] == "en"
    said = server.post("/translate", q="x", source="auto", target="fr")
    assert said.status_code == 400 and "ko-en" in said.json()["error"]


@pytest.mark.parametrize("text", ["", " ", "\n", "\n\n", "\t \n", "\u200b", "\r\n \r\n"])
def test_blank_text_stays_blank(server, text):
    made = server.post("/translate", q=text, source="ko", target="en").json()["translatedText"]
    assert not made.strip() and made.count("\n") == text.count("\n")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_stay_lines(server, mt, end):
    text = f"{LINES[0]}{end}{end}  {LINES[1]}{end}"
    made = server.post("/translate", q=text, source="ko", target="en").json()["translatedText"]
    a, b = offline(mt, LINES[:2])
    assert made == f"{a}{end}{end}  {b}{end}"


def test_lines_of_several_keep_their_alternatives_apart(server):
    said = server.post(
        "/translate", q="\n".join(LINES[:3]), source="ko", target="en", alternatives=2
    ).json()
    assert all(x.count("\n") == 2 for x in said["alternatives"])
    assert said["translatedText"] not in said["alternatives"]


def test_marks_come_through(server):
    lines = ["%s 파일을 엽니다.", "{name} 씨, 안녕하세요.", "https://a.org 를 보세요."]
    said = server.post("/translate", q=lines, source="ko", target="en", alternatives=3).json()
    for line, made, others in zip(lines, said["translatedText"], said["alternatives"], strict=True):
        assert all(survive(line, text) for text in [made, *others])


def test_html_keeps_its_tags(server, mt):
    page = f"<div class='a'><p>{LINES[0]}</p><pre>네.</pre><p>{LINES[1]}</p></div>"
    said = server.post("/translate", q=page, source="ko", target="en", format="html").json()
    a, b = offline(mt, LINES[:2])
    wanted = f"<div class='a'><p>{a}</p><pre>네.</pre><p>{b}</p></div>"
    assert said["translatedText"] == wanted
    many = server.post("/translate", q=[page, "네."], source="ko", target="en", format="html")
    assert many.json()["translatedText"] == [wanted, *offline(mt, ["네."])]


def test_what_stands_in_html_is_escaped(server):
    text = "a &lt;script&gt; b &amp; c"
    said = server.post("/translate", q=text, source="ko", target="en", format="html").json()
    assert "<" not in said["translatedText"]


def test_the_settings_of_a_page_in_front(server):
    said = server.http.get("/frontend/settings").json()
    assert said["keyRequired"] is False and said["charLimit"] == 20_000
    assert {".txt", ".po", ".html"} <= set(said["supportedFilesFormat"])
    assert said["language"]["source"] == {"code": "ko", "name": "Korean"}


def test_health(server):
    assert server.http.get("/health").json() == {"status": "ok"}
    assert server.http.get("/ready").status_code == 200


def send(server, name, data, **more):
    return server.http.post(
        "/translate_file", files={"file": (name, data)},
        data={"source": "ko", "target": "en", **more},
    )  # fmt: skip


def fetched(server, answer):
    assert answer.status_code == 200, answer.text
    url = answer.json()["translatedFileUrl"]
    assert url.startswith(f"{server.url}/download_file/")
    return server.http.get(url)


def test_a_text_file_comes_back(server, mt):
    made = fetched(server, send(server, "a b.txt", f"{LINES[0]}\r\n\r\n{LINES[1]}".encode()))
    a, b = offline(mt, LINES[:2])
    assert made.content.decode() == f"{a}\r\n\r\n{b}"
    assert 'filename="a_b_en.txt"' in made.headers["content-disposition"]


def test_a_catalogue_comes_back(server):
    polib = pytest.importorskip("polib")
    header = 'msgid ""\nmsgstr "Language: en\\n"\n\n'
    text = f'{header}msgid "%s 열기"\nmsgstr ""\n\nmsgid "끝"\nmsgstr "end"\n'
    made = fetched(server, send(server, "x.po", text.encode(), source="auto"))
    entries = {e.msgid: e for e in polib.pofile(made.content.decode())}
    assert entries["끝"].msgstr == "end" and not entries["끝"].fuzzy
    assert "%s" in entries["%s 열기"].msgstr


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.exe", b"MZ", "no kind that is read"),
        ("x", b"a", "no suffix"),
        ("x.txt", b"\xff\xfe\x00", "save it as UTF-8"),
        ("x.json", b"{", "is no JSON"),
        ("x.json", b"[" * 100_000, "nested too deep"),
        ("x.xlf", b"<xliff", "no well-formed XML"),
        ("x.po", b"what", "neither comment nor string"),
        ("x.srt", b"\xff", "UTF-8"),
    ],
)
def test_a_bad_file_is_told_in_a_sentence(server, name, data, said):
    answer = send(server, name, data)
    assert answer.status_code == 400 and said in answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["x/y", "../../etc/passwd", "%2e%2e/%2e%2e/x", "a" * 32 + "/x.txt", "%00/%00"]
)
def test_nothing_else_can_be_fetched(server, path):
    answer = server.http.get(f"/download_file/{path}")
    assert answer.status_code == 404 and answer.json()["error"]


def test_files_are_kept_for_a_while_only(alone):
    here = alone(limits={"kept_seconds": 0.001, "kept_bytes": 40, "file_bytes": 100})
    answer = send(here, "a.txt", "네.".encode())
    assert here.http.get(answer.json()["translatedFileUrl"]).status_code == 404
    kept = here.service.kept
    assert kept.sweep() == 0 and not list(kept.folder.iterdir())
    big = send(here, "a.txt", b"a" * 2_000_000)
    assert big.status_code == 413 and "bytes" in big.json()["error"]
