"""Prints how fast speech becomes a talking face, and how much memory it takes.

    python benchmarks/animate.py [RUN] [--seconds 60] [--hours 1]

Without a run it takes an untrained generator of 64 px and n = 16, which is as
fast as a trained one. The sound is noise, whose windows cost what those of
speech cost. --hours 0 leaves out the long stream.
"""

import argparse
import itertools
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from rich.console import Console
from rich.table import Table

from tfbegan.generation.animation import AnimationSettings, animate, look_ahead
from tfbegan.generation.loading import LoadedGenerator, load_generator
from tfbegan.generation.provenance import Provenance
from tfbegan.generation.video import Film, Soundtrack, save_video
from tfbegan.quiet import import_tensorflow

_RATE = 16_000
_FPS = 25
_CHUNK = _RATE // 50
_TOURS = 3


def untrained_generator() -> LoadedGenerator:
    """A generator of the default size for sound."""
    from tfbegan.config import AudioConfig, FaceConfig, SpeechConfig
    from tfbegan.models.generator import Generator

    audio = AudioConfig()
    speech = SpeechConfig(
        audio,
        (0.0,) * audio.n_mfcc,
        (100.0,) * audio.n_mfcc,
        FaceConfig().mouth_box,
    )
    model = Generator(
        64, filters=16, conditioning="audio+noise", speech=speech, seed=0
    )
    return LoadedGenerator(model, Path("untrained"))


def noise(seconds: float) -> np.ndarray:
    """Sound, float32 [N]."""
    generator = np.random.default_rng(0)
    return generator.normal(0, 0.1, round(seconds * _RATE)).astype(np.float32)


def film_with(
    sound: np.ndarray, provenance: Provenance, scale: int | None = None
) -> Film:
    """As `tfbegan animate` writes it, 256 px wide at least without a scale."""
    blocks = np.array_split(sound[:, None], max(1, len(sound) // _RATE))
    track = Soundtrack(blocks, _RATE, 1)
    return Film(Fraction(_FPS), provenance, scale, track)


def rates(generator: LoadedGenerator, seconds: float) -> Iterator[tuple]:
    """Rows of the table: what, and frames a second, the best of three."""
    sound = noise(seconds)
    provenance = Provenance.of_model(generator.model)
    frames = list(animate(generator, sound, _RATE))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.mp4"
        tasks = {
            "generation alone": lambda: sum(
                1 for _ in animate(generator, sound, _RATE)
            ),
            "MP4 alone": lambda: save_video(
                path, frames, film_with(sound, provenance)
            ),
            "both, each in a thread of its own": lambda: save_video(
                path,
                animate(generator, sound, _RATE),
                film_with(sound, provenance),
            ),
            "the same, not enlarged (--scale 1)": lambda: save_video(
                path,
                animate(generator, sound, _RATE),
                film_with(sound, provenance, scale=1),
            ),
        }
        for name, task in tasks.items():
            spent = min(seconds_of(task) for _ in range(_TOURS))
            yield name, len(frames) / spent


def quality_of(path: Path, frames: Sequence[np.ndarray]) -> tuple[float, float]:
    """What writing has cost: bytes a picture, and dB of PSNR in brightness.

    The PSNR is to the same pictures, enlarged in the same way, unencoded.
    """
    reformatter = VideoReformatter()
    errors = []
    with av.open(str(path)) as container:
        decoded = container.decode(video=0)
        for shown, picture in zip(decoded, frames, strict=True):
            enlarged = reformatter.reformat(
                av.VideoFrame.from_ndarray(picture, format="rgb24"),
                shown.width,
                shown.height,
                format="yuv420p",
                interpolation="BICUBIC",
            )
            luma, expected = (
                frame.to_ndarray()[: shown.height].astype(np.float64)
                for frame in (shown, enlarged)
            )
            errors.append(((luma - expected) ** 2).mean())
    psnr = 10 * np.log10(255**2 / np.mean(errors))
    return path.stat().st_size / len(frames), float(psnr)


def written(generator: LoadedGenerator, seconds: float) -> tuple[float, float]:
    """`quality_of` an MP4 as `tfbegan animate` writes it."""
    sound = noise(seconds)
    frames = list(animate(generator, sound, _RATE))
    film = film_with(sound, Provenance.of_model(generator.model))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.mp4"
        save_video(path, frames, film)
        return quality_of(path, frames)


def seconds_of(task: Callable[[], Any]) -> float:
    """What a call takes."""
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def first_frame_ms(generator: LoadedGenerator) -> tuple[float, float]:
    """Sound heard before the first frame, and the time to compute it."""
    heard, spent = 0, 0.0
    started = time.perf_counter()

    def microphone() -> Iterator[np.ndarray]:
        nonlocal heard, started
        for chunk in itertools.repeat(np.zeros(_CHUNK, np.float32)):
            heard += _CHUNK
            started = time.perf_counter()
            yield chunk

    next(animate(generator, microphone(), _RATE, AnimationSettings()))
    spent = time.perf_counter() - started
    return 1_000 * heard / _RATE, 1_000 * spent


def megabytes() -> float:
    """The largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def memory_over(generator: LoadedGenerator, hours: float) -> list[float]:
    """The peak so far, after a minute and after each quarter of a stream."""
    minute = noise(60)
    minutes = max(4, round(60 * hours))
    checks = {1, *(minutes * quarter // 4 for quarter in (1, 2, 3, 4))}
    peaks = []
    frames = animate(generator, itertools.repeat(minute, minutes), _RATE)
    for count, _ in enumerate(frames, start=1):
        done, rest = divmod(count, 60 * _FPS)
        if not rest and done in checks:
            peaks.append(megabytes())
    return peaks


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", nargs="?", help="run folder or .keras file")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--hours", type=float, default=1.0)
    parsed = parser.parse_args()
    import_tensorflow()
    if parsed.run:
        generator = load_generator(parsed.run)
    else:
        generator = untrained_generator()
    table = Table("what", "figure", title=str(generator.path))
    for name, rate in rates(generator, parsed.seconds):
        table.add_row(
            name, f"{rate:,.0f} frames/s, {rate / _FPS:.0f} times real time"
        )
    size, psnr = written(generator, parsed.seconds)
    table.add_row(
        "MP4 with its sound", f"{size:,.0f} bytes a picture, {psnr:.1f} dB"
    )
    heard, spent = first_frame_ms(generator)
    ahead = 1_000 * look_ahead(generator.audio, _RATE)
    table.add_row(
        "first frame of a live stream",
        f"{heard + spent:.0f} ms: {heard:.0f} ms of sound in chunks of 20 ms"
        f" (look-ahead {ahead:.0f}) and {spent:.1f} ms of work",
    )
    if parsed.hours:
        peaks = memory_over(generator, parsed.hours)
        table.add_row(
            f"peak memory over {parsed.hours:g} h of speech",
            ", ".join(f"{peak:.0f}" for peak in peaks)
            + " MB after 1 minute and each quarter",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
