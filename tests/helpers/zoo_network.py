"""A MobileFaceNet for expressions as an ONNX file, as OpenCV zoo's was made: by torch's exporter of
its time, for one face.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

from ferbench.nets.mobilefacenet import MobileFaceNet


class ZooNetwork(nn.Module):
    """64 channels, 512 features, a layer of classes."""

    def __init__(self, num_classes: int = 7) -> None:
        super().__init__()
        self.maps = MobileFaceNet()
        self.whole = nn.Conv2d(512, 512, 7, groups=512, bias=False)
        self.whole_norm = nn.BatchNorm2d(512)
        self.linear = nn.Linear(512, 512, bias=False)
        self.norm = nn.BatchNorm1d(512)
        self.fc = nn.Linear(512, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Faces (N, 3, 112, 112) to logits."""
        whole = self.whole_norm(self.whole(self.maps(image)[2]))
        return self.fc(self.norm(self.linear(whole.view(whole.size(0), -1))))


def zoo_network(num_classes: int = 7) -> ZooNetwork:
    """With numbers of all sizes, so that a lost one shows."""
    torch.manual_seed(7)
    net = ZooNetwork(num_classes)
    for name, value in net.state_dict().items():
        if value.dim() == 1:
            if name.endswith(("weight", "running_var")):
                value.uniform_(0.5, 1.5)
            else:
                value.normal_(0, 0.1)
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.normal_(module.weight, std=0.6 * module.weight[0].numel() ** -0.5)
    return net.eval().requires_grad_(False)


def write_onnx(net: nn.Module, path: Path, *, folded: bool = True) -> None:
    """Export as in 2022; ``folded`` puts normalisations into the convolutions, as is usual."""
    how = torch.onnx.TrainingMode.EVAL if folded else torch.onnx.TrainingMode.PRESERVE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (torch.zeros(1, 3, 112, 112),),
            str(path),
            input_names=["data"],
            output_names=["label"],
            opset_version=11,
            dynamo=False,
            training=how,
            do_constant_folding=folded,
        )


class ByOnnxruntime(nn.Module):
    """An ONNX file, computed as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.session = onnxruntime.InferenceSession(
            path.read_bytes(), providers=["CPUExecutionProvider"]
        )

    def forward(self, image: Tensor) -> Tensor:
        """One face."""
        return torch.from_numpy(self.session.run(["label"], {"data": image.numpy()})[0])
