"""HSEmotion's EfficientNets for facial expressions (EmotiEffNet).

Papers: Savchenko 2021, "Facial Expression and Attributes Recognition Based on Multi-task Learning
of Lightweight Neural Networks" (B0); Savchenko, Savchenko, Makarov 2022, "Classifying Emotions and
Engagement in Online Learning Based on a Single Facial Expression Recognition Neural Network" (B2);
Tan and Le 2019, "EfficientNet". Original code: https://github.com/sb-ai-lab/EmotiEffLib and
https://github.com/av-savchenko/hsemotion (Apache-2.0), on timm's ``tf_efficientnet_b0_ns`` and
``tf_efficientnet_b2_ns``.

As in the original, the layers are timm's (Wightman, Apache-2.0): padding as in TensorFlow,
normalisation with epsilon 1e-3. The published files are whole pickled models;
``ferbench.weights.pickled_model`` reads them.

Differs from the original: nothing in the arithmetic; nothing is downloaded. The head is always a
list of one layer (``classifier.0``), as in the original's training of B0 on eight classes; its
multi-task models have the layer alone.
"""

from __future__ import annotations

from typing import ClassVar

import timm
from timm.models.efficientnet import EfficientNet
from torch import Tensor, nn


class _EmotiEffNet(nn.Module):
    """Stem, seven stages of blocks, a last convolution, mean over the map, and a linear head.

    Args:
        num_classes: logits of the output, which come first.
        num_regressions: columns of the output after them (multi-task models: valence, arousal).
    """

    BACKBONE: ClassVar[str]

    def __init__(self, num_classes: int = 8, num_regressions: int = 0) -> None:
        super().__init__()
        backbone = timm.create_model(self.BACKBONE, pretrained=False)
        if not isinstance(backbone, EfficientNet):
            raise TypeError(
                f"timm's {self.BACKBONE}: expected an EfficientNet, got a {type(backbone).__name__}"
            )
        self.conv_stem, self.bn1, self.blocks = backbone.conv_stem, backbone.bn1, backbone.blocks
        self.conv_head, self.bn2 = backbone.conv_head, backbone.bn2
        self.global_pool = backbone.global_pool
        num_outputs = num_classes + num_regressions
        self.classifier = nn.Sequential(nn.Linear(backbone.num_features, num_outputs))

    def forward(self, image: Tensor) -> Tensor:
        """Classify faces, RGB f32 (N, 3, H, W), normalised as for ImageNet.

        Returns f32 (N, num_classes + num_regressions): logits, then values as the layer gives them.
        """
        maps = self.blocks(self.bn1(self.conv_stem(image)))
        features = self.global_pool(self.bn2(self.conv_head(maps)))
        outputs: Tensor = self.classifier(features)
        return outputs


class HseB0(_EmotiEffNet):
    """EfficientNet-B0, for 224 x 224 pixels: 4,017,796 values for eight classes."""

    BACKBONE: ClassVar[str] = "tf_efficientnet_b0"


class HseB2(_EmotiEffNet):
    """EfficientNet-B2, for 260 x 260 pixels: 7,712,266 values for eight classes."""

    BACKBONE: ClassVar[str] = "tf_efficientnet_b2"
