"""Models other than the shipped one: folders, repositories of a hub, and troubles with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from earful import ClassifiedMessage, PluginError
from earful_sentiment import folders, register_classifiers
from earful_sentiment.classifier import SentimentClassifier, SentimentSettings
from earful_sentiment.outputs import Outputs

from plugins.sentiment.tests.hub import COMMIT, Hub

(SENTIMENT,) = register_classifiers()
NewModel = Callable[..., Path]


@pytest.mark.parametrize(
    ("names", "tones"),
    [
        (["negative", "neutral", "positive"], [0, 1, 2]),
        (["POSITIVE", "NEGATIVE"], [2, 0]),
        (["LABEL_0", "LABEL_1", "LABEL_2"], [0, 1, 2]),
        (["LABEL_0", "LABEL_1"], [0, 2]),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very_Positive"], [0, 0, 1, 2, 2]),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], [0, 0, 1, 2, 2]),
        (["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4"], [0, 0, 1, 2, 2]),
        (["NEU", "POS", "NEG"], [1, 2, 0]),
    ],
)
def test_the_names_of_outputs_tell_their_tone(names: list[str], tones: list[int]) -> None:
    found = Outputs.named(dict(enumerate(names)))
    assert [found.tones[at] for at in range(len(names))] == tones
    assert found.frustrated is None


def test_frustration_is_an_output_of_its_own() -> None:
    found = Outputs.named({0: "frustrated", 1: "negative", 2: "positive"})
    assert (found.frustrated, found.tones) == (0, {1: 0, 2: 2})


@pytest.mark.parametrize(
    "names", [["joy", "anger"], ["positive"], ["LABEL_0"], ["negative", "neutral"], []]
)
def test_names_that_tell_no_tone_are_refused_by_name(names: list[str]) -> None:
    with pytest.raises(PluginError, match=rf"\({', '.join(names)}\) are not negative"):
        Outputs.named(dict(enumerate(names)))


@pytest.fixture
def classified(message: Callable[..., ClassifiedMessage]) -> Callable[..., dict[str, float]]:
    """The probabilities of a text's tones, with a model."""

    def found(folder: Path, text: str) -> dict[str, float]:
        classifier = SentimentClassifier(SentimentSettings(model=str(folder)))
        ((label, *_),) = classifier.classify([message(text)])
        return dict(label.probabilities)

    return found


def test_a_folder_of_another_model_is_read(
    new_model: NewModel, tmp_path: Path, classified: Callable[..., dict[str, float]]
) -> None:
    folder = new_model(
        tmp_path / "theirs",
        names=["NEG", "NEU", "POS"],
        own=None,
        token_types=True,
        onnx_name="onnx/model_quantized.onnx",
    )
    tones = classified(folder, "good")
    assert max(tones, key=tones.__getitem__) == "positive"


def test_a_model_of_two_tones_never_says_neutral(
    new_model: NewModel, tmp_path: Path, classified: Callable[..., dict[str, float]]
) -> None:
    folder = new_model(tmp_path / "two", names=["NEGATIVE", "POSITIVE"], own=None)
    assert classified(folder, "bad")["neutral"] == 0


def test_the_version_tells_models_apart(tiny: Path, new_model: NewModel, tmp_path: Path) -> None:
    settings = SENTIMENT.settings
    assert SENTIMENT.version_with(settings(model=str(tiny))) == "tiny 1"
    unnamed = new_model(tmp_path / "unnamed", own=None)
    before = SENTIMENT.version_with(settings(model=str(unnamed)))
    assert before.startswith("unnamed ")
    file = unnamed / "model.onnx"
    file.write_bytes(file.read_bytes() + b"\x00")
    assert SENTIMENT.version_with(settings(model=str(unnamed))) != before


def test_the_card_of_the_model_is_given(tiny: Path) -> None:
    assert SENTIMENT.card is not None
    assert SENTIMENT.card(SENTIMENT.settings(model=str(tiny))).startswith("# A tiny model")


def checked(**settings: str) -> str:
    assert SENTIMENT.check is not None
    return SENTIMENT.check(SENTIMENT.settings(**settings))


def test_the_check_tells_what_is_there(tiny: Path) -> None:
    assert checked(model=str(tiny)) == "tiny 1, 0 MB, ONNX Runtime; languages: en"


def test_a_damaged_file_is_found(new_model: NewModel, tmp_path: Path) -> None:
    folder = new_model(tmp_path / "damaged")
    checked(model=str(folder))
    config = folder / "config.json"
    config.write_text(config.read_text() + " ")
    with pytest.raises(PluginError, match=r"config\.json is damaged"):
        checked(model=str(folder))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("/nowhere/model", "There is no model folder"),
        ("../model", "There is no model folder"),
        ("house/model", "not on this machine yet: `earful check` downloads it"),
    ],
)
def test_a_model_that_is_not_here_is_told(
    model: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginError, match=reason):
        checked(model=model)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no readable config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "no readable config.json"),
        (lambda folder: (folder / "config.json").write_text("{}") and None, None),
    ],
)
def test_a_broken_folder_is_told(
    spoil: Callable[[Path], object], reason: str | None, new_model: NewModel, tmp_path: Path
) -> None:
    folder = new_model(tmp_path / "broken")
    (folder / "checksums.txt").unlink()
    spoil(folder)
    if reason is None:
        assert checked(model=str(folder)).endswith("not said by the model")
    else:
        with pytest.raises(PluginError, match=reason):
            checked(model=str(folder))


def test_a_folder_without_weights_is_told(new_model: NewModel, tmp_path: Path) -> None:
    folder = new_model(tmp_path / "empty", own=None)
    (folder / "model.onnx").unlink()
    with pytest.raises(PluginError, match="no weights"):
        checked(model=str(folder))


def test_a_model_without_onnx_needs_torch(
    new_model: NewModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_model(tmp_path / "torch", own=None)
    (folder / "model.onnx").rename(folder / "model.safetensors")
    monkeypatch.setattr(folders, "find_spec", lambda _name: None)
    with pytest.raises(PluginError, match=r"install Earful with the extra \[torch\]"):
        checked(model=str(folder))


def test_a_model_without_onnx_runs_on_torch(
    new_model: NewModel, classified: Callable[..., dict[str, float]], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch", reason="torch is an extra")
    from transformers import AutoConfig, AutoModelForSequenceClassification

    folder = new_model(tmp_path / "torch", own=None, names=("negative", "neutral", "positive"))
    (folder / "model.onnx").unlink()
    config = AutoConfig.from_pretrained(folder)
    config.update({"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2})
    torch.manual_seed(1)
    model = AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        # Whatever it reads, it says the same: what counts is that its weights are what answers.
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0, 0.0, 2.0]))
    model.save_pretrained(folder)
    (folder / "checksums.txt").unlink()
    said = classified(folder, "the box")
    assert said["positive"] == pytest.approx(0.787, abs=0.001)
    assert said["negative"] == pytest.approx(said["neutral"])


@pytest.fixture
def hub(tiny: Path, new_model: NewModel, tmp_path: Path) -> Iterator[Hub]:
    weights = new_model(tmp_path / "weights", own=None)
    (weights / "model.onnx").rename(weights / "model.safetensors")
    found = Hub(house__tiny=tiny, house__weights=weights)
    yield found
    found.close()


class Installed:
    """Commands of an installation whose classifier uses a model of the hub."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        self.folder = folder
        self.hub = hub

    def __call__(
        self, model: str, *command: str, stdin: str = "", online: bool = True
    ) -> subprocess.CompletedProcess[str]:
        config = self.folder / "config.toml"
        config.write_text(f'[classifiers.tone]\ntype = "sentiment"\n{model}\n')
        endpoint = self.hub.url if online else "http://127.0.0.1:9"
        return subprocess.run(
            [sys.executable, "-m", "earful", *command, "--config", str(config)],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1"},
        )


@pytest.fixture
def earful(hub: Hub, tmp_path: Path) -> Installed:
    return Installed(tmp_path, hub)


def test_a_hubs_model_is_downloaded_once_and_kept_at_its_commit(
    earful: Installed, hub: Hub
) -> None:
    first = earful('model = "house/tiny"', "classify", stdin="good\n")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)[0]["name"] == "sentiment:positive"
    assert "model.onnx" in hub.taken
    hub.taken.clear()

    again = earful('model = "house/tiny"', "classify", stdin="bad\n", online=False)
    assert json.loads(again.stdout)[0]["name"] == "sentiment:negative"
    assert hub.taken == []
    told = earful('model = "house/tiny"', "check", "--offline", online=False)
    assert f"classifier tone: house/tiny {COMMIT[:12]}" in told.stdout


@pytest.mark.parametrize(
    ("model", "online", "reason"),
    [
        ('model = "house/none"', True, "the hub knows no such model"),
        ('model = "house/tiny"\nrevision = "v9"', True, "it has no revision 'v9'"),
        ('model = "house/tiny"', False, "could not be downloaded"),
        ('model = "house/weights"', True, "install Earful with the extra [torch]"),
    ],
)
def test_what_cannot_be_downloaded_is_told_by_check(
    earful: Installed,
    hub: Hub,
    model: str,
    online: bool,  # noqa: FBT001
    reason: str,
) -> None:
    earful(model, "migrate")
    told = earful(model, "check", online=online)
    assert told.returncode == 1
    (wrong,) = (line for line in told.stderr.splitlines() if line.startswith("WRONG"))
    assert wrong.startswith("WRONG  classifiers.tone: The model house/")
    assert reason in wrong
    assert hub.taken == []
