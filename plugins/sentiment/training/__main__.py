"""`python -m training train`, then `export`; `evaluate` measures a folder. Run it with --help."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import click

_MODEL = Path(__file__).parents[1] / "earful_sentiment" / "model"
_CACHE = Path.home() / ".cache" / "earful-training"

_cache = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=_CACHE,
    show_default=True,
    help="Where downloads and weights lie.",
)


@click.group()
def main() -> None:
    """Make the sentiment model that Earful ships."""


@main.command()
@_cache
@click.option("--workers", default=2, show_default=True, help="Processes, one per core.")
@click.option(
    "--corrections",
    type=click.File(encoding="utf-8"),
    help="What `earful corrections export` wrote.",
)
def train(cache: Path, workers: int, corrections: TextIO | None) -> None:
    """Learn from the pinned data; the weights of every stage are kept in the cache."""
    import torch

    from training.examples import from_corrections, mood_set, training_set
    from training.network import Network, load_base
    from training.train import STAGES, fit_mood
    from training.train import train as learn

    pool = [*training_set(cache), *from_corrections(corrections or ())]
    network, tokenizer = load_base(cache, seed=1)
    start: Path | None = None
    for number, recipe in enumerate(STAGES, start=1):
        kept = cache / f"stage-{number}.pt"

        def keep(_: int, learned: Network, to: Path = kept) -> None:
            torch.save(learned.state_dict(), to)

        click.echo(f"stage {number} of {len(STAGES)}")
        learn(pool, cache, replace(recipe, workers=workers), keep, start)
        start = kept
    network.load_state_dict(torch.load(kept))
    click.echo("learning what frustration is")
    fit_mood(network.eval(), tokenizer, mood_set(pool))
    torch.save(network.state_dict(), cache / "weights.pt")


@main.command()
@_cache
@click.argument("weights", type=click.Path(path_type=Path, exists=True))
@click.option("--bias", nargs=3, type=float, default=(0.0, 0.0, 0.0), show_default=True)
@click.option("--temperature", default=1.0, show_default=True)
@click.option("--frustrated-bias", default=0.0, show_default=True)
@click.option("--version", "name", required=True, help="What labels will name the model.")
@click.option("--to", type=click.Path(path_type=Path), default=_MODEL, show_default=True)
@click.option("--full", type=click.Path(path_type=Path), help="Keep the 32-bit model there.")
def export(
    cache: Path,
    weights: Path,
    bias: tuple[float, float, float],
    temperature: float,
    frustrated_bias: float,
    name: str,
    to: Path,
    full: Path | None,
) -> None:
    """Write the folder that Earful loads, with eight-bit weights."""
    import torch

    from training.export import Calibration, write_checksums
    from training.export import export as write
    from training.network import load_base

    network, tokenizer = load_base(cache, seed=0)
    network.load_state_dict(torch.load(weights))
    write(network, tokenizer, Calibration(bias, temperature, frustrated_bias), name, to, full)
    write_checksums(to)


@main.command()
@_cache
@click.option("--folder", type=click.Path(path_type=Path), default=_MODEL, show_default=True)
@click.option("--file", type=click.Path(path_type=Path), help="Another ONNX file, as of --full.")
@click.option("--tone-set", type=click.Path(path_type=Path), help="With text.txt and labels.txt.")
def evaluate(cache: Path, folder: Path, file: Path | None, tone_set: Path | None) -> None:
    """Print the figures of the model card as JSON."""
    from training.evaluate import OnnxModel, report
    from training.examples import held_out

    click.echo(json.dumps(report(OnnxModel(folder, file), held_out(cache), tone_set), indent=1))


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), default=_MODEL, show_default=True)
def checksums(folder: Path) -> None:
    """Write the checksums again, after the model card was edited."""
    from training.export import write_checksums

    write_checksums(folder)


if __name__ == "__main__":
    main()
