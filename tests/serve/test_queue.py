"""The queue under pressure: full, left, late; and an end that loses nothing."""

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import PATIENT, Command, Gate, until

LINES = ["저는 학교에 갑니다.", "네.", "이 책은 얼마입니까?", "내일 친구를 만납니다."]
PAIR = {"source": "ko", "target": "en"}


def raw(path: str, **body) -> bytes:
    """A request as bytes, for a client that may leave."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


def waiting(server) -> int:
    return server.service.batcher.lines.total()


def test_a_full_queue_says_when_to_come_again(alone, mt):
    here = alone(threads=1, limits={"queue": 4})
    gate = Gate(here.service)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(here.post, "/translate", q=LINES[0], **PAIR)
        until(lambda: gate.inside, "the first search")
        second = pool.submit(here.post, "/translate", q=LINES, **PAIR)
        until(lambda: waiting(here) == 4, "a full queue")
        refused = here.post("/translate", q="네.", **PAIR)
        assert refused.status_code == 429 and "waiting already" in refused.json()["error"]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        gate.open.set()
        assert second.result().json()["translatedText"] == [x.text for x in mt.translate(LINES)]
        assert first.result().status_code == 200
    assert here.post("/translate", q="네.", **PAIR).status_code == 200
    never = here.post("/translate", q=["네."] * 5, **PAIR)
    assert never.status_code == 413


def test_a_client_that_leaves_frees_its_place(alone):
    here = alone(threads=1, limits={"queue": 4})
    gate = Gate(here.service)
    with here.connect() as first, here.connect() as second:
        first.sendall(raw("/translate", q=LINES[0], **PAIR))
        until(lambda: gate.inside, "the first search")
        second.sendall(raw("/v1/translate", q=LINES, **PAIR))
        until(lambda: waiting(here) == 4, "a full queue")
    until(lambda: not waiting(here), "the places of who left")
    until(lambda: not here.service.active, "the requests of who left")
    gate.open.set()
    assert here.post("/translate", q=LINES, **PAIR).status_code == 200


def test_a_stream_that_nobody_reads_ends(alone):
    here = alone(beside=1)
    with here.connect() as client:
        client.sendall(raw("/v1/stream", q="\n".join(LINES * 100), **PAIR))
        assert b"text/event-stream" in client.recv(4096)
    until(lambda: not here.service.active, "the stream's request")
    ended = here.post("/v1/look", q="네.", **PAIR)  # the only thread is free again
    assert ended.status_code == 200


def test_what_goes_beside_the_queue_is_bounded_too(alone):
    here = alone(beside=1)
    hold, begun = threading.Event(), threading.Event()
    here.service.beside.pool.submit(lambda: (begun.set(), hold.wait(PATIENT)))
    assert begun.wait(PATIENT)
    places = here.service.beside.places
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    refused = here.post("/v1/look", q="네.", **PAIR)
    assert refused.status_code == 429 and "retry-after" in refused.headers
    places.release(taken)
    hold.set()
    assert here.post("/v1/look", q="네.", **PAIR).status_code == 200


def test_a_request_that_takes_too_long_is_given_up(alone):
    here = alone(threads=1, limits={"seconds": 0.05})
    gate = Gate(here.service)
    late = here.post("/translate", q=LINES, **PAIR)
    assert late.status_code == 504 and "0.05 s" in late.json()["error"]
    assert not waiting(here)
    gate.open.set()


def test_one_bad_line_spoils_no_other(alone, mt):
    here = alone(threads=1)
    work = here.service.batcher.work

    def picky(key, lines):
        if any("!" in line.text for line in lines):
            raise RuntimeError("cannot")
        return work(key, lines)

    here.service.batcher.work = picky
    gate = Gate(here.service)
    with ThreadPoolExecutor(3) as pool:
        held = pool.submit(here.post, "/translate", q="네.", **PAIR)
        until(lambda: gate.inside, "the first search")
        good = pool.submit(here.post, "/translate", q=LINES[0], **PAIR)
        bad = pool.submit(here.post, "/translate", q="네!", **PAIR)
        until(lambda: waiting(here) == 2, "two lines")
        gate.open.set()
        assert held.result().status_code == 200
        assert good.result().json()["translatedText"] == mt.translate(LINES[:1])[0].text
        assert bad.result().status_code == 500
        assert bad.result().json() == {
            "error": "something went wrong in the server, which has logged it"
        }


def test_lines_of_many_go_together(alone):
    here = alone(threads=1)
    gate = Gate(here.service)
    with ThreadPoolExecutor(21) as pool:
        made = [pool.submit(here.post, "/translate", q="네.", **PAIR)]
        until(lambda: gate.inside, "the first search")
        made += [pool.submit(here.post, "/translate", q=f"네 {i}.", **PAIR) for i in range(20)]
        until(lambda: waiting(here) == 20, "twenty lines")
        gate.open.set()
        assert all(x.result().status_code == 200 for x in made)
    assert gate.inside <= 3  # batches, not twenty-one


def test_while_it_ends_the_server_takes_nothing_new(alone, mt):
    here = alone(threads=1)
    gate = Gate(here.service)
    with ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(here.post, "/translate", q=LINES, **PAIR)
        until(lambda: gate.inside, "the first search")
        here.service.draining = True
        ready = here.http.get("/ready")
        assert ready.status_code == 503 and "shutting down" in ready.json()["error"]
        new = here.post("/translate", q="네.", **PAIR)
        assert new.status_code == 503 and new.headers["retry-after"]
        assert here.http.get("/health").status_code == 200
        gate.open.set()
        assert accepted.result().json()["translatedText"] == [x.text for x in mt.translate(LINES)]
    here.thread.join(PATIENT)
    assert not here.thread.is_alive()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_the_process_finishes_what_it_accepted(ko_en, mt, sign):
    command = Command(ko_en.folder, "--engine", "own", "--threads", "1")
    until(command.ready, "the server to be ready")
    lines = [f"{LINES[i % 4]} {i}" for i in range(400)]
    made: list = []

    def ask() -> None:
        import httpx

        made.append(httpx.post(
            f"{command.url}/translate", json={"q": lines, **PAIR}, timeout=PATIENT
        ))  # fmt: skip

    def accepted() -> bool:
        import httpx

        told = httpx.get(f"{command.url}/metrics", timeout=PATIENT).text
        rows = dict(x.rsplit(" ", 1) for x in told.split("\n") if x and x[0] != "#")
        return float(rows["regard_queue_lines"]) > 0 or bool(made)

    client = threading.Thread(target=ask)
    client.start()
    until(accepted, "the request to be accepted")
    assert command.end(sign) == 0
    client.join(PATIENT)
    assert made[0].json()["translatedText"] == [x.text for x in mt.translate(lines)]
    assert "ko_en translates ko-en at http://127.0.0.1:" in "".join(command.said)
