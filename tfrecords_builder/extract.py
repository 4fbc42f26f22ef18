"""The stages put together: a source in, clips and rejections out."""

import contextlib
import io
import itertools
import json
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfbegan.media import opaque_pixels
from tfbegan.records import Clip
from tfrecords_builder.audio import mfcc_track
from tfrecords_builder.crop import crop, encode, eyes_to_crop
from tfrecords_builder.decode import (
    Frame,
    MediaError,
    Sound,
    read_frames,
    read_sound,
)
from tfrecords_builder.faces import FaceFinder
from tfrecords_builder.plan import BuildPlan
from tfrecords_builder.reasons import Reason, Rejection
from tfrecords_builder.sources import Source, make_id
from tfrecords_builder.track import Track, follow_faces

_SOUND_SLACK_S = 0.1
"""A frame so far from the sound's ends still counts as heard."""

_SAME_TIME_S = 1e-6

_MOST_IMAGE_PIXELS = 100_000_000


@dataclass(frozen=True)
class Piece:
    """A part of a track that becomes a clip.

    Attributes:
        track: The face.
        number: Of the track in its source.
        first: Index of the first frame of it.
        stop: Index after the last.
    """

    track: Track
    number: int
    first: int
    stop: int

    @property
    def times_s(self) -> np.ndarray:
        """float64 [T], from the container's start."""
        return self.track.times_s[self.first : self.stop]


class Extractor:
    """Cuts the faces of sources into clips; holds the face detector.

    Args:
        plan: All settings.
    """

    def __init__(self, plan: BuildPlan) -> None:
        self.plan = plan
        self.finder = FaceFinder(plan.tracking)

    def extract(self, source: Source) -> Iterator[Clip | Rejection]:
        """The clips of a source or span, and what was refused of it.

        Memory depends on the length of a clip, not of the source: the video
        is read twice, for where the faces are and for the faces.

        Args:
            source: An image, or a range of a video.

        Yields:
            Clips in order of time, then rejections.
        """
        if source.kind == "image":
            yield self._image(source)
            return
        try:
            sound = self._sound(source)
            tracks, refused = self._tracks(source)
        except MediaError as error:
            yield _rejection(source, error.reason, error.detail)
            return
        pieces, dropped = self._pieces(source, tracks, sound)
        refused += dropped
        mfcc = self._mfcc(source, sound) if sound else None
        try:
            yield from self._clips(source, pieces, mfcc)
        except MediaError as error:
            refused.append(_rejection(source, error.reason, error.detail))
        yield from refused

    def _tracks(self, source: Source) -> tuple[list[Track], list[Rejection]]:
        refused: list[Rejection] = []
        frames = _Counted(source, refused)
        tracks = list(
            follow_faces(frames.read(), self.finder, self.plan.tracking)
        )
        if frames.count == 0:
            raise frames.error or MediaError(
                Reason.TOO_SHORT,
                f"It has no picture from {source.start_s:g} s to"
                f" {source.end_s:g} s.",
            )
        kept = []
        for track in tracks:
            distance = np.median(
                np.hypot(*(track.eyes[:, 1] - track.eyes[:, 0]).T)
            )
            if distance >= self.plan.tracking.min_face_px:
                kept.append(track)
                continue
            refused.append(
                Rejection(
                    Reason.FACE_TOO_SMALL,
                    f"The eyes are {distance:.1f} px apart; at least"
                    f" {self.plan.tracking.min_face_px:g} are needed.",
                    float(track.times_s[0]),
                    float(track.times_s[-1]),
                )
            )
        if not tracks:
            refused.append(self._nothing_found(source, frames))
        return kept, refused

    def _nothing_found(self, source: Source, frames: "_Counted") -> Rejection:
        seconds = frames.last_s - frames.first_s
        if frames.count < 2 or seconds < self.plan.tracking.min_clip_s / 2:
            return _rejection(
                source,
                Reason.TOO_SHORT,
                f"Its pictures ({frames.count}) last {seconds:.2f} s only.",
            )
        return _rejection(
            source, Reason.NO_FACE, "MTCNN finds no face that lasts."
        )

    def _sound(self, source: Source) -> Sound | None:
        """The sound of the range, with the context that windows need."""
        context = 0.0 if source.is_range else self._context_s()
        sound = read_sound(
            source.path,
            max(0.0, source.start_s - context),
            source.end_s + context,
            self.plan.audio.sample_rate,
        )
        if sound is None or not np.any(sound.samples):
            return None  # digital silence goes with no mouth
        return sound

    def _context_s(self) -> float:
        audio = self.plan.audio
        half_window = audio.window_frames // 2 * audio.hop_length
        return (half_window + 2 * audio.n_fft) / audio.sample_rate

    def _mfcc(self, source: Source, sound: Sound) -> "MfccTrack":
        context = self._context_s()
        start = min(sound.start_s, source.start_s) - context
        # The same rows for a moment, whatever span it is reached by.
        rate = self.plan.audio.frame_rate
        start = math.floor(start * rate) / rate
        end = sound.end_s + context
        samples = sound.between(start, end)
        rows = mfcc_track(samples, self.plan.audio)
        return MfccTrack(start, rows, rate)

    def _pieces(
        self, source: Source, tracks: Sequence[Track], sound: Sound | None
    ) -> tuple[list[Piece], list[Rejection]]:
        """Cuts tracks into clips; leaves out what has no sound beside it."""
        refused = []
        if sound is None and tracks:
            refused.append(
                _rejection(
                    source,
                    Reason.NO_AUDIO,
                    "It has no sound, or nothing but digital silence.",
                )
            )
        pieces = []
        for number, track in enumerate(tracks):
            first, stop = 0, len(track.times_s)
            if sound is not None:
                first, stop = np.searchsorted(
                    track.times_s,
                    [
                        sound.start_s - _SOUND_SLACK_S,
                        sound.end_s + _SOUND_SLACK_S,
                    ],
                )
                if stop - first < len(track.times_s):
                    refused.append(
                        _rejection(
                            source,
                            Reason.NO_AUDIO,
                            f"The sound lasts from {sound.start_s:.2f} to"
                            f" {sound.end_s:.2f} s only.",
                        )
                    )
            pieces += self._split(Piece(track, number, int(first), int(stop)))
        return pieces, refused

    def _split(self, piece: Piece) -> list[Piece]:
        """Equal parts, none longer than a clip may be."""
        times = piece.times_s
        if len(times) < 2:
            return []
        step = float(np.median(np.diff(times)))
        seconds = times[-1] - times[0] + step
        if seconds < self.plan.tracking.min_clip_s - 1e-6:
            return []
        count = max(1, math.ceil(seconds / self.plan.clip_s - 1e-6))
        edges = np.linspace(piece.first, piece.stop, count + 1).round()
        return [
            Piece(piece.track, piece.number, int(a), int(b))
            for a, b in itertools.pairwise(edges)
        ]

    def _clips(
        self, source: Source, pieces: list[Piece], mfcc: "MfccTrack | None"
    ) -> Iterator[Clip]:
        if not pieces:
            return
        stop = max(piece.times_s[-1] for piece in pieces)
        waiting = sorted(pieces, key=lambda p: (p.times_s[0], p.number))
        frames: dict[int, list[bytes]] = {id(piece): [] for piece in waiting}
        # From the same place as before, so that the same pictures come.
        for frame in _undamaged(source, stop + 1e-2):
            for piece in list(waiting):
                self._cut_face(frame, piece, frames[id(piece)])
                if len(frames[id(piece)]) == len(piece.times_s):
                    waiting.remove(piece)
                    yield self._clip(source, piece, frames.pop(id(piece)), mfcc)
        if waiting:
            raise MediaError(
                Reason.DAMAGED,
                f"{len(waiting)} clips can't be decoded a second time.",
            )

    def _cut_face(self, frame: Frame, piece: Piece, faces: list[bytes]) -> None:
        index = len(faces)
        if abs(frame.time_s - piece.times_s[index]) > _SAME_TIME_S:
            return
        eyes = piece.track.eyes[piece.first + index]
        transform = eyes_to_crop(eyes, self.plan.face)
        pixels = crop(frame.pixels, transform, self.plan.face)
        faces.append(encode(pixels, self.plan.jpeg_quality))

    def _clip(
        self,
        source: Source,
        piece: Piece,
        faces: list[bytes],
        mfcc: "MfccTrack | None",
    ) -> Clip:
        times = piece.times_s
        eyes = piece.track.eyes[piece.first : piece.stop]
        start_ms = round(1_000 * times[0])
        metadata = {
            **source.metadata,
            "file": source.path.name,
            "start_s": round(float(times[0]), 4),
            "end_s": round(float(times[-1]), 4),
            "fps": round((len(times) - 1) / float(times[-1] - times[0]), 3),
            "eye_distance_px": round(
                float(np.median(np.hypot(*(eyes[:, 1] - eyes[:, 0]).T))), 2
            ),
            "faces_in_shot": piece.track.faces_in_shot,
        }
        rows, centres = np.zeros((0, self.plan.audio.n_mfcc)), np.zeros(0)
        if mfcc is not None:
            rows, centres = mfcc.around(times, self.plan.audio.window_frames)
        return Clip(
            clip_id=make_id(source.source_id, start_ms, piece.number),
            source_id=source.source_id,
            frames=faces,
            frame_times=(times - times[0]).astype(np.float32),
            mfcc=rows.astype(np.float32),
            mfcc_centres=centres.astype(np.int64),
            metadata=json.dumps(metadata, sort_keys=True),
        )

    def _image(self, source: Source) -> Clip | Rejection:
        try:
            pixels = _read_image(source.path)
        except MediaError as error:
            return _rejection(source, error.reason, error.detail)
        found = self.finder.find(pixels)
        if not found:
            return _rejection(source, Reason.NO_FACE, "MTCNN finds no face.")
        face = found[0]
        if face.eye_distance < self.plan.tracking.min_face_px:
            return _rejection(
                source,
                Reason.FACE_TOO_SMALL,
                f"The eyes are {face.eye_distance:.1f} px apart.",
            )
        transform = eyes_to_crop(face.landmarks[:2], self.plan.face)
        content = encode(
            crop(pixels, transform, self.plan.face), self.plan.jpeg_quality
        )
        metadata = {
            **source.metadata,
            "file": source.path.name,
            "eye_distance_px": round(face.eye_distance, 2),
        }
        return Clip(
            clip_id=make_id(source.source_id, 0, 0),
            source_id=source.source_id,
            frames=[content],
            frame_times=np.zeros(1, np.float32),
            mfcc=np.zeros((0, self.plan.audio.n_mfcc), np.float32),
            mfcc_centres=np.zeros(0, np.int64),
            metadata=json.dumps(metadata, sort_keys=True),
        )


@dataclass(frozen=True)
class MfccTrack:
    """The MFCC rows of a stretch of time.

    Attributes:
        start_s: Time that the first row is centred on.
        rows: float32 [N, n_mfcc].
        frame_rate: Rows a second.
    """

    start_s: float
    rows: np.ndarray
    frame_rate: float

    def around(
        self, times_s: np.ndarray, window_frames: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rows that the windows around some times need.

        Args:
            times_s: float [T], rising.
            window_frames: Rows of a window, odd.

        Returns:
            Rows float32 [M, n_mfcc], and for each time the row that its
            window is centred on, int64 [T].
        """
        half = window_frames // 2
        centres = np.rint((times_s - self.start_s) * self.frame_rate)
        centres = np.clip(centres, half, len(self.rows) - 1 - half)
        centres = centres.astype(np.int64)
        first, last = centres[0] - half, centres[-1] + half
        return self.rows[first : last + 1], centres - first


class _Counted:
    """Reads frames, and remembers how far they went and why they ended."""

    def __init__(self, source: Source, refused: list[Rejection]) -> None:
        self.source = source
        self.refused = refused
        self.error: MediaError | None = None
        self.count = 0
        self.first_s = self.last_s = 0.0

    def read(self) -> Iterator[Frame]:
        source = self.source
        try:
            for frame in read_frames(source.path, source.start_s, source.end_s):
                self.first_s = frame.time_s if not self.count else self.first_s
                self.last_s = frame.time_s
                self.count += 1
                yield frame
        except MediaError as error:
            self.error = error
            if self.count:
                lost = error.reason == Reason.TRUNCATED
                start_s = self.last_s if lost else source.start_s
                self.refused.append(
                    Rejection(error.reason, error.detail, start_s, source.end_s)
                )


def _undamaged(source: Source, end_s: float) -> Iterator[Frame]:
    """Frames, without repeating what the first reading said of the damage."""
    with contextlib.suppress(MediaError):
        yield from read_frames(
            source.path, source.start_s, min(end_s, source.end_s)
        )


def _rejection(source: Source, reason: Reason, detail: str) -> Rejection:
    return Rejection(reason, detail, source.start_s, source.end_s)


def _read_image(path: Path) -> np.ndarray:
    """uint8 [H, W, 3], RGB, turned as its EXIF data says."""
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise MediaError(Reason.MISSING_FILE, "There is no such file.")
    content = path.read_bytes()
    if not content:
        raise MediaError(Reason.EMPTY_FILE, "The file has 0 bytes.")
    try:
        with warnings.catch_warnings():
            # The size is checked here, as an error and not as a warning.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content))
        with image:
            if image.width * image.height > _MOST_IMAGE_PIXELS:
                raise MediaError(
                    Reason.TOO_LARGE,
                    f"It has {image.width} x {image.height} pixels.",
                )
            return opaque_pixels(image)
    except Image.DecompressionBombError as error:
        raise MediaError(
            Reason.TOO_LARGE, "It has too many pixels for Pillow."
        ) from error
    except UnidentifiedImageError as error:
        raise MediaError(Reason.UNREADABLE, "It is no image.") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise MediaError(
            Reason.DAMAGED, f"It can't be decoded ({error})."
        ) from error
