"""What training costs: the multiplications and additions of matrix products, counted as they
happen, whatever the model is made of.

Forward and backward, attention's own products included; look-ups, norms and other work by element
are not counted. `B` rows, `H` heads, `T` queries, `S` keys, `K` head width.
"""

from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from regard.tasks.base import Task

BATCHES = 12  # that a mean is taken over
aten = torch.ops.aten


def of_update(task: Task, budget: int, batches: int = BATCHES) -> float:
    """The mean over batches of the first turn, which are left as they were; so is the generator."""
    every = task.batches(budget, 0)
    chosen = [every[i * len(every) // batches] for i in range(min(batches, len(every)))]
    training = task.model.training
    task.model.train()
    with torch.random.fork_rng(devices=[]):
        found = [of_batch(task, rows) for rows in chosen]
    task.model.train(training)
    return sum(found) / len(found)


def of_batch(task: Task, rows: np.ndarray) -> float:
    """One batch, forward and backward."""
    batch = task.batch(rows, 0)
    with FlopCounterMode(display=False, custom_mapping=MORE) as counter:
        task.loss(batch).total.backward()
    task.model.zero_grad()
    return counter.get_total_flops()


def in_place(into: Any, a: Any, b: Any, *_: Any, **__: Any) -> int:
    """A product that is added to what is there."""
    return 2 * a[0] * a[1] * b[1]


def attention(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    """Scores, and the weighted sum of values, of shapes B H T K, B H S K."""
    B, H, T, K = q
    return 2 * B * H * T * k[2] * (K + v[3])


def attention_backward(of_out: Any, q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    """The scores anew, and both sides of either product."""
    B, H, T, K = q
    return 2 * B * H * T * k[2] * (3 * K + 2 * v[3])


MORE = {  # what PyTorch's own list lacks
    aten.addmm_: in_place,
    aten._scaled_dot_product_flash_attention_for_cpu: attention,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_backward,
}
