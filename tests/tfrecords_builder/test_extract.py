import json

import cv2
import numpy as np
import pytest
from PIL import Image

from tfbegan.config import AudioConfig, FaceConfig
from tfbegan.records import Clip
from tfrecords_builder.extract import Extractor, MfccTrack
from tfrecords_builder.faces import Detection
from tfrecords_builder.plan import BuildPlan, TrackingConfig
from tfrecords_builder.reasons import Reason, Rejection
from tfrecords_builder.sources import Source

RATE = 16_000
SIZE = (120, 160)
LANDMARKS = np.array(
    [[65.0, 55.0], [95.0, 55.0], [80.0, 66.0], [70.0, 80.0], [90.0, 80.0]]
)
PLAN = BuildPlan(face=FaceConfig(image_size=32))


class SameFace:
    """Stands in for MTCNN: a face at the same place in every picture."""

    def __init__(self, tracking: TrackingConfig) -> None:
        self.landmarks = [LANDMARKS]

    def find(self, pixels):
        return [Detection(points, 0.99) for points in self.landmarks]


class NoFace(SameFace):
    def find(self, pixels):
        return []


@pytest.fixture
def extractor(monkeypatch):
    """Makes extractors with a face at a known place."""

    def make(plan=PLAN, finder=SameFace):
        monkeypatch.setattr("tfrecords_builder.extract.FaceFinder", finder)
        return Extractor(plan)

    return make


def source(path, start_s=0.0, end_s=np.inf, kind="video", **others):
    return Source("0123456789abcdef", kind, path, start_s, end_s, **others)


def parted(found):
    """Clips and rejections."""
    found = list(found)
    clips = [item for item in found if isinstance(item, Clip)]
    return clips, [item for item in found if isinstance(item, Rejection)]


def pictures(clip):
    return np.array(
        [
            cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR_RGB)
            for frame in clip.frames
        ]
    )


# ---- Sound and picture belong together (reliability, row 28) ----------------

CLICKS_S = (0.93, 1.37, 1.71, 2.13, 2.58)


def regular(rate, first_s=0.0):
    return tuple(first_s + np.arange(round(3 * rate)) / rate)


def irregular():
    steps = np.random.default_rng(5).choice([0.02, 0.04, 0.08], 100)
    times = np.cumsum(steps)
    return tuple(times[times < 3])


PAIRINGS = {
    "24": ("film.mp4", regular(24), 0.0),
    "25": ("film.mp4", regular(25), 0.0),
    "29.97": ("film.mp4", regular(30_000 / 1_001), 0.0),
    "30": ("film.mp4", regular(30), 0.0),
    "50": ("film.mp4", regular(50), 0.0),
    "variable, mp4": ("film.mp4", irregular(), 0.0),
    "variable, mkv": ("film.mkv", irregular(), 0.0),
    "late sound, mp4": ("film.mp4", regular(25), 0.5),
    "late sound, mkv": ("film.mkv", regular(25), 0.5),
    "late picture": ("film.mkv", regular(25, 0.4), 0.0),
}


def clicking(start_s):
    """Clicks of 4 ms over faint noise, from a start on."""
    rng = np.random.default_rng(0)
    sound = 1e-3 * rng.standard_normal(3 * RATE)
    for click_s in CLICKS_S:
        first = round(click_s * RATE) - 32
        sound[first : first + 64] += 0.5 * rng.standard_normal(64)
    return sound[round(start_s * RATE) :].astype(np.float32)


@pytest.mark.parametrize("case", PAIRINGS)
def test_picture_and_sound_are_paired_within_a_frame(
    make_film, film_type, extractor, case
):
    name, times, sound_start_s = PAIRINGS[case]
    nearest = [int(np.abs(np.array(times) - c).argmin()) for c in CLICKS_S]
    path = make_film(
        film_type(
            name,
            times,
            flashes=frozenset(nearest),
            sound=clicking(sound_start_s),
            sound_start_s=sound_start_s,
            texture=True,
        )
    )

    clips, _ = parted(extractor().extract(source(path)))

    offsets_s = []
    for clip in clips:
        mouth = pictures(clip)[:, 20:23, 15:17].mean(axis=(1, 2, 3))
        for index in np.flatnonzero(mouth > 150):
            rows = clip.mfcc[clip.mfcc_centres[index] :][:9, 0]
            before = clip.mfcc[: clip.mfcc_centres[index]][-8:, 0]
            heard = np.concatenate([before, rows])
            loud = np.flatnonzero(heard > heard.max() - 60)
            offsets_s.append((loud.mean() - len(before)) / 100)
    assert len(offsets_s) == len(CLICKS_S)
    frame_s = np.diff(times).max()
    assert np.abs(offsets_s).max() <= frame_s


# ---- Clips -----------------------------------------------------------------


def noise(seconds):
    samples = np.random.default_rng(1).standard_normal(round(seconds * RATE))
    return (0.1 * samples).astype(np.float32)


def test_a_clip_holds_what_its_record_needs(make_film, film_type, extractor):
    path = make_film(
        film_type("film.mp4", regular(25), sound=noise(3), texture=True)
    )
    clips, refused = parted(
        extractor().extract(source(path, metadata={"text": "hello"}))
    )
    assert refused == []
    (clip,) = clips
    assert pictures(clip).shape == (75, 32, 32, 3)
    np.testing.assert_allclose(clip.frame_times, np.arange(75) / 25, atol=1e-3)
    half = AudioConfig().window_frames // 2
    assert clip.mfcc_centres[0] == half
    assert clip.mfcc_centres[-1] == len(clip.mfcc) - 1 - half
    metadata = json.loads(clip.metadata)
    assert metadata["text"] == "hello"
    assert metadata["file"] == "film.mp4"
    assert metadata["fps"] == pytest.approx(25, abs=0.1)
    assert metadata["eye_distance_px"] == pytest.approx(30, abs=0.5)
    assert metadata["faces_in_shot"] == 1


def test_the_same_source_gives_the_same_clips(make_film, film_type, extractor):
    path = make_film(
        film_type("film.mp4", regular(25), sound=noise(3), texture=True)
    )
    (first,), _ = parted(extractor().extract(source(path)))
    (again,), _ = parted(extractor().extract(source(path)))
    assert first.clip_id == again.clip_id
    assert list(first.frames) == list(again.frames)
    np.testing.assert_array_equal(first.mfcc, again.mfcc)


def test_clips_are_no_longer_than_the_plan_says(
    make_film, film_type, extractor
):
    path = make_film(
        film_type("film.mp4", regular(25), sound=noise(3), texture=True)
    )
    clips, _ = parted(
        extractor(PLAN.replace(clip_s=1.25)).extract(source(path))
    )
    assert [len(clip.frames) for clip in clips] == [25, 25, 25]
    assert len({clip.clip_id for clip in clips}) == 3


def test_a_span_hears_beyond_its_borders_and_a_range_does_not(
    make_film, film_type, extractor
):
    path = make_film(
        film_type("film.mp4", regular(25), sound=noise(3), texture=True)
    )
    make = extractor()
    (span,), _ = parted(make.extract(source(path, 1.0, 2.0)))
    (cut,), _ = parted(make.extract(source(path, 1.0, 2.0, is_range=True)))
    (whole,), _ = parted(make.extract(source(path)))

    first = whole.mfcc_centres[25] - 17
    same = whole.mfcc[first : first + len(span.mfcc)]
    np.testing.assert_allclose(span.mfcc, same, atol=0.5)
    silence = cut.mfcc[:14, 0]
    assert np.ptp(silence) < 1e-3
    assert silence[0] < same[:14, 0].min() - 100
    np.testing.assert_allclose(cut.mfcc[20:90], same[20:90], atol=0.5)


def test_two_faces_are_two_clips(make_film, film_type, extractor):
    class TwoFaces(SameFace):
        def __init__(self, tracking):
            aside = np.array([40, 0])
            self.landmarks = [LANDMARKS - aside, LANDMARKS + aside]

    path = make_film(
        film_type("film.mp4", regular(25), sound=noise(3), texture=True)
    )
    clips, _ = parted(extractor(finder=TwoFaces).extract(source(path)))
    assert len({clip.clip_id for clip in clips}) == 2
    faces = [json.loads(clip.metadata)["faces_in_shot"] for clip in clips]
    assert faces == [2, 2]


@pytest.mark.parametrize("sound", [None, np.zeros(3 * RATE, np.float32)])
def test_silence_gives_clips_without_sound(
    make_film, film_type, extractor, sound
):
    path = make_film(
        film_type("film.mp4", regular(25), sound=sound, texture=True)
    )
    (clip,), (refused,) = parted(extractor().extract(source(path)))
    assert refused.reason == Reason.NO_AUDIO
    assert len(clip.frames) == 75
    assert clip.mfcc.shape == (0, 13)
    assert clip.mfcc_centres.shape == (0,)


def test_faces_without_sound_beside_them_are_left_out(
    make_film, film_type, extractor
):
    path = make_film(
        film_type("film.mp4", regular(25), sound=noise(1.5), texture=True)
    )
    (clip,), (refused,) = parted(extractor().extract(source(path)))
    assert refused.reason == Reason.NO_AUDIO
    assert clip.frame_times[-1] == pytest.approx(1.6, abs=0.1)


# ---- What is refused -------------------------------------------------------


def reasons(found):
    return [str(rejection.reason) for rejection in parted(found)[1]]


def test_one_reason_for_what_gives_nothing(make_film, film_type, extractor):
    path = make_film(film_type("film.mkv", regular(25), texture=True))
    nothing = path.with_name("none.mp4")
    nothing.write_bytes(b"")
    noface = extractor(finder=NoFace)
    assert reasons(noface.extract(source(path))) == ["no_face"]
    make = extractor()
    assert reasons(make.extract(source(path, 9, 12))) == ["too_short"]
    assert reasons(make.extract(source(nothing))) == ["empty_file"]
    far = extractor(
        PLAN.replace(tracking=PLAN.tracking.replace(min_face_px=31))
    )
    assert reasons(far.extract(source(path))) == ["face_too_small"]


def test_a_cut_film_gives_what_it_has(make_film, film_type, extractor):
    path = make_film(
        film_type("film.mkv", regular(25), sound=noise(3), texture=True)
    )
    content = path.read_bytes()
    path.write_bytes(content[: 2 * len(content) // 3])
    clips, refused = parted(extractor().extract(source(path)))
    assert len(clips) == 1
    assert Reason.TRUNCATED in [rejection.reason for rejection in refused]


# ---- Images ----------------------------------------------------------------


def grey_gradient():
    return np.tile(np.linspace(20, 230, 160), (120, 1))


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("RGB", "jpg"),
        ("RGB", "png"),
        ("L", "png"),
        ("P", "png"),
        ("1", "png"),
        ("LA", "png"),
        ("RGBA", "webp"),
        ("CMYK", "jpg"),
        ("I;16", "png"),
    ],
)
def test_images_of_any_mode_look_the_same(tmp_path, extractor, mode, suffix):
    grey = grey_gradient()
    path = tmp_path / f"face.{suffix}"
    if mode == "I;16":
        Image.fromarray((257 * grey).astype(np.uint16)).save(path)
    else:
        Image.fromarray(grey.astype(np.uint8)).convert("RGB").convert(
            mode
        ).save(path)
    (clip,), refused = parted(extractor().extract(source(path, kind="image")))
    assert refused == []
    (face,) = pictures(clip)
    assert face.shape == (32, 32, 3)
    left, right = face[:, :4].mean(), face[:, -4:].mean()
    assert left < 70 and right > 160
    assert clip.mfcc_centres.shape == (0,)


def test_transparent_parts_are_white(tmp_path, extractor):
    pixels = np.zeros((*SIZE, 4), np.uint8)
    path = tmp_path / "face.png"
    Image.fromarray(pixels).save(path)
    (clip,), _ = parted(extractor().extract(source(path, kind="image")))
    assert pictures(clip).min() > 250


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, Reason.MISSING_FILE),
        (b"", Reason.EMPTY_FILE),
        (b"no image", Reason.UNREADABLE),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), Reason.UNREADABLE),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, extractor, content, reason):
    path = tmp_path / "face.png"
    if content is not None:
        path.write_bytes(content)
    found = extractor().extract(source(path, kind="image"))
    assert reasons(found) == [reason]


def test_a_cut_image_is_damaged(tmp_path, extractor):
    path = tmp_path / "face.png"
    noisy = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    Image.fromarray(noisy).save(path)
    path.write_bytes(path.read_bytes()[:9_000])
    found = extractor().extract(source(path, kind="image"))
    assert reasons(found) == [Reason.DAMAGED]


@pytest.mark.parametrize("side", [11_000, 40_000])
def test_an_image_that_would_fill_the_memory_is_refused(
    tmp_path, extractor, side
):
    import struct
    import zlib

    def chunk(kind, content):
        body = kind + content
        return (
            struct.pack(">I", len(content))
            + body
            + struct.pack(">I", zlib.crc32(body))
        )

    path = tmp_path / "face.png"
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(99)))
        + chunk(b"IEND", b"")
    )
    found = extractor().extract(source(path, kind="image"))
    assert reasons(found) == [Reason.TOO_LARGE]


# ---- Windows ---------------------------------------------------------------


def test_every_window_lies_inside():
    track = MfccTrack(1.0, np.arange(200.0)[:, None], 100.0)
    rows, centres = track.around(np.array([1.0, 1.5, 2.98]), 35)
    assert centres[0] == 17
    assert centres[-1] == len(rows) - 18
    assert rows[centres[1], 0] == 50


# ---- Real footage ----------------------------------------------------------

OUTCOMES = {
    "audio_ends_early.mp4": (1, {"no_audio"}),
    "audio_only.m4a": (0, {"no_video"}),
    "audio_starts_0_5s_late.mp4": (1, {"no_audio"}),
    "audio_with_cover_art.m4a": (0, {"no_video"}),
    "damaged_macroblocks_sgib8n.mpg": (1, {"damaged"}),
    "empty.mp4": (0, {"empty_file"}),
    "face_enters_at_2s.mp4": (1, set()),
    "fps_29_97.mp4": (2, set()),
    "fps_50.mp4": (1, set()),
    "grey_first_12_frames_lgbf8n.mpg": (1, set()),
    "hevc_10bit.mp4": (1, set()),
    "mjpeg_pcm_u8_8k.avi": (1, set()),
    "no_audio.mp4": (1, {"no_audio"}),
    "no_face_real_speech.mp4": (0, {"no_face"}),
    "no_face_test_pattern.mp4": (0, {"no_face"}),
    "not_a_video.mp4": (0, {"unreadable"}),
    "only_74_frames_srwi5a.mpg": (1, set()),
    "pcm_48k_stereo.mov": (1, set()),
    "rotation_flag.mp4": (1, set()),
    "sar_2_1.mp4": (1, set()),
    "silent_audio_track.mp4": (1, {"no_audio"}),
    "single_frame.mp4": (0, {"too_short"}),
    "tiny_face_64x52.mp4": (0, {"face_too_small"}),
    "truncated.mpg": (1, {"truncated"}),
    "truncated_faststart.mp4": (1, {"truncated"}),
    "truncated_no_moov.mp4": (0, {"unreadable"}),
    "two_audio_tracks.mkv": (1, set()),
    "two_faces_left_speaks.mp4": (2, set()),
    "very_dark.mp4": (1, set()),
    "vfr.mkv": (1, set()),
    "vfr.mp4": (1, set()),
    "video_ends_early.mp4": (1, set()),
    "vp9_opus.webm": (1, set()),
}


@pytest.fixture(scope="module")
def real_extractor():
    return Extractor(BuildPlan())


@pytest.mark.slow
@pytest.mark.parametrize("name", OUTCOMES)
def test_awkward_footage(shared_data, real_extractor, name):
    path = shared_data / "awkward" / name
    clips, refused = parted(real_extractor.extract(source(path)))
    assert (len(clips), {str(r.reason) for r in refused}) == OUTCOMES[name]


@pytest.mark.slow
def test_no_awkward_file_is_forgotten(shared_data):
    names = {path.name for path in (shared_data / "awkward").iterdir()}
    assert names == set(OUTCOMES)


@pytest.mark.slow
def test_a_real_portrait(shared_data, real_extractor):
    path = min((shared_data / "stills/congress_225x275").glob("*.jpg"))
    (clip,), refused = parted(
        real_extractor.extract(source(path, kind="image"))
    )
    assert refused == []
    assert len(clip.frames) == 1
