"""How different the faces of a batch are: the measures of mode collapse."""

import itertools

import numpy as np

_SSIM_FILTER_SIZE = 11
# Wang, Simoncelli, Bovik, "Multi-scale structural similarity for image quality
# assessment", 2003: the weights of up to five scales.
_SSIM_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_PAIRS_AT_ONCE = 256


def spread(images: np.ndarray) -> float:
    """Mean over pixels of the standard deviation across images.

    0 if every image is the same; about 0.12 for frames of one speaker, 0.3
    for portraits of many people.

    Args:
        images: float [N, H, W, C], in [-1, 1]; 64 images by convention.

    Returns:
        In the unit of the pixels, whose range is 2.
    """
    return float(np.std(np.asarray(images, np.float64), axis=0).mean())


def mean_ms_ssim(images: np.ndarray) -> float:
    """Mean multi-scale structural similarity of all pairs of images.

    Args:
        images: float [N, H, W, C], in [-1, 1], N at least 2.

    Returns:
        1 if every image is the same.
    """
    count = len(images)
    pairs = count * (count - 1)
    return float((pairwise_ms_ssim(images).sum() - count) / pairs)


def pairwise_ms_ssim(images: np.ndarray) -> np.ndarray:
    """Multi-scale structural similarity of all pairs of images.

    As many scales are used as leave maps no smaller than the filter: two at
    32 px, three at 64, four at 128, five from 176.

    Args:
        images: float [N, H, W, C], in [-1, 1], N at least 2.

    Returns:
        float [N, N], symmetric, 1 on the diagonal.
    """
    import tensorflow as tf

    side = min(images.shape[1:3])
    scales = 1 + int(np.log2(side / _SSIM_FILTER_SIZE))
    weights = np.array(_SSIM_SCALE_WEIGHTS[:scales])
    pairs = np.array(list(itertools.combinations(range(len(images)), 2)))
    tensor = tf.constant((images + 1) / 2, tf.float32)
    similarities = np.eye(len(images))
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        first, second = pairs[start : start + _PAIRS_AT_ONCE].T
        similarity = tf.image.ssim_multiscale(
            tf.gather(tensor, first),
            tf.gather(tensor, second),
            max_val=1.0,
            power_factors=weights / weights.sum(),
            filter_size=_SSIM_FILTER_SIZE,
        ).numpy()
        similarities[first, second] = similarities[second, first] = similarity
    return similarities
