"""What EmotiEffLib's own program makes of a multi-task network that is filled from a recipe.

The network is timm's, with the one layer that the authors train in the place of its head (their
notebook ``affectnet/train_emotions-pytorch.ipynb``): a logit per class, valence, arousal. Its
weights are drawn as tests/data/oracles/hse_enet_b0_8 says, those of the head by their own names.
Run once, where the authors' package is, without its dependencies:

    pip install --no-deps --target /tmp/emotiefflib emotiefflib==1.1.1
    PYTHONPATH=tests:/tmp/emotiefflib python tests/helpers/emotiefflib_goldens.py --write
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import timm
import torch
from torch import Tensor, nn

from helpers.procedural import KEPT, fill, images, manifest

GOLDEN = KEPT / "hse_va_mtl.npz"
OUTPUTS = 10
_HEAD = "classifier.0."


def multitask_fill() -> dict[str, Tensor]:
    """The state_dict that is published: the head is a layer alone, ten rows."""
    about = manifest("hse_enet_b0_8")
    tensors = []
    for entry in about["tensors"]:
        name, shape = entry["name"], list(entry["shape"])
        if name.startswith(_HEAD):
            name, shape = name.replace(_HEAD, "classifier."), [OUTPUTS, *shape[1:]]
        tensors.append({**entry, "name": name, "shape": shape})
    return fill({**about, "tensors": tensors})


def multitask_net() -> nn.Module:
    """The network as the authors build and save it."""
    net = timm.create_model("tf_efficientnet_b0", pretrained=False)
    net.classifier = nn.Linear(1280, OUTPUTS)
    net.load_state_dict(multitask_fill(), strict=True)
    return net


def scores_of(folder: Path, faces: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    """Scores of faces, RGB u8 (N, 224, 224, 3), by the authors' recognizer: (N, 10).

    Args:
        folder: for the pickled network.
        faces: the pictures.
        dtype: that network, pictures and head are brought to, before anything is computed.
    """
    from emotiefflib import facial_analysis

    path = folder / "enet_b0_8_va_mtl.pt"
    torch.save(multitask_net(), path)
    with mock.patch.object(facial_analysis, "get_model_path_torch", return_value=str(path)):
        recognizer = facial_analysis.EmotiEffLibRecognizerTorch("enet_b0_8_va_mtl")
    recognizer.model = recognizer.model.to(dtype)
    recognizer.classifier_weights = (
        torch.from_numpy(recognizer.classifier_weights).to(dtype).numpy()
    )
    recognizer.classifier_bias = torch.from_numpy(recognizer.classifier_bias).to(dtype).numpy()
    prepared = recognizer._preprocess
    recognizer._preprocess = lambda face: prepared(face).to(dtype)
    names, scores = recognizer.predict_emotions(list(faces), logits=True)
    places = {name: place for place, name in recognizer.idx_to_emotion_class.items()}
    assert [places[name] for name in names] == scores[:, :8].argmax(axis=1).tolist()
    return np.asarray(scores)


def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        numbers = {
            name: scores_of(Path(folder), images("proc", 224), dtype)
            for name, dtype in (("proc_out", torch.float32), ("proc_out_f64", torch.float64))
        }
    np.savez_compressed(GOLDEN, **numbers)


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    _write()
