"""Training in stages: from examples to weights, on two CPU cores in about an hour.

What makes it fast: batches of texts of similar length, and word embeddings left as they are, so
that neither the gradient nor the optimizer touches half of the parameters.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, distributed, multiprocessing, nn
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from training.examples import DRAWN, Example, draw
from training.network import Network, load_base

__all__ = ["STAGES", "Recipe", "fit_mood", "predict", "train"]


@dataclass(frozen=True)
class Recipe:
    """What a run can be told.

    `epochs` is what the learning rate is planned for, `stop` after how many to end all the same.
    Of large sources an epoch sees the next part; `first` is the part that the first epoch sees,
    and `drawn` how many of a source an epoch sees.
    """

    seed: int = 1
    epochs: int = 3
    stop: int = 3
    first: int = 0
    without: frozenset[str] = frozenset()
    drawn: Mapping[str, int] = field(default_factory=lambda: dict(DRAWN))
    batch: int = 32
    rate: float = 1e-4
    layer_decay: float = 0.85
    weight_decay: float = 0.01
    average: float = 0.95
    frozen_layers: int = 2
    longest: int = 64
    workers: int = 2
    meeting: str = "tcp://127.0.0.1:29511"


_TWEETS_FIRST = {
    "plain tweets": 10_000,
    "reddit": 6_000,
    "films": 1_000,
    "editorials": 1_500,
    "care": 800,
}
STAGES = (
    Recipe(stop=2, without=frozenset({"care", "plain tweets", "semeval"})),
    Recipe(
        seed=2,
        epochs=2,
        stop=2,
        first=2,
        rate=8e-5,
        drawn=_TWEETS_FIRST,
        frozen_layers=0,
    ),
)
"""What made the shipped model, one after the other: first what is rich (soft targets, emotions),
then what is like the posts it will read. `fit_mood` came after them."""


@dataclass(frozen=True)
class Batch:
    input_ids: Tensor
    attention_mask: Tensor
    target: Tensor
    frustrated: Tensor
    weight: Tensor


def train(
    pool: Sequence[Example],
    cache: Path,
    recipe: Recipe,
    keep: Callable[[int, Network], None],
    start: Path | None = None,
) -> None:
    """Hand the running average of the weights to `keep` after every epoch, in the first worker.

    `start` holds weights to go on from instead of the base model's.
    """
    multiprocessing.start_processes(
        _work, (pool, cache, recipe, keep, start), nprocs=recipe.workers, start_method="fork"
    )


def _work(
    worker: int,
    pool: Sequence[Example],
    cache: Path,
    recipe: Recipe,
    keep: Callable[[int, Network], None],
    start: Path | None,
) -> None:
    """Learns from its share of the batches, and meets the others from time to time."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=recipe.meeting, rank=worker, world_size=recipe.workers
    )
    order = random.Random(recipe.seed)  # noqa: S311
    network, tokenizer = load_base(cache, recipe.seed)
    if start is not None:
        network.load_state_dict(torch.load(start))
    torch.manual_seed(recipe.seed * 100 + worker)
    optimizer = torch.optim.AdamW(_groups(network, recipe), fused=True)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    average = [parameter.detach().clone() for parameter in trained]
    known = [example for example in pool if example.source not in recipe.without]
    epochs = [
        draw(known, recipe.first + epoch, order, recipe.drawn) for epoch in range(recipe.epochs)
    ]
    per_step = recipe.batch * recipe.workers
    steps = sum(len(examples) // per_step for examples in epochs)
    progress = _Progress(steps, silent=worker > 0)
    network.train()
    for epoch, examples in enumerate(epochs[: recipe.stop]):
        ids = _encode(tokenizer, [example.text for example in examples], recipe.longest)
        # Every worker lists the same batches, and takes those in its turn.
        batches = itertools.islice(
            _batches(examples, ids, recipe.batch, order), worker, None, recipe.workers
        )
        for batch in itertools.islice(batches, len(examples) // per_step):
            _set_rate(optimizer, progress.step / steps)
            with torch.autocast("cpu", torch.bfloat16, enabled=_HALF):
                logits = network(batch.input_ids, batch.attention_mask)
            loss = _loss(logits.float(), batch)
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            progress.advance(float(loss.detach()))
            if progress.step % _MEET_EVERY == 0:
                _meet(trained, recipe.workers)
                # Early on the average follows closely: it shall not remember where it began.
                share = 1 - min(recipe.average, 1 - 2 / (progress.step / _MEET_EVERY + 2))
                torch._foreach_lerp_(average, [weights.detach() for weights in trained], share)
        if worker == 0:
            keep(epoch, _averaged(network, average))
    distributed.destroy_process_group()


_HALF = torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001
"""Numbers of 16 bits where the processor has instructions for them: twice as fast."""

_MEET_EVERY = 20
"""Steps. Workers with one thread each that average their weights now and then (local SGD) lose
less on a busy machine than threads that wait for each other in every layer."""


def _meet(trained: Sequence[nn.Parameter], workers: int) -> None:
    with torch.no_grad():
        weights = torch.cat([parameter.flatten() for parameter in trained])
        distributed.all_reduce(weights)
        weights /= workers
        sizes = [parameter.numel() for parameter in trained]
        for parameter, mean in zip(trained, weights.split(sizes), strict=True):
            parameter.copy_(mean.view_as(parameter))


def _averaged(network: Network, average: list[Tensor]) -> Network:
    copied: Network = copy.deepcopy(network).eval()
    names = [name for name, weights in network.named_parameters() if weights.requires_grad]
    copied.load_state_dict(dict(zip(names, average, strict=True)), strict=False)
    return copied


def fit_mood(
    network: Network, tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example]
) -> None:
    """Learn the output `frustrated` anew, and leave everything else as it is.

    A logistic regression on what the encoder makes of the examples that say something about it.
    """
    known = [example for example in examples if example.frustrated is not None]
    features = _outputs(network.pooled, tokenizer, [example.text for example in known])
    target = torch.tensor([example.frustrated for example in known])
    weight = torch.tensor([_MOOD_WEIGHTS.get(example.source, 0.5) for example in known])
    row = torch.zeros(features.shape[1] + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([row], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        each = functional.binary_cross_entropy_with_logits(
            features @ row[:-1] + row[-1], target, reduction="none"
        )
        loss = (each * weight).sum() / weight.sum() + _RIDGE * row[:-1].square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        network.head.weight[3] = row[:-1]
        network.head.bias[3] = row[-1]


_MOOD_WEIGHTS = {"care": 4.0, "corrections": 4.0, "reddit": 1.0}
"""The messages that the output is for are few; most others only say what is not frustration."""
_RIDGE = 1e-3


def predict(
    network: Network, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], longest: int = 128
) -> Tensor:
    """Logits [texts, 4]."""
    return _outputs(network, tokenizer, texts, longest)


def _outputs(
    function: Callable[[Tensor, Tensor], Tensor],
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    longest: int = 128,
) -> Tensor:
    """What `function` makes of each text, computed in batches of like length."""
    ids = _encode(tokenizer, texts, longest)
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
    found: list[Tensor] = []
    with torch.no_grad():
        for start in range(0, len(order), 64):
            chosen = order[start : start + 64]
            found.append(function(*_padded([ids[number] for number in chosen])))
    back = torch.tensor(order).argsort()
    return torch.cat(found)[back]


def _encode(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], longest: int
) -> list[list[int]]:
    ids: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
    return ids


def _padded(ids: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    width = max(map(len, ids))
    input_ids = torch.zeros(len(ids), width, dtype=torch.long)
    for row, numbers in enumerate(ids):
        input_ids[row, : len(numbers)] = torch.tensor(numbers)
    lengths = torch.tensor([len(numbers) for numbers in ids])
    return input_ids, (torch.arange(width) < lengths[:, None]).long()


def _batches(
    examples: Sequence[Example], ids: Sequence[list[int]], size: int, order: random.Random
) -> Iterator[Batch]:
    """Every example once, with others of about its length, in random order."""
    numbers = list(range(len(examples)))
    numbers.sort(key=lambda number: len(ids[number]) + order.uniform(-2, 2))
    starts = list(range(0, len(numbers), size))
    order.shuffle(starts)
    for start in starts:
        chosen = numbers[start : start + size]
        known = [examples[number].frustrated for number in chosen]
        yield Batch(
            *_padded([ids[number] for number in chosen]),
            target=torch.tensor([examples[number].target for number in chosen]),
            frustrated=torch.tensor([math.nan if value is None else value for value in known]),
            weight=torch.tensor([examples[number].weight for number in chosen]),
        )


def _loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy against the soft targets, and that of `frustrated` where it is known."""
    tone = functional.cross_entropy(logits[:, :3], batch.target, reduction="none")
    known = ~batch.frustrated.isnan()
    mood = functional.binary_cross_entropy_with_logits(
        logits[:, 3], batch.frustrated.nan_to_num(), reduction="none"
    )
    each = tone + 0.3 * mood * known
    return (each * batch.weight).mean()


def _groups(network: Network, recipe: Recipe) -> list[dict[str, object]]:
    """The head learns fastest, and every layer below slower than the one above it."""
    layers = network.encoder.encoder.layer
    network.encoder.embeddings.requires_grad_(requires_grad=False)
    groups = [_group(network.head, recipe.rate * 5, recipe.weight_decay)]
    layers[: recipe.frozen_layers].requires_grad_(requires_grad=False)
    for depth, layer in enumerate(reversed(layers[recipe.frozen_layers :])):
        rate = recipe.rate * recipe.layer_decay**depth
        groups.append(_group(layer, rate, recipe.weight_decay))
    return groups


def _group(module: nn.Module, rate: float, decay: float) -> dict[str, object]:
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": decay}


def _set_rate(optimizer: torch.optim.Optimizer, done: float, warm: float = 0.06) -> None:
    """Up in a line, then down along a cosine. `done` runs from 0 to 1."""
    share = (
        done / warm if done < warm else 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))
    )
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * share


class _Progress:
    """A line from time to time: how far, how good, how long still."""

    def __init__(self, steps: int, *, silent: bool) -> None:
        self.step = 0
        self._silent = silent
        self._steps = steps
        self._started = time.monotonic()
        self._loss = 0.0

    def advance(self, loss: float) -> None:
        self.step += 1
        self._loss = loss if self.step == 1 else 0.98 * self._loss + 0.02 * loss
        if not self._silent and (self.step % 50 == 0 or self.step == self._steps):
            taken = time.monotonic() - self._started
            left = taken / self.step * (self._steps - self.step)
            print(
                f"step {self.step}/{self._steps}  loss {self._loss:.4f}  {left / 60:.1f} min left",
                flush=True,
            )
