"""Weights in the safetensors format: a table of contents in JSON and bare values, no program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from safetensors import SafetensorError, safe_open

from ferbench.errors import WeightsError
from ferbench.json_texts import json_of
from ferbench.weights.checkpoints import StateDict

_PYFEAT: Final[Mapping[str, tuple[Any, Any]]] = MappingProxyType(
    {
        "backbone": ("convnextv2_tiny.fcmae_ft_in22k_in1k",) * 2,
        "image_size": (224, 224),
        "n_au": (24, 20),
        "n_emotion": (8, 7),
        "knn_k": (4, 4),
        "use_head_v3": (False, True),
        "drop_mefl": (False, True),
        "mesh_normalized": (False, True),
        "emotion_use_au_prob": (False, False),
    }
)
"""What py-feat's configuration says of the network: a key's default there, and what is built here.

Some of it shows in no tensor's name or shape.
"""


def tensors_and_metadata(path: Path) -> tuple[StateDict, dict[str, str]]:
    """Read a safetensors file: its tensors, on the CPU, and the texts that it tells of itself.

    Raises:
        WeightsError: it cannot be read, or is of another kind.
    """
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            metadata = dict(file.metadata() or {})
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is no whole safetensors file: {error}") from error


def pyfeat_multitask(path: Path) -> StateDict:
    """Read py-feat's multitask network, for ``ferbench.nets.pyfeat_multitask.PyFeatMultitask``.

    Raises:
        WeightsError: as ``tensors_and_metadata``, or the file tells of another network than the
            one of py-feat 2.1 (weights before v2.5, or later than v2.8).
    """
    state, metadata = tensors_and_metadata(path)
    config = _config(metadata, path)
    for key, (default, built) in _PYFEAT.items():
        told = config.get(key, default)
        if told != built:
            raise WeightsError(
                f"{path}: expected a network with {key} {built!r}, as py-feat 2.1 has it, "
                f"its configuration says {told!r}"
            )
    return state


def _config(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    try:
        config = json_of(metadata["config"])
    except (KeyError, ValueError) as error:
        raise WeightsError(
            f"{path}: expected py-feat's configuration in its metadata ('config', JSON), got "
            f"{', '.join(metadata) or 'none'}"
        ) from error
    if not isinstance(config, dict):
        raise WeightsError(
            f"{path}: expected py-feat's configuration, names with values, got "
            f"a {type(config).__name__}"
        )
    return config
