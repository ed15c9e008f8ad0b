"""Put a server under load: what it answers a second, how late, what it costs, what offline would.

    python benchmarks/load.py --run runs/multi30k_deen --lines FILE --clients 64 --seconds 300

Starts `regard serve` for the run (or takes `--url`), asks it from a process of its own by so many
clients over bare sockets on loopback, each the next line as soon as the last is answered, and then
translates the same lines offline, as one batch, in a fresh process. Prints one JSON object, and
keeps its figures where `--record results` says so.
"""

import argparse
import asyncio
import gzip
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PAUSE = 0.5  # seconds before a line is asked again that got 429


# -- the clients, in a process of their own --------------------------------------------------------


class Load:
    """What came of all requests."""

    def __init__(self, lines: list[str], pair: tuple[str, str], each: int):
        self.lines, self.pair, self.each = lines, pair, each
        self.next, self.answered = 0, 0
        self.seconds: list[float] = []
        self.statuses: Counter[str] = Counter()

    def body(self) -> bytes:
        """The next request."""
        chosen = [self.lines[(self.next + i) % len(self.lines)] for i in range(self.each)]
        self.next += self.each
        q = chosen[0] if self.each == 1 else chosen
        data = {"q": q, "source": self.pair[0], "target": self.pair[1]}
        return json.dumps(data, ensure_ascii=False).encode()

    async def client(self, host: str, port: int, end: float) -> None:
        """One that asks again and again over one connection."""
        reader, writer = await asyncio.open_connection(host, port)
        while time.monotonic() < end:
            body = self.body()
            head = (
                f"POST /translate HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            start = time.monotonic()
            try:
                writer.write(head.encode() + body)
                status = await answer(reader)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.statuses[type(error).__name__] += 1
                reader, writer = await asyncio.open_connection(host, port)
                continue
            self.statuses[str(status)] += 1
            if status == 200:
                self.seconds.append(time.monotonic() - start)
                self.answered += self.each
            elif status == 429:
                await asyncio.sleep(PAUSE)
        writer.close()


async def answer(reader: asyncio.StreamReader) -> int:
    """The status of an answer that is read to its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head.split(b" ", 2)[1])


async def load(host: str, port: int, clients: int, seconds: float, made: Load) -> dict:
    """All clients together; figures."""
    start = time.monotonic()
    work = [made.client(host, port, start + seconds) for _ in range(clients)]
    await asyncio.gather(*work)
    took = time.monotonic() - start
    late = sorted(made.seconds)

    def percentile(share: float) -> float:
        return round(late[min(len(late) - 1, int(share * len(late)))], 4) if late else 0.0

    return {
        "clients": clients, "each": made.each, "seconds": round(took, 2), "requests": len(late),
        "requests_per_s": round(len(late) / took, 2), "lines_per_s": round(made.answered / took, 2),
        "p50_s": percentile(0.5), "p95_s": percentile(0.95), "p99_s": percentile(0.99),
        "statuses": dict(made.statuses), "client_cpu_s": round(sum(os.times()[:2]), 2),
    }  # fmt: skip


# -- the one who watches ---------------------------------------------------------------------------


def family(process: int) -> list[int]:
    """A process and all below it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def resident(process: int) -> int:
    """Bytes in memory of a process and all below it."""
    total = 0
    for one in family(process):
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * PAGE
        except OSError:
            continue
    return total


def busy(process: int) -> float:
    """Seconds of processor time of a process and all below it."""
    total = 0.0
    for one in family(process):
        try:
            words = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += (int(words[11]) + int(words[12])) / TICKS
        except OSError:
            continue
    return total


def started(run: str, words: list[str]) -> tuple[subprocess.Popen, str]:
    """A server of the run, ready; where it listens."""
    server = subprocess.Popen(
        [sys.executable, "-m", "regard.cli", "serve", run, "--port", "0", *words],
        stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    assert server.stderr is not None
    for line in server.stderr:
        print(line, end="", file=sys.stderr)
        if found := re.search(r"http://([\d.]+:\d+)", line):
            while not ready(*found[1].split(":")):
                time.sleep(0.2)
            return server, found[1]
    sys.exit("the server did not start")


def ready(host: str, port: str) -> bool:
    """Does it take requests?"""

    async def asked() -> int:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /ready HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        status = await answer(reader)
        writer.close()
        return status

    try:
        return asyncio.run(asked()) == 200
    except OSError:
        return False


def figures(host: str, port: str) -> dict[str, float]:
    """What the server says of itself."""
    with urllib.request.urlopen(f"http://{host}:{port}/metrics") as told:
        rows = [line.rsplit(" ", 1) for line in told.read().decode().split("\n")]
    return {row[0]: float(row[1]) for row in rows if len(row) == 2 and row[0][0] != "#"}


def environment() -> dict[str, str]:
    """Where the package lies, for child processes."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), *sys.path[1:]])}


OFFLINE = """
import sys, time
import regard
from regard.machine import keep_freed_memory
keep_freed_memory()
lines = sys.stdin.read().split("\\n")[:int(sys.argv[3])]
mt = regard.load(sys.argv[1], engine=sys.argv[2], device="cpu")
mt.translate(lines[:64])
start, cpu = time.perf_counter(), time.process_time()
mt.translate(lines, direction=sys.argv[4])
print(len(lines) / (time.perf_counter() - start), len(lines) / (time.process_time() - cpu))
"""


def offline(options: argparse.Namespace, count: int) -> tuple[float, float]:
    """Lines a second, and a second of processor time, of a batch translation of the same lines."""
    words = [options.run, options.engine, str(count), options.direction]
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, *words], input="\n".join(read(options.lines)),
        capture_output=True, encoding="utf-8", check=True, env=environment(),
    )  # fmt: skip
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu


def by_minute(memory: list[tuple[float, float]]) -> list[dict[str, float]]:
    """MiB of each whole minute: the mean of its seconds, and the most."""
    minutes = [
        [mib for at, mib in memory if at // 60 == m] for m in range(int(memory[-1][0]) // 60)
    ]
    return [{"mean": round(sum(m) / len(m), 1), "most": max(m)} for m in minutes]


def strays(minutes: list[dict[str, float]]) -> dict[str, float] | None:
    """How far each figure grows after the minute that follows the first, as a share of it."""
    if len(minutes) < 3:
        return None
    later = minutes[1:]
    return {k: round(max(m[k] for m in later) / later[0][k] - 1, 4) for k in later[0]}


def watched(options: argparse.Namespace, server: subprocess.Popen | None, at: str) -> dict:
    """The load from its own process, and what the server needs meanwhile."""
    host, port = at.rsplit(":", 1)
    words = ["--client", host, port, options.lines, options.direction, str(options.each)]
    start = time.monotonic()
    before = busy(server.pid) if server else 0.0
    clients = subprocess.Popen(
        [sys.executable, __file__, *words, str(options.clients), str(options.seconds)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    memory: list[tuple[float, float]] = []
    due = 0.0
    while clients.poll() is None:
        now = time.monotonic() - start
        if server and now >= due:
            memory.append((round(now, 1), round(resident(server.pid) / 2**20, 1)))
            due += 1
        time.sleep(0.1)
    assert clients.stdout is not None
    found = json.loads(clients.stdout.read())
    cpu = (busy(server.pid) - before) if server else 0.0
    client = found.pop("client_cpu_s")
    told = figures(host, port)
    batches = max(1.0, told["regard_batch_lines_count"])
    found["batch_lines"] = round(told["regard_batch_lines_sum"] / batches, 1)
    found["batch_s"] = round(told["regard_batch_seconds_sum"] / batches, 3)
    if server:
        found["lines_per_cpu_s"] = round(found["lines_per_s"] * found["seconds"] / cpu, 2)
    found["server_cores"] = round(cpu / found["seconds"], 3)
    found["client_cores"] = round(client / found["seconds"], 3)
    found["client_share"] = round(client / (cpu + client), 4) if server else None
    minutes = by_minute(memory) if memory else []
    return {**found, "memory_mib": minutes, "memory_strays": strays(minutes)}


def main() -> None:
    """The whole measurement."""
    if sys.argv[1:2] == ["--client"]:
        host, port, file, direction, each, clients, seconds = sys.argv[2:]
        source, target = direction.split("-")
        made = Load(read(file), (source, target), int(each))
        found = asyncio.run(load(host, int(port), int(clients), float(seconds), made))
        print(json.dumps(found))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", help="the run to serve")
    parser.add_argument("--url", help="HOST:PORT of a server that runs already")
    parser.add_argument("--lines", required=True, help="a text file, a sentence a line")
    parser.add_argument("--direction", default="de-en")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--each", type=int, default=1, help="lines a request")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--offline", type=int, default=1000, help="lines offline; 0: none")
    parser.add_argument("--record", type=Path, help="a folder of results")
    options, words = parser.parse_known_args()
    if bool(options.run) == bool(options.url):
        parser.error("name a --run to serve, or the --url of a server")
    server, at = None, options.url
    if options.run:
        server, at = started(options.run, ["--engine", options.engine, *words])
    try:
        found = watched(options, server, at)
    finally:
        if server:
            server.terminate()
            found_code = server.wait(120)
    if server:
        found["exit_code"] = found_code
        if options.offline:
            wall, cpu = offline(options, min(options.offline, len(read(options.lines))))
            found["offline_lines_per_s"] = round(wall, 2)
            found["of_offline"] = round(found["lines_per_s"] / wall, 3)
            # where other work shares the cores, this says more
            found["offline_lines_per_cpu_s"] = round(cpu, 2)
            found["of_offline_by_cpu"] = round(found["lines_per_cpu_s"] / cpu, 3)
    print(json.dumps(found, indent=1))
    if options.record:
        record(options.record, options, found)


def record(folder: Path, options: argparse.Namespace, found: dict) -> None:
    """Keep lines a second, and beside them what else was asked about."""
    from regard import results
    from regard.run import Run

    words = [w for w in sys.argv[1:] if w not in ("--record", str(folder))]
    facts = {
        "set": Path(options.lines).name, "seeds": [Run(options.run).recipe.seed],
        "wall_s": found["seconds"], **found,
        "command": results.hide(" ".join(["python benchmarks/load.py", *words]), None),
    }  # fmt: skip
    alike = f"clients:{options.clients}|lines a request:{options.each}".replace(" ", "_")
    speed = found["lines_per_s"]
    results.measured(
        folder, f"serve/{Path(options.run).name}", f"lines/s|{alike}", (speed,) * 3, facts
    )


def read(file: str) -> list[str]:
    """The lines that hold something; a packed file is unpacked."""
    data = Path(file).read_bytes()
    text = (gzip.decompress(data) if file.endswith(".gz") else data).decode("utf-8")
    return [line for line in text.split("\n") if line.strip()]


if __name__ == "__main__":
    main()
