"""A tiny translation recipe, and a warm process that forks trainings which can be killed.

Run as a script it is that process: a line of JSON asks for a call of a function below, in a child.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from regard import recipe as recipes

LETTERS = "abcdefgh"


def corpus(folder, rows=48, longest=6, seed=0):
    """Words of letters and their reversals, as `train.tsv` and `dev.tsv`."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in (("train", rows), ("dev", 6)):
        words = ["".join(rng.choices(LETTERS, k=rng.randint(1, longest))) for _ in range(count)]
        lines = [f"{w}\t{w[::-1]}\n" for w in words]
        (folder / f"{name}.tsv").write_text("xx\tyy\n" + "".join(lines), "utf-8")
    return folder


def recipe(folder, changes=(), **train):
    """Everything random switched on: both dropouts, moving average, accumulation, averaging."""
    heads, ff = {"kind": "softmax", "heads": 2}, {"kind": "relu", "width": 32}
    block = {"dropout": 0.2, "mixer": heads, "cross": heads, "ff": ff}
    stack = {"kind": "plain", "layers": 1, "block": block}
    settings = {
        "task": "translate",
        "seed": 3,
        "data": {
            "corpus": "tsv", "dir": str(folder), "directions": ["xx-yy"],
            "tokenizer": {"kind": "bpe", "vocab": 290, "dropout": 0.2},
        },
        "model": {"dim": 16, "tie": "all", "encoder": stack, "decoder": stack},
        "train": {
            "steps": 30, "batch_tokens": 80, "accumulate": 2, "every": 3, "average": 3, "ema": 0.9,
            "precision": "float32", "optim": {"lr": 0.01, "warmup": 5}, **train,
        },
    }  # fmt: skip
    return recipes.make(recipes.override(settings, changes))


# Changes that leave nothing to chance: what several processes must agree on. A small eps would make
# steps of the last digits' noise, where a gradient is 0 but for it (a bias of keys).
SURE = [
    "data.tokenizer.dropout=0", "model.encoder.block.dropout=0", "model.decoder.block.dropout=0",
    "train.optim.eps=1e-4",
]  # fmt: skip


def metrics(run):
    """The lines of metrics.jsonl but for what a clock said."""
    lines = [json.loads(x) for x in run.metrics.read_text("utf-8").splitlines()]
    return [{k: v for k, v in x.items() if k not in ("seconds", "tokens_per_s")} for x in lines]


def facts(run):
    """run.json but for where and when."""
    apart = ("seconds", "date", "hardware", "commit")
    return {k: v for k, v in run.info().items() if k not in apart}


# What children do


def bumpy():
    """Dev scores that go up and down with the weights: a tiny model's BLEU would stay at 0."""
    from regard.tasks.translate import Translate

    look = Translate.dev

    def dev(self, device):
        found = look(self, device)
        found.score = found.shown["dev_nll"] * 1000 % 7
        return found

    Translate.dev = dev


def train(settings, out, until=None, slow=0.0, room=None):
    """A training; `slow`: seconds more for every fsync; `room`: bytes that a file may have.

    While a checkpoint is written there is a file `<out>.writing`.
    """
    from regard.train import checkpoint, report
    from regard.train.training import train

    report.SHOW = 4
    bumpy()
    fsync, save, mark = os.fsync, checkpoint.save, Path(f"{out}.writing")

    def marked(*args):
        mark.touch()
        save(*args)
        mark.unlink()

    checkpoint.save = marked
    if slow:
        os.fsync = lambda handle: (time.sleep(slow), fsync(handle))[1]
    if room:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    train(recipes.make(settings), out, device="cpu", quiet=True, until=until)


def losses(settings, out, until=None, fails=None, signalled=None):
    """A training that writes a line of metrics every step.

    In its fourth step process `fails` has an error, and process `signalled` a SIGTERM.
    """
    from regard.tasks.translate import Translate
    from regard.train import report
    from regard.train.training import train

    report.SHOW = 1
    batch, calls, rank = Translate.batch, [], int(os.environ.get("RANK", 0))

    def watched(self, rows, epoch):
        calls.append(rows)
        if len(calls) == 7 and rank == fails:  # two parts a step
            raise RuntimeError("planted")
        if len(calls) == 7 and rank == signalled:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(self, rows, epoch)

    Translate.batch = watched
    train(recipes.make(settings), out, device="cpu", quiet=True, until=until)


# The warm process


class Server:
    """Forks children from a process that has everything imported and nothing running."""

    def __init__(self):
        env = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        source = str(Path(sys.modules["regard"].__file__).parents[1])
        env["PYTHONPATH"] = os.pathsep.join([source, env.get("PYTHONPATH", "")])
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, __file__], env=env, **pipes)

    def ask(self, **what):
        print(json.dumps(what), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def start(self, function, recipe, out, env=None, **more):
        """A child's number; what it says is added to `<out>.log`."""
        settings = json.loads(recipe.model_dump_json())
        call = {"settings": settings, "out": str(out), **more}
        return self.ask(function=function, call=call, env=env or {}, log=f"{out}.log")

    def wait(self, child):
        """Its exit code, negative for a signal."""
        return self.ask(wait=child)

    def run(self, function, recipe, out, **more):
        """Start and wait."""
        return self.wait(self.start(function, recipe, out, **more))

    def together(self, function, recipe, out, processes=2, **more):
        """As `torchrun` would: exit codes of several that share the work."""
        port = free_port()
        world = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        ranks = [{**world, "RANK": str(rank)} for rank in range(processes)]
        children = [self.start(function, recipe, out, rank, **more) for rank in ranks]
        return [self.wait(child) for child in children]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def free_port():
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_time(child):
    """Seconds a process has computed: unlike the clock, they do not depend on what else runs."""
    return time.clock_gettime((~child << 3) | 2)  # clock_getcpuclockid of Linux


def over(child):
    """Has it ended, but for being waited for?"""
    state = Path(f"/proc/{child}/stat").read_text("ascii", "replace").rpartition(")")[2]
    return state.split()[0] == "Z"


def child(what):
    """Never returns."""
    log = os.open(what["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(what["env"])
    code = 1
    try:
        {"train": train, "losses": losses}[what["function"]](**what["call"])
        code = 0
    except KeyboardInterrupt:
        code = 130
    except recipes.UserError as error:
        print(f"UserError: {error}", flush=True)
        code = 2
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve():
    import torch
    from torch.utils.tensorboard import SummaryWriter  # noqa: F401

    import regard.attention.softmax
    import regard.data.corpus.tsv
    import regard.tasks.translate
    import regard.train.training  # noqa: F401

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.optim.AdamW([torch.zeros(1)], fused=True)  # imports much, later than one would think
    for line in sys.stdin:
        what = json.loads(line)
        if "wait" in what:
            answer = os.waitstatus_to_exitcode(os.waitpid(what["wait"], 0)[1])
        else:
            answer = os.fork()
            if not answer:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                child(what)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
