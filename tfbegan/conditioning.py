"""What makes a sound matter, as pure functions of tensors.

BEGAN alone never looks at the pair (face, sound), so its best answer is one
face for every sound. Each function here is one named addition to the loss of G
or of the sync critic, on frames paired with their sound; none enters k or M.
Images are float32 [B, S, S, 3] in [-1, 1]. No state, no networks: `keras.ops`
alone.
"""

from typing import Any

import numpy as np
from keras import ops

Tensor = Any

_DETAIL_WINDOW = 4
_FAINTEST_DETAIL = 0.01
"""Of the Laplacian: a chequered pattern of a sixth of a grey level."""

_LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)


def box_mask(image_size: int, *boxes: tuple[slice, slice]) -> np.ndarray:
    """1 inside of the boxes, 0 outside: float32 [1, S, S, 1].

    Args:
        image_size: S, in pixels.
        *boxes: Rows and columns of each, such as `FaceConfig.mouth_slices`.
    """
    mask = np.zeros((1, image_size, image_size, 1), np.float32)
    for rows, columns in boxes:
        mask[:, rows, columns] = 1.0
    return mask


def blank_mouth(images: Tensor, mask: Tensor) -> Tensor:
    """The images with the mouth box in mid grey.

    What is left tells who it is, the pose and the light, and not the mouth:
    the code of such an image can't do the sound's work.
    """
    return images * (1.0 - mask)


def paired_error(images: Tensor, fakes: Tensor, weights: Tensor) -> Tensor:
    """mean w |x - G(z, a)| on true pairs, weighted per pixel.

    Wav2Pix (Duarte et al. 2019), Wav2Lip (Prajwal et al. 2020) and every
    other system known to us in which the sound works has such a term.

    Args:
        images: float32 [B, S, S, 3].
        fakes: float32 [B, S, S, 3], made from the sound of `images`.
        weights: float32, broadcast to [B, S, S, 1].
    """
    return ops.mean(weights * ops.abs(images - fakes))


def contrastive_loss(
    mouths: Tensor, sounds: Tensor, temperature: Any
) -> Tensor:
    """InfoNCE over a batch: each mouth must find its own sound, and back.

    Van den Oord et al., arXiv 1807.03748; with frames of the same clip in the
    batch, as in SyncNet (Chung, Zisserman 2016), it is the moment and not the
    speaker or the take that tells a pair.

    Args:
        mouths: float32 [B, E], of length 1.
        sounds: float32 [B, E], of length 1; row i belongs to mouth i.
        temperature: Of the softmax, above 0.

    Returns:
        float32 [], log(B) where nothing is told apart.
    """
    similarities = ops.matmul(mouths, ops.transpose(sounds)) / temperature
    by_mouth = ops.log_softmax(similarities, axis=1)
    by_sound = ops.log_softmax(similarities, axis=0)
    return -0.5 * ops.mean(ops.diagonal(by_mouth) + ops.diagonal(by_sound))


def motion_distance(images: Tensor, fakes: Tensor, same_clip: Tensor) -> Tensor:
    """How far the mouths of G move within a clip, against the real ones.

    For every two frames of one clip: | |G_i - G_j| - |x_i - x_j| |, each
    distance averaged over the pixels. A paired error alone shrinks movements
    towards their mean; here their size is what is asked for.

    Args:
        images: float32 [B, H, W, 3], mouths.
        fakes: float32 [B, H, W, 3], of the same sounds.
        same_clip: float32 [B, B], 1 for two different frames of one clip.
    """
    moved = ops.abs(_pairwise_distance(fakes) - _pairwise_distance(images))
    return ops.sum(moved * same_clip) / ops.maximum(ops.sum(same_clip), 1.0)


def detail_distance(images: Tensor, fakes: Tensor, norm: int = 1) -> Tensor:
    """How much fine structure there is, place by place, against real.

    The size of the Laplacian in windows of 4x4 pixels is compared, at full and
    at half size. It does not say where in a window an edge lies, so, unlike
    with pixels, a blurred answer is no good compromise; at full size alone a
    chequered pattern would be one.

    The mean magnitude is raised as much by a faint lattice beside an edge as
    by a sharper edge, and the lattice comes easier to G. The root mean square
    is raised by the edge.

    Args:
        images: float32 [B, S, S, 3].
        fakes: float32 [B, S, S, 3].
        norm: What the size is: 1, the mean magnitude, or 2, the root mean
            square.
    """
    return _mean_distance(_details(images, norm), _details(fakes, norm))


def mean_detail_distance(
    images: Tensor, fakes: Tensor, norm: int = 1
) -> Tensor:
    """The same on the averages of two batches that are no pairs.

    Args:
        images: float32 [B, S, S, 3].
        fakes: float32 [N, S, S, 3].
        norm: As `detail_distance`.
    """
    return _mean_distance(
        [ops.mean(detail, axis=0) for detail in _details(images, norm)],
        [ops.mean(detail, axis=0) for detail in _details(fakes, norm)],
    )


def fixed_pattern(images: Tensor, fakes: Tensor, is_pair: Tensor) -> Tensor:
    """What G gets wrong in the same place on every face: mean |mean_B (G - x)|.

    D grants G a pattern that it rebuilds well, and a paired L1, a median, gives
    way by a fraction of its spread. In the mean over a batch the spread is
    gone, as in the calibration of a camera's fixed-pattern noise, and what is
    left of the pattern is asked to be 0. Our own term; docs/results/audio.md
    has what it brings.

    Args:
        images: float32 [B, S, S, 3].
        fakes: float32 [B, S, S, 3], made from the sound of `images`.
        is_pair: float32 [B, S, S, 1], 1 where a pixel has its true pair and 0
            where not; a place where none has counts as right.
    """
    errors = ops.sum(is_pair * (fakes - images), axis=0)  # [S, S, 3]
    return ops.mean(
        ops.abs(errors) / ops.maximum(ops.sum(is_pair, axis=0), 1.0)
    )


def ramp(step: Tensor, steps: int) -> Tensor:
    """From 0 to 1 in the first `steps` steps: float32 []; 1 if steps is 0.

    On small data a condition that is there at once can itself cause a
    collapse (Shahbazi et al., ICLR 2022, arXiv 2201.06578).
    """
    if not steps:
        return ops.ones(())
    return ops.clip(ops.cast(step, "float32") / float(steps), 0.0, 1.0)


def _pairwise_distance(images: Tensor) -> Tensor:
    flat = ops.reshape(images, (ops.shape(images)[0], -1))  # [B, H*W*3]
    return ops.mean(ops.abs(flat[:, None] - flat[None]), axis=-1)  # [B, B]


def _details(images: Tensor, norm: int) -> list[Tensor]:
    """The size of the Laplacian in windows, in images of two sizes."""
    grey = ops.mean(images, axis=-1, keepdims=True)  # [B, S, S, 1]
    halved = ops.average_pool(grey, 2, 2, padding="valid")
    return [_local_detail(grey, norm), _local_detail(halved, norm)]


def _local_detail(grey: Tensor, norm: int) -> Tensor:
    edges = ops.conv(grey, _LAPLACIAN[..., None, None], padding="valid")
    powers = ops.abs(edges) if norm == 1 else ops.square(edges)
    means = ops.average_pool(
        powers, _DETAIL_WINDOW, _DETAIL_WINDOW, padding="valid"
    )
    # A root has no gradient where nothing is to be seen.
    return means if norm == 1 else ops.sqrt(means + _FAINTEST_DETAIL**2)


def _mean_distance(first: list[Tensor], second: list[Tensor]) -> Tensor:
    distances = [
        ops.mean(ops.abs(a - b)) for a, b in zip(first, second, strict=True)
    ]
    return sum(distances) / len(distances)
