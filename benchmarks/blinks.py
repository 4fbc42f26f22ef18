"""Prints how a generator's faces blink, beside those of held-out footage.

    python benchmarks/blinks.py RUN --data DIR [--held-out DIR] [--seeds 4]

The meter learns from the training split what eyes do when they shut
(`BlinkMeter`). Who is generated speaks every held-out clip, one after another,
in a natural pose, and in a still one as a control. A blink is counted where
eyes shut by more than half of a training blink; how far (the 90th percentile
of shut frames) is in the same unit.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tfbegan.data.dataset import open_dataset
from tfbegan.errors import TFBeganError
from tfbegan.evaluation.blink_meter import (
    APART_S,
    BlinkMeter,
    count_blinks,
    eye_pixels,
    transients,
)
from tfbegan.evaluation.speech_clips import (
    SpeechClip,
    as_float,
    check_speaks,
    load_clips,
)
from tfbegan.generation.animation import AnimationSettings, animate_windows
from tfbegan.generation.loading import LoadedGenerator, load_speaker
from tfbegan.quiet import import_tensorflow

_TRAINING_CLIPS = 64


def spoken(
    generator: LoadedGenerator,
    clips: Sequence[SpeechClip],
    settings: AnimationSettings,
) -> np.ndarray:
    """All clips said by one face, float32 [T, S, S, 3]."""
    windows = (clip.windows() for clip in clips)
    frames = list(animate_windows(generator, windows, settings))
    return as_float(np.stack(frames))


def poses(
    fps: float, seeds: int
) -> Iterator[tuple[str, list[AnimationSettings]]]:
    """The rows of what is generated: a name, and settings for every seed."""
    for natural in (True, False):
        name = "natural pose" if natural else "still pose"
        yield (
            name,
            [
                AnimationSettings(fps, seed, natural_pose=natural)
                for seed in range(seeds)
            ],
        )


def row(name: str, closing: Sequence[np.ndarray], fps: float) -> list[str]:
    """Of a table: blinks a minute, how far eyes shut in them, and how often
    they are shut.

    Args:
        name: Whose.
        closing: float [T] each, `transients` of a `BlinkMeter.position`.
        fps: Frames a second.
    """
    frames = np.concatenate(closing)
    minutes = len(frames) / fps / 60
    shut = frames[frames > 0.5]
    depth = f"{np.quantile(shut, 0.9):.2f}" if len(shut) else ""
    blinks = sum(map(count_blinks, closing))
    return [
        name,
        f"{blinks / minutes:.1f}",
        depth,
        f"{len(shut) / len(frames):.3f}",
        f"{minutes:.1f}",
    ]


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", help="run folder or .keras file")
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--held-out", type=Path, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=4)
    parsed = parser.parse_args()
    import_tensorflow()
    try:
        generator, dataset = load_speaker(parsed.run), open_dataset(parsed.data)
        check_speaks(generator, dataset)
        learnt = load_clips(dataset, ("train",), _TRAINING_CLIPS)
        clips = load_clips(dataset, ("validation",))
        if parsed.held_out:
            clips = load_clips(
                open_dataset(parsed.held_out), ("train", "validation")
            )
    except TFBeganError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    fps = 1 / float(np.median(np.diff(clips[0].times)))
    apart = max(1, round(APART_S * fps))
    face = dataset.info.face
    meter = BlinkMeter.fit(
        [eye_pixels(clip.images(), face) for clip in learnt], face, apart
    )
    if meter is None:
        print(f"Nobody is seen to blink in {parsed.data}.", file=sys.stderr)
        return 1
    table = Table(
        "faces", "blinks a minute", "how far", "share shut", "minutes"
    )

    def closing(faces: np.ndarray) -> np.ndarray:
        return transients(meter.position(faces), apart)

    real = [closing(clip.images()) for clip in clips]
    table.add_row(*row("held-out footage", real, fps))
    for pose, settings in poses(fps, parsed.seeds):
        said = [closing(spoken(generator, clips, each)) for each in settings]
        table.add_row(*row(pose, said, fps))
    Console(width=110).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
