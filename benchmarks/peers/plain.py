"""The plain PyTorch loop: a Transformer as one writes it in an afternoon, with PyTorch's own parts.

Norms come first, embeddings are tied, positions are sinusoidal, as in ours, so that with the same
weights and batches and no dropout the losses must be the same (tests/parity/test_against_plain.py).
`N` rows, `S` source and `T` target tokens, `D` width, `H` heads, `V` vocabulary.

PYTHONPATH=src/regard/bench/child python -P benchmarks/peers/plain.py train settings.json
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

PAD, BOS = 0, 1


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, memory, mask=None, causal=False):
        q, k, v = (
            part(y).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # N H T D/H
            for part, y in ((self.q, x), (self.k, memory), (self.v, memory))
        )
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
        return self.out(y.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, width, ffn, heads, dropout, cross):
        super().__init__()
        self.attention = Attention(width, heads)
        self.cross = Attention(width, heads) if cross else None
        self.ff = nn.Sequential(nn.Linear(width, ffn), nn.ReLU(), nn.Linear(ffn, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if cross else 2))
        self.drop = nn.Dropout(dropout)

    def forward(self, x, mask=None, memory=None):
        y = self.norms[0](x)
        x = x + self.drop(self.attention(y, y, None if self.cross else mask, bool(self.cross)))
        if self.cross:
            x = x + self.drop(self.cross(self.norms[1](x), memory, mask))
        return x + self.drop(self.ff(self.norms[-1](x)))


class Transformer(nn.Module):
    def __init__(self, vocab, layers, width, ffn, heads, dropout):
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        self.bias = nn.Parameter(torch.zeros(vocab))
        self.drop = nn.Dropout(dropout)
        sides = [
            nn.ModuleList(Layer(width, ffn, heads, dropout, cross) for _ in range(layers))
            for cross in (False, True)
        ]
        self.encoder, self.decoder = sides
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        frequency = 10000.0 ** -(torch.arange(0, width, 2) / width)
        angle = torch.arange(256)[:, None] * frequency
        self.register_buffer("waves", torch.cat([angle.sin(), angle.cos()], -1))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.embed.weight, std=width**-0.5)

    def embedded(self, tokens):
        x = self.embed(tokens) * self.embed.weight.size(1) ** 0.5
        return self.drop(x) + self.waves[: tokens.size(1)]

    def forward(self, source, target):
        """Logits (N T V)."""
        mask = source.ne(PAD)[:, None, None, :]
        memory = self.embedded(source)
        for layer in self.encoder:
            memory = layer(memory, mask)
        memory = self.norms[0](memory)
        x = self.embedded(target)
        for layer in self.decoder:
            x = layer(x, mask, memory)
        return F.linear(self.norms[1](x), self.embed.weight, self.bias)


def optimizer_of(model, lr):
    return torch.optim.AdamW(
        model.parameters(), lr, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0, fused=True
    )


def update(model, optimizer, loss_of, batch, half=False):
    """One step on a batch (source N S, target_in N T, target_out N T); its mean loss."""
    source, target_in, target_out = batch
    with torch.autocast(source.device.type, torch.bfloat16, enabled=half):
        logits = model(source, target_in)
        loss = loss_of(logits.flatten(0, 1), target_out.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


def padded(batch):
    """The three tensors of some rows."""
    sources, targets = zip(*batch, strict=True)
    rows = [sources, [[BOS, *row[:-1]] for row in targets], targets]
    return [
        nn.utils.rnn.pad_sequence([torch.tensor(row) for row in side], True, PAD) for side in rows
    ]


@torch.no_grad()
def dev_loss(model, batches, device):
    """Mean negative log-likelihood of a target token (nats)."""
    model.eval()
    total = tokens = 0
    for batch in batches:
        source, target_in, target_out = (x.to(device) for x in padded(batch))
        logits = model(source, target_in).flatten(0, 1)
        nll = F.cross_entropy(logits, target_out.flatten(), ignore_index=PAD, reduction="sum")
        total += float(nll)
        tokens += int(target_out.ne(PAD).sum())
    return total / tokens


def train(settings):
    import corpus
    from clock import Clock, Done

    clock = Clock(settings)
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(settings["seed"])
    device, half = settings["device"], settings["precision"] == "bfloat16"
    parts = [settings[key] for key in ("vocab", "layers", "width", "ffn", "heads", "dropout")]
    model = Transformer(*parts).to(device)
    optimizer = optimizer_of(model, settings["lr"])
    loss_of = nn.CrossEntropyLoss(ignore_index=PAD, label_smoothing=settings["smoothing"])
    rows = corpus.rows(settings, "train")
    planned = corpus.batches(rows, settings["batch_tokens"])
    try:
        for numbers in corpus.endless(planned, settings["seed"]):
            batch = [rows[i] for i in numbers]
            tensors = [x.to(device) for x in padded(batch)]
            loss = update(model, optimizer, loss_of, tensors, half)
            clock.tick(sum(len(target) for _, target in batch))
    except Done:
        found = {"loss": float(loss)}
    if settings["steps"]:
        dev = corpus.rows(settings, "dev")
        planned = corpus.batches(dev, settings["batch_tokens"])
        chosen = [[dev[i] for i in numbers] for numbers in planned]
        found["dev_nll"] = dev_loss(model, chosen, device)
    used = {
        "optimizer": "AdamW, fused", "attention": "F.scaled_dot_product_attention", "norm": "pre",
        "tied": True, "batches": "of like length, longest side times rows",
        "precision": "autocast to bfloat16" if half else "float32",
    }  # fmt: skip
    clock.trained(version=f"torch {torch.__version__}", settings=used, **found)


if __name__ == "__main__":
    import clock

    {"train": train}[sys.argv[1]](clock.settings())
