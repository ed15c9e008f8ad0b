"""transformers' Marian classes: trained by their Seq2SeqTrainer, translating by `generate`.

Their Trainer knows batches of so many rows only; here it gets batches of so many tokens through
`get_train_dataloader`, which its documentation offers for that: better than what it does by itself.

PYTHONPATH=src/regard/bench/child .peers/marian/bin/python -P benchmarks/peers/marian.py \
    train|translate|first settings.json
"""

import sys
from contextlib import suppress

import torch
import transformers
from clock import Clock, Done, settings, work
from corpus import BOS, EOS, PAD, batches, endless, rows
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    MarianConfig,
    MarianMTModel,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
)

IGNORED = -100  # a label that costs nothing


def model_of(told):
    """The Transformer of Vaswani et al. 2017 in their words; its norms come last."""
    sides = {
        f"{side}_{key}": told[ours]
        for side in ("encoder", "decoder")
        for key, ours in (("layers", "layers"), ("ffn_dim", "ffn"), ("attention_heads", "heads"))
    }
    config = MarianConfig(
        vocab_size=told["vocab"], d_model=told["width"], dropout=told["dropout"], **sides,
        activation_function="relu", scale_embedding=True, max_position_embeddings=256,
        init_std=told["width"] ** -0.5, pad_token_id=PAD, eos_token_id=EOS, forced_eos_token_id=EOS,
        bos_token_id=BOS, decoder_start_token_id=BOS, tie_word_embeddings=True,
    )  # fmt: skip
    config._attn_implementation = "sdpa"
    return MarianMTModel(config)


def collate(batch):
    sources, targets = zip(*batch, strict=True)
    given = [[BOS, *row[:-1]] for row in targets]
    source, into, labels = (
        pad_sequence([torch.tensor(row) for row in side], True, filler)
        for side, filler in ((sources, PAD), (given, PAD), (targets, IGNORED))
    )
    return {
        "input_ids": source, "attention_mask": source.ne(PAD).long(),
        "decoder_input_ids": into, "labels": labels,
    }  # fmt: skip


class Sampler:
    """Batches of like length within the token budget, in another order each epoch."""

    def __init__(self, data, told):
        self.planned = batches(data, told["batch_tokens"])
        self.turns = endless(self.planned, told["seed"])

    def __len__(self):
        return len(self.planned)

    def __iter__(self):
        return (next(self.turns) for _ in self.planned)


class Trainer(Seq2SeqTrainer):
    """Batches by tokens, and a count of those of the step at hand."""

    told: dict
    tokens = 0

    def get_train_dataloader(self):
        sampler = Sampler(self.train_dataset, self.told)
        loader = DataLoader(self.train_dataset, batch_sampler=sampler, collate_fn=collate)
        return self.accelerator.prepare(loader)

    def training_step(self, model, inputs, *rest, **more):
        self.tokens = int(inputs["labels"].ne(IGNORED).sum())
        return super().training_step(model, inputs, *rest, **more)


class Ticks(TrainerCallback):
    def __init__(self, clock):
        self.clock, self.trainer = clock, None

    def on_step_end(self, *_, **__):
        self.clock.tick(self.trainer.tokens)


def train(told):
    clock = Clock(told)
    torch.set_num_threads(told["threads"])
    ticks = Ticks(clock)
    arguments = Seq2SeqTrainingArguments(
        output_dir=told["scratch"], use_cpu=told["device"] == "cpu", seed=told["seed"],
        num_train_epochs=1_000_000, learning_rate=told["lr"], lr_scheduler_type="constant",
        adam_beta2=0.98, adam_epsilon=1e-9, max_grad_norm=1.0, optim="adamw_torch_fused",
        label_smoothing_factor=told["smoothing"], bf16=told["precision"] == "bfloat16",
        logging_strategy="no", save_strategy="no", report_to="none", disable_tqdm=True,
        remove_unused_columns=False,
    )  # fmt: skip
    torch.manual_seed(told["seed"])
    trainer = Trainer(
        model_of(told), arguments, train_dataset=rows(told, "train"), callbacks=[ticks]
    )
    trainer.told, ticks.trainer = told, trainer
    with suppress(Done):
        trainer.train()
    used = {
        "classes": "MarianMTModel, Seq2SeqTrainer", "optimizer": "adamw_torch_fused",
        "attention": trainer.model.config._attn_implementation, "norm": "post",
        "tied": trainer.model.lm_head.weight is trainer.model.model.shared.weight,
        "batches": "of like length, longest side times rows (not their own: rows by count)",
        "precision": told["precision"], "dataloader_num_workers": arguments.dataloader_num_workers,
        "torch": torch.__version__,
    }  # fmt: skip
    clock.trained(version=f"transformers {transformers.__version__}", settings=used)


def translate(told):
    clock = Clock(told)
    torch.set_num_threads(told["threads"])
    model = AutoModelForSeq2SeqLM.from_pretrained(told["model"]).eval()

    given = work(told)
    sources, longest = given["ids"], given["longest"]

    @torch.inference_mode()
    def answer(count):
        made = [[]] * count
        order = sorted(range(count), key=lambda i: -len(sources[i]))
        for start in range(0, len(order), told["batch"]):
            chosen = order[start : start + told["batch"]]
            source = pad_sequence([torch.tensor(sources[i]) for i in chosen], True, PAD)
            length = {"max_new_tokens": max(longest[i] for i in chosen)}
            if told["forced"]:
                length = dict.fromkeys(("min_new_tokens", "max_new_tokens"), told["forced"])
            found = model.generate(
                input_ids=source, attention_mask=source.ne(PAD).long(), num_beams=told["beam"],
                length_penalty=told["alpha"], **length,
            )  # fmt: skip
            for i, row in zip(chosen, found.tolist(), strict=True):
                made[i] = [token for token in row if token > EOS]
        return made

    used = {
        "class": type(model).__name__, "attention": model.config._attn_implementation,
        "batch": told["batch"], "batches": "sorted by length", "torch": torch.__version__,
    }  # fmt: skip
    clock.translated(answer, version=f"transformers {transformers.__version__}", settings=used)


def first(told):
    """One sentence from a cold start, as text; transformers 5 has no translation pipeline."""
    clock = Clock(told)
    tokenizer = AutoTokenizer.from_pretrained(told["model"])
    model = AutoModelForSeq2SeqLM.from_pretrained(told["model"])
    encoded = tokenizer(told["sentence"], return_tensors="pt")
    made = model.generate(**encoded, num_beams=told["beam"], length_penalty=told["alpha"])
    clock.say(text=tokenizer.batch_decode(made, skip_special_tokens=True)[0])


if __name__ == "__main__":
    {"train": train, "translate": translate, "first": first}[sys.argv[1]](settings())
