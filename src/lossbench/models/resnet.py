"""`resnet20`, `resnet32`, `resnet50`: residual networks for small pictures."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from lossbench.native import AddReLU

__all__ = ["Widen", "resnet20", "resnet32", "resnet50"]


class Widen(nn.Module):
    """A shortcut without parameters: every `stride`-th pixel, and channels of zeros before and behind.

    Args:
        stride: in both directions.
        extra: how many channels of zeros.

    Attributes:
        lanes: how many models' channels lie one behind another, each to be widened by itself.
    """

    lanes = 1

    def __init__(self, stride: int, extra: int) -> None:
        super().__init__()
        self.stride, self.extra = stride, extra

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, channels + extra, height / stride, width / stride)."""
        front = self.extra // 2
        x = avg_pool2d(x, 1, self.stride)  # every second pixel; unlike slicing, it keeps gradients channels last
        if self.lanes == 1:
            return pad(x, (0, 0, 0, 0, front, self.extra - front))
        x = pad(x.view(len(x), self.lanes, -1, *x.shape[2:]), (0, 0, 0, 0, front, self.extra - front))
        return x.flatten(1, 2)


class _Block(nn.Module):
    """Two 3×3 convolutions and a shortcut without parameters (option A of the paper)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = _conv(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.join = AddReLU()
        self.shortcut = Widen(stride, width - channels) if width > channels else nn.Sequential()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        joined: Tensor = self.join(out, self.shortcut(x))
        return joined


class _Bottleneck(nn.Module):
    """Three convolutions, 1×1, 3×3 and 1×1 to four times the width; where shapes change the shortcut is one of 1×1."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1, self.relu1 = _conv(channels, width), nn.BatchNorm2d(width), nn.ReLU()
        self.conv2, self.bn2, self.relu2 = _conv(width, width, 3, stride), nn.BatchNorm2d(width), nn.ReLU()
        self.conv3, self.bn3 = _conv(width, 4 * width), nn.BatchNorm2d(4 * width)
        self.shortcut = nn.Sequential()
        if stride > 1 or channels != 4 * width:
            self.shortcut = nn.Sequential(_conv(channels, 4 * width, 1, stride), nn.BatchNorm2d(4 * width))
        self.join = AddReLU()

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.relu2(self.bn2(self.conv2(out)))
        joined: Tensor = self.join(self.bn3(self.conv3(out)), self.shortcut(x))
        return joined


def _conv(before: int, after: int, kernel: int = 1, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, bias=False)


class _Pool(nn.Module):
    """Global average pooling: (batch, channels, height, width) -> (batch, channels)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


def resnet20(num_classes: int, in_channels: int, size: tuple[int, ...]) -> nn.Module:  # noqa: ARG001 - the builders share one signature
    """ResNet-20: three stages of three blocks with 16, 32 and 64 channels.

    References:
        He, Zhang, Ren, Sun, 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385, section 4.2.
    """
    return _of_basic_blocks(num_classes, in_channels, 3)


def resnet32(num_classes: int, in_channels: int, size: tuple[int, ...]) -> nn.Module:  # noqa: ARG001 - the builders share one signature
    """ResNet-32: three stages of five blocks with 16, 32 and 64 channels.

    References:
        He, Zhang, Ren, Sun, 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385, section 4.2.
    """
    return _of_basic_blocks(num_classes, in_channels, 5)


def resnet50(num_classes: int, in_channels: int, size: tuple[int, ...]) -> nn.Module:  # noqa: ARG001 - the builders share one signature
    """ResNet-50 for small pictures: 3, 4, 6 and 3 bottleneck blocks that give 256, 512, 1024 and 2048 channels.

    As usual on CIFAR, the first convolution is of 3×3 and stride 1, and no pooling follows it; a stage halves the
    picture in the 3×3 convolution of its first block.

    References:
        He, Zhang, Ren, Sun, 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385, table 1.
        Mukhoti, Kulharia, Sanyal, Golodetz, Torr, Dokania, 2020, Calibrating Deep Neural Networks using Focal Loss,
        arXiv:2002.09437: this form of it.
    """
    layers: list[nn.Module] = [_conv(in_channels, 64, 3), nn.BatchNorm2d(64), nn.ReLU()]
    channels = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for index in range(blocks):
            layers.append(_Bottleneck(channels, width, stride=2 if index == 0 and width > 64 else 1))
            channels = 4 * width
    return _initialised(nn.Sequential(*layers, _Pool(), nn.Linear(channels, num_classes)))


def _of_basic_blocks(num_classes: int, in_channels: int, blocks: int) -> nn.Module:
    """Three stages of so many blocks, on 16, 32 and 64 channels."""
    layers: list[nn.Module] = [_conv(in_channels, 16, 3), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for width in (16, 32, 64):
        for index in range(blocks):
            layers.append(_Block(channels, width, stride=2 if index == 0 and width > 16 else 1))
            channels = width
    return _initialised(nn.Sequential(*layers, _Pool(), nn.Linear(64, num_classes)))


def _initialised(model: nn.Module) -> nn.Module:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return model
