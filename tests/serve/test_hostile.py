"""Bodies made to break something: each gets a 4xx and one clear sentence, and nothing breaks."""

import http.client
import json
import random
from collections.abc import Iterator

import pytest

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
GOOD = {
    "/translate": {"q": "네.", "source": "ko", "target": "en"},
    "/detect": {"q": "네."},
    "/v1/translate": {"q": ["네."], "source": "ko", "target": "en"},
    "/v1/look": {"q": "네.", "source": "ko", "target": "en"},
    "/v1/alternatives": {"q": "네.", "source": "ko", "target": "en"},
    "/v1/stream": {"q": "네.", "source": "ko", "target": "en"},
    "/v1/classify": {"texts": ["네."]},
    "/v1/attribute": {"texts": ["네."]},
}
WRONG = {  # of no field's type
    "q": [None, 3, True, {}, [1], [None], [["네."]], {"q": "네."}, 1e308, [{}], "a\x00b"],
    "source": [None, 3, [], {}, "", "xx", "ko\x00", "k" * 10_000, "\u200bko", "en-ko", "../ko"],
    "target": [None, 3, [], {}, "", "xx", "en\x00", "e" * 10_000, "EN", "ko"],
    "alternatives": [-1, 11, 10**30, 1.5, "2", [], {}, True, None],
    "format": ["xml", 3, None, [], {}, "TEXT", ""],
    "n_best": [0, -1, 11, 10**30, 1.5, "2", [], None],
    "min_confidence": [-0.1, 1.1, "x", [], {}, 0.5],
    "prefix": [3, [], {}, True, "a\x00"],
    "off": [3, {}, [3], [{}], [{"map": 3, "head": 0}], [{"map": "decoder.0.cross", "head": -1}],
            [{"map": "nix", "head": 0}], [{"map": "decoder.0.cross", "head": 10**30}]],
    "texts": [None, 3, True, {}, [1], [None], [["네."]], "네.", ["a\x00b"], [{}], {"0": "네."}],
    "pairs": [3, {}, [1], ["ab"], [["a"]], [["a", "b", "c"]], [["a", 3]], [["a", "b"]], "ab"],
    "run": [3, [], {}, "", "xx", "film\x00", "../film", "r" * 10_000, "ko_en", True],
    "count": [0, -1, 51, 10**30, 1.5, "2", None],
    "api_key": [3, [], {}, "a\x00"],
}  # fmt: skip
OF = {
    "/translate": ["q", "source", "target", "alternatives", "format", "api_key"],
    "/detect": ["q", "api_key"],
    "/v1/translate": ["source", "target", "n_best", "min_confidence", "prefix"],
    "/v1/look": ["source", "target", "off", "prefix"],
    "/v1/alternatives": ["source", "target", "count", "prefix"],
    "/v1/stream": ["source", "target"],
    "/v1/classify": ["texts", "pairs", "run"],
    "/v1/attribute": ["texts", "run"],
}


def bodies(rng: random.Random) -> Iterator[tuple[str, str, bytes]]:
    """Path, content type, bytes: without end."""
    while True:
        path = rng.choice(list(GOOD))
        yield path, *rng.choice(WAYS)(rng, path)


def wrong_value(rng, path):
    name = rng.choice(OF[path])
    body = {**GOOD[path], name: rng.choice(WRONG[name])}
    if path == "/translate" and name == "target" and body["target"] == "ko":
        body["source"] = "en-ko"
    if name == "api_key" and body[name] is None or body == GOOD[path]:
        body = {}
    return JSON, json.dumps(body, ensure_ascii=rng.random() < 0.5).encode()


def missing(rng, path):
    body = dict(GOOD[path])
    del body[rng.choice(list(body))]
    return JSON, json.dumps(body).encode()


def unknown(rng, path):
    if not path.startswith("/v1"):
        return missing(rng, path)
    name = "".join(chr(rng.randrange(1, 0x2FFF)) for _ in range(rng.randrange(1, 9)))
    return JSON, json.dumps({**GOOD[path], name: 1}).encode()


def twice(rng, path):
    text = json.dumps(GOOD[path])
    return JSON, f'{text[:-1]}, "q": "x"}}'.encode()


def cut(rng, path):
    data = json.dumps(GOOD[path], ensure_ascii=False).encode()
    return JSON, data[: rng.randrange(len(data))]


def flipped(rng, path):
    """A byte that no UTF-8 has, somewhere."""
    data = bytearray(json.dumps(GOOD[path], ensure_ascii=False).encode())
    data[rng.randrange(len(data))] = rng.choice([0xFF, 0xFE, 0xC0, 0xF8])
    return JSON, bytes(data)


def noise(rng, path):
    return JSON, rng.randbytes(rng.randrange(60))


def deep(rng, path):
    n = rng.choice([500, 5_000, 100_000])
    opens = rng.choice(["[", '{"q":', '[{"q":'])
    return JSON, (opens * n).encode()


def deep_and_closed(rng, path):
    n = rng.choice([100, 900, 50_000])
    return JSON, b'{"q": ' + b"[" * n + b"]" * n + b"}"


def surrogate(rng, path):
    half = rng.choice(["\\ud800", "\\uDBFF", "\\udc00", "\\uDFFF"])
    text = json.dumps(GOOD[path])
    first = f'"{next(iter(GOOD[path]))}"'
    return JSON, text.replace('"ko"' if '"ko"' in text else first, f'"{half}"').encode()


def number(rng, path):
    digits = rng.choice(["1e99999", "-1e99999", "NaN", "Infinity", "-Infinity", "9" * 5000, "01"])
    return JSON, f'{{"q": {digits}, "source": "ko", "target": "en"}}'.encode()


def other(rng, path):
    return JSON, rng.choice([b"", b"null", b"true", b"3", b'"q"', b"[]", b"[{}]", b"{}", b"\x00"])


def other_type(rng, path):
    sort = rng.choice([
        "", "text/plain", "text/html", "application/xml", "multipart/form-data", "x", "/",
        "multipart/form-data; boundary=x", "application/json2", ";;;", "a" * 3000, "image/png",
    ])  # fmt: skip
    return sort, json.dumps(GOOD[path]).encode()


def form(rng, path):
    data = rng.choice([
        b"", b"q", b"&&&&", b"q=%ff&source=ko&target=en", b"q=a&source=xx&target=en", b"=",
        b"q=a&source=ko&source=ko&target=en", b"q=%00&source=ko&target=en", b"\xff\xfe",
        b"q=a&source=ko&target=en&alternatives=x", b"&".join([b"q=a"] * 1001),
        b"q=a&source=ko&target=en&format=", b"q=a&source=ko&target=en&alternatives=-1",
    ])  # fmt: skip
    if path == "/detect" and data.startswith(b"q") and b"%" not in data and len(data) < 1000:
        data = b"q=%00"
    return FORM, data


def huge(rng, path):
    return JSON, json.dumps({**GOOD[path], "x": "a" * (1 << 20)}).encode()


WAYS = [
    wrong_value, wrong_value, wrong_value, missing, unknown, twice, cut, flipped, noise, deep,
    deep_and_closed, surrogate, number, other, other_type, form,
]  # fmt: skip


def clear(data: bytes) -> bool:
    """One sentence, for people, and nothing else."""
    found = json.loads(data)
    said = found["error"]
    words = ("Traceback", "Error(", "object at 0x", "pydantic", "<class")
    return (
        list(found) == ["error"] and 8 < len(said) < 300 and "\n" not in said
        and len(said.split()) > 2 and not any(word in said for word in words)
    )  # fmt: skip


def attack(server, count: int, seed: int) -> int:
    """So many bodies over one connection that is kept; how many were refused in words."""
    made = bodies(random.Random(seed))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    for number in range(count):
        path, sort, body = next(made)
        headers = {"Content-Type": sort} if sort else {}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        what = f"{number}: {path} {sort:.40} {body[:200]!r} -> {answer.status} {data[:300]!r}"
        assert 400 <= answer.status < 500 and clear(data), what
    connection.close()
    alive = server.post("/translate", q="네.", source="ko", target="en")
    assert alive.status_code == 200
    return number + 1


def test_thousands_of_bodies_are_refused_in_words(server):
    assert attack(server, 5000, seed=1) == 5000


@pytest.mark.slow
def test_ten_thousand_bodies_are_refused_in_words(server):
    assert attack(server, 10_000, seed=2) == 10_000


def test_every_way_is_tried():
    rng = random.Random(0)
    for way in [*WAYS, huge]:
        for path in GOOD:
            assert isinstance(way(rng, path)[1], bytes)


def test_huge_bodies_are_refused(server):
    rng = random.Random(3)
    for path in GOOD:
        sort, body = huge(rng, path)
        answer = server.http.post(path, content=body, headers={"Content-Type": sort})
        assert answer.status_code == 413 and clear(answer.content)


PARTS = [
    b"", b"--x--\r\n", b"--x\r\n\r\n", b"garbage",
    b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\na\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\na\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="\xff\x00"\r\n\r\n\xff\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\na\r\n' * 50 + b"--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\na\r\n' * 3,
    b"--x\r\n" + b"X: y\r\n" * 10_000 + b"\r\na\r\n--x--\r\n",
]  # fmt: skip


@pytest.mark.parametrize("sort", [
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
    'multipart/form-data; boundary="x"; charset=hex', "multipart/form-data; boundary=" + "x" * 999,
    "multipart/form-data; boundary=x; charset=utf-7", "multipart/mixed; boundary=x",
])  # fmt: skip
def test_broken_uploads_are_refused_in_words(server, sort):
    for body in PARTS:
        answer = server.http.post("/translate_file", content=body, headers={"Content-Type": sort})
        assert 400 <= answer.status_code < 500 and clear(answer.content), (body[:99], answer.text)


@pytest.mark.parametrize("page", [
    "<![foo[", "<!", "<!--", "<![CDATA[", "<a" * 5000, "</" * 5000, "<p " + "a=" * 900, "&#" * 9000,
    "<!DOCTYPE [<!ENTITY", "<?", "<a href='", "\x0b<", "<svg>" * 3000, "<p>&#xD800;</p>", "<p>&#0;",
    "<b>" * 3000 + "네.", "]]>", "<p title=\"네.\">", "<!--" * 5000, "<a" + " b" * 500 + ">",
])  # fmt: skip
def test_no_page_breaks_the_server(server, page):
    answer = server.post("/translate", q=page, source="ko", target="en", format="html")
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or clear(answer.content)


@pytest.mark.parametrize("mark", ["{", "{{", "<", "<!--", "`", "a-", "|a", "&a", "<ph>", "[a]("])
def test_no_heap_of_marks_holds_the_server_up(server, mark):
    text = (mark * 20_000)[:20_000]
    said = server.post("/translate", q=text, source="ko", target="en").json()
    assert said["translatedText"] == text


@pytest.mark.parametrize("path", [
    "/%00", "/page/%00", "/page/../../pyproject.toml", "/page/%2e%2e/app.py", "/page//etc/passwd",
    "/page/" + "a" * 5000, "/..%2f..%2fetc/passwd", "/v1", "/v1/", "/translate/", "/%ff%fe",
    "/translate", "/page/__init__.py", "/download_file", "/docs/x",
])  # fmt: skip
def test_no_path_breaks_the_server(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", path)
    answer = connection.getresponse()
    data = answer.read()
    assert answer.status in (404, 405) and clear(data), data
    connection.close()


@pytest.mark.parametrize("host", ["", "x y", "[::1", "a" * 3000, "evil.org/x?", "\xff", "a:b:c"])
def test_no_host_breaks_the_server(server, host):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.putrequest("GET", "/languages", skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status in (200, 400)
    answer.read()
    connection.close()
