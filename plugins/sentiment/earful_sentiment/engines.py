"""What computes a model's outputs: ONNX Runtime, or torch for models without ONNX files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from earful import PluginError
from numpy.typing import NDArray

from earful_sentiment.folders import ModelFolder, missing_torch

__all__ = ["Engine", "open_engine"]

Tokens = NDArray[np.int64]
Logits = NDArray[np.float32]


class Engine(Protocol):
    """Computes batches; both arguments are [rows, tokens], the answer is [rows, outputs]."""

    def run(self, ids: Tokens, mask: Tokens) -> Logits:
        """The outputs for each row of token ids; `mask` is 1 for tokens and 0 for padding."""


def open_engine(folder: ModelFolder, threads: int) -> Engine:
    """The engine that can read this model; `PluginError` if none here can."""
    if folder.onnx is not None:
        return _Onnx(folder.onnx, threads)
    if why := missing_torch(folder.name):
        raise PluginError(why)
    return _Torch(folder.path, threads)


class _Onnx:
    """ONNX Runtime on the CPU, set up for little memory and for cores that others use, too."""

    def __init__(self, file: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Batches of equal size make the arena small; without it the system's allocator keeps more.
        # Every batch has another shape, so that a plan for each would only take memory.
        options.enable_mem_pattern = False
        # Threads that wait must not burn the cores of the other processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            file, options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {each.name for each in self._session.get_inputs()}
        self._output = self._session.get_outputs()[0].name

    def run(self, ids: Tokens, mask: Tokens) -> Logits:
        given = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in self._inputs:
            given["token_type_ids"] = np.zeros_like(ids)
        feed = {name: given[name] for name in given.keys() & self._inputs}
        (logits,) = self._session.run([self._output], feed)
        return np.asarray(logits, dtype=np.float32)


class _Torch:
    """torch through transformers. Weights come as safetensors only: others may hold code."""

    def __init__(self, folder: Path, threads: int) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification
        from transformers.utils.logging import disable_progress_bar

        if not sys.stderr.isatty():
            disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(threads)
        self._torch = torch
        self._model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        ).eval()

    def run(self, ids: Tokens, mask: Tokens) -> Logits:
        with self._torch.inference_mode():
            answer = self._model(
                input_ids=self._torch.from_numpy(ids), attention_mask=self._torch.from_numpy(mask)
            )
        return np.asarray(answer.logits.numpy(), dtype=np.float32)
