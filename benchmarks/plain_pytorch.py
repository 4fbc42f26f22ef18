"""BEGAN the way public PyTorch code writes it, to be compared with.

`torch.nn` modules, three passes of D: reals, detached fakes, fakes again for
G. The networks are those of `tfbegan`, with their weights in their order.
"""

import numpy as np
import torch
from torch import nn


class Decoder(nn.Module):
    """Code to image, with skip connections."""

    def __init__(self, size: int, filters: int, latent_dim: int) -> None:
        super().__init__()
        self.filters = filters
        self.to_map = nn.Linear(latent_dim, 8 * 8 * filters)
        blocks = [_two_convolutions(filters, filters)]
        while 8 * 2 ** (len(blocks) - 1) < size:
            blocks.append(_two_convolutions(2 * filters, filters))
        self.blocks = nn.ModuleList(blocks)
        self.upsample = nn.Upsample(scale_factor=2)
        self.to_rgb = nn.Conv2d(filters, 3, 3, padding=1)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        first_map = self.to_map(code).view(-1, self.filters, 8, 8)
        x = self.blocks[0](first_map)
        for block in self.blocks[1:]:
            first_map = self.upsample(first_map)
            x = block(torch.cat([self.upsample(x), first_map], dim=1))
        return self.to_rgb(x)


class Discriminator(nn.Module):
    """Image to image."""

    def __init__(self, size: int, filters: int, latent_dim: int) -> None:
        super().__init__()
        width = filters
        layers = [nn.Conv2d(3, width, 3, padding=1), nn.ELU()]
        layers += _two_convolutions(width, width)
        while size > 8:
            size //= 2
            # TensorFlow pads "same" with stride 2 below and to the right.
            layers += [
                nn.ZeroPad2d((0, 1, 0, 1)),
                nn.Conv2d(width, width + filters, 3, stride=2),
                nn.ELU(),
            ]
            width += filters
            layers += _two_convolutions(width, width)
        self.encoder = nn.Sequential(*layers)
        self.to_code = nn.Linear(8 * 8 * width, latent_dim)
        image_size = 8 * 2 ** (width // filters - 1)
        self.decoder = Decoder(image_size, filters, latent_dim)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.to_code(self.encoder(images).flatten(1)))


class PlainPyTorch:
    """The plain loop.

    Args:
        size: Of the images, in pixels.
        filters: The paper's n.
        latent_dim: Length of z and of D's code.
        gamma: Diversity ratio.
        lambda_k: Gain of k.

    Attributes:
        device: A GPU where there is one.
    """

    def __init__(
        self,
        size: int,
        filters: int,
        latent_dim: int,
        gamma: float = 0.5,
        lambda_k: float = 0.001,
    ) -> None:
        self.latent_dim = latent_dim
        self.gamma = gamma
        self.lambda_k = lambda_k
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.generator = Decoder(size, filters, latent_dim).to(self.device)
        self.discriminator = Discriminator(size, filters, latent_dim).to(
            self.device
        )
        self.g_adam = _adam(self.generator)
        self.d_adam = _adam(self.discriminator)
        self.k = 0.0

    def load(
        self, generator: list[np.ndarray], discriminator: list[np.ndarray]
    ) -> None:
        """Takes the weights of `tfbegan`'s networks, in their order."""
        _load(self.generator, generator)
        _load(self.discriminator, discriminator)

    def errors(
        self, images: np.ndarray, noise: np.ndarray
    ) -> tuple[float, float]:
        """L(x) and L(G(z))."""
        with torch.no_grad():
            fakes = self.generator(torch.from_numpy(noise).to(self.device))
            return (
                self._error(_channels_first(images).to(self.device)).item(),
                self._error(fakes).item(),
            )

    def step(self, images: torch.Tensor) -> float:
        """Trains D, then G, on a batch [B, 3, S, S]; returns L(x)."""
        shape = (len(images), self.latent_dim)
        noise = torch.rand(shape, device=self.device) * 2 - 1
        fakes = self.generator(noise)
        real_error = self._error(images)
        d_loss = real_error - self.k * self._error(fakes.detach())
        self.d_adam.zero_grad()
        d_loss.backward()
        self.d_adam.step()
        g_loss = self._error(fakes)
        self.g_adam.zero_grad()
        g_loss.backward()
        self.g_adam.step()
        balance = self.gamma * real_error.item() - g_loss.item()
        self.k = min(max(self.k + self.lambda_k * balance, 0.0), 1.0)
        return real_error.item()

    def _error(self, images: torch.Tensor) -> torch.Tensor:
        return (images - self.discriminator(images)).abs().mean()


def _channels_first(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def _two_convolutions(before: int, filters: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, filters, 3, padding=1),
        nn.ELU(),
        nn.Conv2d(filters, filters, 3, padding=1),
        nn.ELU(),
    )


def _adam(network: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.5, 0.999))


def _load(network: nn.Module, weights: list[np.ndarray]) -> None:
    """Keras has kernels [H, W, C, F] and [C, F], and maps flattened HWC."""
    modules = [
        m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    for module, kernel, bias in zip(
        modules, weights[0::2], weights[1::2], strict=True
    ):
        if kernel.ndim == 4:
            kernel = kernel.transpose(3, 2, 0, 1)
        elif module.in_features > module.out_features:  # from a map
            kernel = _reorder_map(kernel, axis=0).T
        else:  # to a map
            kernel = _reorder_map(kernel, axis=1).T
            bias = _reorder_map(bias, axis=0)
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(kernel.copy()))
            module.bias.copy_(torch.from_numpy(bias.copy()))


def _reorder_map(weights: np.ndarray, axis: int) -> np.ndarray:
    """The axis of a flattened map from height, width, channel to CHW."""
    length = weights.shape[axis]
    order = np.arange(length).reshape(8, 8, length // 64)
    return weights.take(order.transpose(2, 0, 1).ravel(), axis)
