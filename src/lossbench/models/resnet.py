"""`resnet20`: the residual network for small pictures."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from lossbench.native import AddReLU

__all__ = ["resnet20"]


class _Block(nn.Module):
    """Two 3×3 convolutions and a shortcut without parameters (option A of the paper)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.join = AddReLU()
        self.stride, self.extra = stride, width - channels

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        if self.extra:  # (batch, channels, height, width) -> twice the channels at half the size
            front = self.extra // 2
            x = avg_pool2d(x, 1, self.stride)  # every second pixel; unlike slicing, it keeps gradients channels last
            x = pad(x, (0, 0, 0, 0, front, self.extra - front))
        joined: Tensor = self.join(out, x)
        return joined


class _Pool(nn.Module):
    """Global average pooling: (batch, channels, height, width) -> (batch, channels)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


def resnet20(num_classes: int, in_channels: int, size: tuple[int, int]) -> nn.Module:  # noqa: ARG001 - the builders share one signature
    """ResNet-20: three stages of three blocks with 16, 32 and 64 channels.

    References:
        He, Zhang, Ren, Sun, 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385, section 4.2.
    """
    layers: list[nn.Module] = [nn.Conv2d(in_channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for width in (16, 32, 64):
        for index in range(3):
            layers.append(_Block(channels, width, stride=2 if index == 0 and width > 16 else 1))
            channels = width
    model = nn.Sequential(*layers, _Pool(), nn.Linear(64, num_classes))
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return model
