"""Who may come in, how often, and what every answer carries."""

import pytest

from regard.serve import keys

PAIR = {"source": "ko", "target": "en"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A file of keys: one for any number of requests, one for two a minute."""
    path = tmp_path_factory.mktemp("keys") / "keys.txt"
    found = {name: keys.new(name, rate) for name, rate in (("ada", 0), ("bob", 2))}
    path.write_text("".join(f"{line}\n" for _, line in found.values()), "utf-8")
    return path, {name: key for name, (key, _) in found.items()}


def test_a_key_opens_in_each_of_its_places(alone, made):
    path, known = made
    here = alone(keys=str(path))
    key = known["ada"]
    bearer = {"Authorization": f"Bearer {key}"}
    ask = {"q": "네.", **PAIR}
    assert here.post("/translate", **ask, api_key=key).status_code == 200
    assert here.http.post("/translate", data={**ask, "api_key": key}).status_code == 200
    assert here.http.post("/translate", json=ask, headers=bearer).status_code == 200
    assert here.http.post(f"/translate?api_key={key}", json=ask).status_code == 200
    v1 = {"q": ["네."], **PAIR}
    assert here.http.post("/v1/translate", json=v1, headers=bearer).status_code == 200
    file = {"file": ("a.txt", "네.".encode())}
    form = {**PAIR, "api_key": key}
    assert here.http.post("/translate_file", data=form, files=file).status_code == 200
    assert here.http.get("/frontend/settings").json()["keyRequired"] is True
    for path in ("/health", "/ready", "/languages", "/v1/runs", "/docs"):
        assert here.http.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/translate", "/detect", "/v1/look", "/v1/stream"])
def test_without_a_key_nothing_is_done(alone, made, path):
    here = alone(keys=str(made[0]))
    none = here.post(path, q="네.", **({} if path == "/detect" else PAIR))
    assert none.status_code == 401 and none.headers["www-authenticate"] == "Bearer"
    for wrong in ("x", made[1]["ada"] + "x", "네"):
        given = here.http.post(
            path, json={"q": "네.", **PAIR} if path != "/detect" else {"q": "네."},
            headers={"Authorization": f"Bearer {wrong}".encode()},
        )  # fmt: skip
        assert given.status_code in (401, 403) and given.json()["error"]


def test_each_key_has_its_rate(alone, made):
    path, known = made
    here = alone(keys=str(path))
    ask = {"q": "네.", **PAIR}
    for _ in range(2):
        assert here.post("/translate", **ask, api_key=known["bob"]).status_code == 200
    often = here.post("/translate", **ask, api_key=known["bob"])
    assert often.status_code == 429 and "2 requests a minute" in often.json()["error"]
    assert 1 <= int(often.headers["retry-after"]) <= 60
    assert here.post("/translate", **ask, api_key=known["ada"]).status_code == 200


def test_an_address_has_its_rate(alone):
    here = alone(limits={"rate": 2})
    asked = [here.post("/detect", q="네.").status_code for _ in range(4)]
    assert asked == [200, 200, 429, 429]
    assert here.http.get("/health").status_code == 200


def test_every_answer_is_safe_to_show(server):
    for path in ("/", "/docs", "/health", "/nothing", "/openapi.json"):
        headers = server.http.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_other_origins_only_if_told(alone):
    here = alone(origins=["https://a.org"])
    for origin, allowed in (("https://a.org", "https://a.org"), ("https://b.org", None)):
        asked = here.http.get("/languages", headers={"Origin": origin})
        assert asked.headers.get("access-control-allow-origin") == allowed


def test_too_large_a_body_is_refused_whole_or_in_parts(server):
    big = b'{"q": "' + b"a" * 3_000_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    for body in (big, iter([big[:1000], big[1000:]])):  # the second without a length
        refused = server.http.post("/translate", content=body, headers=headers)
        assert refused.status_code == 413 and "1048576 bytes" in refused.json()["error"]


def test_figures_are_told_with_bounded_labels(alone):
    here = alone()
    for i in range(50):
        here.http.get(f"/nothing/{i}")
    here.post("/translate", q=["네.", "물 주세요.", ""], **PAIR)
    told = here.http.get("/metrics").text
    rows = dict(x.rsplit(" ", 1) for x in told.split("\n") if x and x[0] != "#")
    assert float(rows['regard_requests_total{route="other",status="404"}']) == 50
    assert float(rows['regard_requests_total{route="/translate",status="200"}']) == 1
    assert float(rows['regard_lines_total{run="ko_en"}']) == 2
    assert float(rows['regard_tokens_total{run="ko_en"}']) > 2
    assert float(rows["regard_batch_lines_sum"]) == 2
    assert float(rows["regard_queue_lines"]) == 0
    assert "nothing/" not in told


def test_the_docs_need_nothing_from_elsewhere(server):
    told = server.http.get("/docs").text
    assert "<script" not in told and "http" not in told.replace("/openapi.json", "")
    for path in server.http.get("/openapi.json").json()["paths"]:
        assert path in told
