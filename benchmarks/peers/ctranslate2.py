"""CTranslate2 as one uses it from Python: `Translator.translate_batch` on the exported model.

PYTHONPATH=src/regard/bench/child .peers/ctranslate2/bin/python -P benchmarks/peers/ctranslate2.py \
    translate settings.json
"""

import json
import sys
from pathlib import Path

import ctranslate2
from clock import Clock, settings, work


def translate(told):
    clock = Clock(told)
    folder = Path(told["model"])
    model = ctranslate2.Translator(
        str(folder), device="cpu", inter_threads=told["inter"], intra_threads=told["intra"],
        compute_type=told["precision"],
    )  # fmt: skip
    names = json.loads((folder / "shared_vocabulary.json").read_text("utf-8"))
    number = {name: i for i, name in enumerate(names)}
    given = work(told)
    sources = [[names[i] for i in row] for row in given["ids"]]
    length = {"max_decoding_length": max(given["longest"])}
    if told["forced"]:
        length = dict.fromkeys(("min_decoding_length", "max_decoding_length"), told["forced"])

    def answer(count):
        made = model.translate_batch(
            sources[:count], beam_size=told["beam"], length_penalty=told["alpha"],
            max_batch_size=told["batch"], batch_type=told["batch_type"], **length,
        )  # fmt: skip
        return [[number[name] for name in found.hypotheses[0]] for found in made]

    used = {key: told[key] for key in ("inter", "intra", "batch", "batch_type")}
    used["compute_type"] = model.compute_type
    clock.translated(answer, version=f"ctranslate2 {ctranslate2.__version__}", settings=used)


if __name__ == "__main__":
    {"translate": translate}[sys.argv[1]](settings())
