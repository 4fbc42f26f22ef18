"""Prints how still the crops of a data set are, by MTCNN on every frame.

    python benchmarks/crops.py DATASET [--clips 12] [--side 160]

The distance of the eyes within a crop should not change from frame to frame;
what remains is the crop's jitter and MTCNN's own, whose landmarks are whole
pixels: enlarge the crops with --side to see past them.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from tfbegan.data.dataset import open_dataset
from tfrecords_builder.faces import FaceFinder
from tfrecords_builder.plan import TrackingConfig


def eye_positions(
    frames: list[bytes], finder: FaceFinder, side: int
) -> np.ndarray:
    """Eyes found in the frames of a clip: [found, 2, 2], over the side."""
    found = []
    for frame in frames:
        pixels = tf.io.decode_image(frame, channels=3).numpy()
        enlarged = cv2.resize(
            pixels, (side, side), interpolation=cv2.INTER_CUBIC
        )
        faces = finder.find(enlarged)
        if faces:
            found.append(faces[0].landmarks[:2] / side)
    return np.array(found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--side", type=int, default=160, help="pixels")
    parsed = parser.parse_args()
    dataset = open_dataset(parsed.dataset)
    finder = FaceFinder(TrackingConfig(detection_height=max(48, parsed.side)))
    table = Table(
        "clip", "found", "eye distance", "frame to frame", "eyes' place, std"
    )
    changes = []
    for clip, _ in zip(
        dataset.clips("train"), range(parsed.clips), strict=False
    ):
        eyes = eye_positions(list(clip["frames"]), finder, parsed.side)
        distance = np.hypot(*(eyes[:, 1] - eyes[:, 0]).T)
        change = np.abs(np.diff(distance)) / distance.mean()
        changes.append(change)
        table.add_row(
            clip["clip_id"].decode(),
            f"{len(eyes)}/{len(clip['frames'])}",
            f"{distance.mean():.3f}",
            f"{100 * change.mean():.2f} %",
            f"{100 * eyes.mean(axis=1).std(axis=0).mean():.2f} %",
        )
    whole = np.concatenate(changes)
    table.add_row(
        "all",
        "",
        "",
        f"{100 * whole.mean():.2f} %, 95 % below"
        f" {100 * np.percentile(whole, 95):.2f} %, largest"
        f" {100 * whole.max():.2f} %",
        "",
    )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
