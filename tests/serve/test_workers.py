"""Several processes at one socket: killed ones lose nothing that is asked again."""

import os
import signal
import threading
from pathlib import Path

import httpx
import pytest
from serving import PATIENT, Command, until

from regard.cli import main
from regard.serve import keys

PAIR = {"source": "ko", "target": "en"}


def children(process: int) -> list[int]:
    """The processes that serve."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
            command = path.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(words[1]) == process and b"spawn_main" in command:
            found.append(int(path.parent.name))
    return found


def ask(url: str, line: str, failed: list) -> str:
    """A client that asks again when it is not answered."""
    while True:
        try:
            answer = httpx.post(f"{url}/translate", json={"q": line, **PAIR}, timeout=PATIENT)
        except httpx.TransportError as error:
            failed.append(error)
            continue
        assert answer.status_code == 200, answer.text
        return answer.json()["translatedText"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_killed_worker_loses_nothing_and_comes_back(ko_en, mt):
    command = Command(ko_en.folder, "--engine", "own", "--workers", "2", "--threads", "1")
    until(lambda: len(children(command.process.pid)) == 2, "two processes")
    until(command.ready, "one of them to be ready")
    lines = [f"저는 {i} 번 갑니다." for i in range(60)]
    answers, failed = [""] * len(lines), []

    def client(start: int) -> None:
        for i in range(start, len(lines), 6):
            answers[i] = ask(command.url, lines[i], failed)

    clients = [threading.Thread(target=client, args=(i,)) for i in range(6)]
    for thread in clients:
        thread.start()
    until(lambda: sum(map(bool, answers)) > 10, "some answers")
    old = children(command.process.pid)
    os.kill(old[0], signal.SIGKILL)
    for thread in clients:
        thread.join(PATIENT)
    assert answers == [x.text for x in mt.translate(lines)]
    until(lambda: len(children(command.process.pid)) == 2, "another process")
    assert old[0] not in children(command.process.pid)
    told = httpx.get(f"{command.url}/metrics", timeout=PATIENT).text
    rows = dict(x.rsplit(" ", 1) for x in told.split("\n") if x and x[0] != "#")
    assert float(rows['regard_lines_total{run="ko_en"}']) >= len(lines)  # of all processes
    file = {"file": ("a.txt", "네.".encode())}
    for _ in range(4):  # whoever is asked has the file
        made = httpx.post(f"{command.url}/translate_file", data=PAIR, files=file, timeout=PATIENT)
        url = made.json()["translatedFileUrl"]
        assert httpx.get(url, timeout=PATIENT).text == mt.translate(["네."])[0].text
    assert command.end() == 0
    assert not children(command.process.pid)
    assert "starting another" in "".join(command.said)


def test_a_new_key_is_shown_once(capsys):
    assert main(["serve", "--new-key", "ada", "--rate", "30"]) == 0
    out, err = capsys.readouterr()
    name, digest, rate = out.split()
    assert (name, rate) == ("ada", "30") and keys.digest(err.split()[-1]) == digest


def test_bad_words_are_told_in_a_sentence(ko_en, tmp_path, capsys):
    (tmp_path / "keys.txt").write_text("ada\n")
    for words, said in (
        ((), "name a run first"),
        ((tmp_path / "none",), "no such file or folder"),
        ((ko_en.folder, "--limit", "lines=0"), "--limit lines: "),
        ((ko_en.folder, "--limit", "lins=3"), "did you mean 'lines'?"),
        ((ko_en.folder, "--keys", tmp_path / "keys.txt"), "line 1"),
        ((ko_en.folder, "--host", "999.1.1.1"), "cannot be listened at"),
        (("--new-key", "two words"), "one word"),
    ):
        assert main(["serve", *map(str, words), "--port", "0"]) == 2
        out, err = capsys.readouterr()
        assert said in err and err.count("\n") == 1 and not out, err
