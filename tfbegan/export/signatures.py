"""What a served generator can be asked, as functions of a graph."""

from collections.abc import Callable
from typing import Any

Tensor = Any

_PART = 64
"""Frames that "speak" paints at a time."""


def make_signatures(model: Any) -> dict[str, Callable[..., Any]]:
    """The signatures of a SavedModel; see `export_saved_model`.

    Args:
        model: A `Generator` in float32.
    """
    if model.speech is None:
        return {"serving_default": _of_noise(model)}
    signatures = {
        "serving_default": _of_windows(model),
        "speak": _of_waveform(model),
    }
    if model.has_look:
        signatures["look"] = _of_faces(model)
    return signatures


def _of_noise(model: Any) -> Callable[..., Any]:
    import tensorflow as tf

    noise = tf.TensorSpec((None, model.latent_dim), tf.float32, name="z")

    @tf.function(input_signature=[noise], autograph=False)
    def serve(z: Tensor) -> dict[str, Tensor]:
        return {"images": _to_unit(model(z))}

    return serve


def _of_windows(model: Any) -> Callable[..., Any]:
    import tensorflow as tf

    audio = model.speech.audio
    windows = tf.TensorSpec(
        (None, audio.window_frames, audio.n_mfcc), tf.float32, name="mfcc"
    )
    noise = tf.TensorSpec((None, model.latent_dim), tf.float32, name="z")
    if not model.has_look:

        @tf.function(input_signature=[windows], autograph=False)
        def serve_sound(mfcc: Tensor) -> dict[str, Tensor]:
            return {"images": _to_unit(model({"mfcc": mfcc}))}

        return serve_sound

    @tf.function(input_signature=[noise, windows], autograph=False)
    def serve(z: Tensor, mfcc: Tensor) -> dict[str, Tensor]:
        return {"images": _to_unit(model({"noise": z, "mfcc": mfcc}))}

    return serve


def _of_waveform(model: Any) -> Callable[..., Any]:
    import tensorflow as tf

    waveform_spec = tf.TensorSpec((None,), tf.float32, name="waveform")
    fps_spec = tf.TensorSpec((), tf.float32, name="fps")
    noise_spec = tf.TensorSpec((model.latent_dim,), tf.float32, name="z")
    windows_of = _window_cutter(model.speech.audio)
    size = model.image_size
    if not model.has_look:

        @tf.function(input_signature=[waveform_spec, fps_spec], autograph=False)
        def speak_alone(waveform: Tensor, fps: Tensor) -> dict[str, Tensor]:
            windows = windows_of(waveform, fps)
            return {"images": _in_parts(paint_alone, windows, size)}

        def paint_alone(windows: Tensor) -> Tensor:
            return _to_unit(model({"mfcc": windows}))

        return speak_alone

    @tf.function(
        input_signature=[waveform_spec, fps_spec, noise_spec], autograph=False
    )
    def speak(waveform: Tensor, fps: Tensor, z: Tensor) -> dict[str, Tensor]:
        def paint(windows: Tensor) -> Tensor:
            noise = tf.repeat(z[None], tf.shape(windows)[0], axis=0)
            return _to_unit(model({"noise": noise, "mfcc": windows}))

        return {"images": _in_parts(paint, windows_of(waveform, fps), size)}

    return speak


def _in_parts(
    paint: Callable[[Tensor], Tensor], windows: Tensor, size: int
) -> Tensor:
    """The frames of all windows, painted some at a time: what the layers hold
    for each frame is many times as large as the frame."""
    import tensorflow as tf

    count = tf.shape(windows)[0]
    parts = (count + _PART - 1) // _PART
    painted = tf.TensorArray(
        tf.float32,
        parts,
        infer_shape=False,
        element_shape=(None, size, size, 3),
    )

    def paint_next(part: Tensor, painted: Any) -> tuple[Tensor, Any]:
        images = paint(windows[part * _PART : (part + 1) * _PART])
        return part + 1, painted.write(part, images)

    _, painted = tf.while_loop(
        lambda part, _: part < parts,
        paint_next,
        (0, painted),
        parallel_iterations=1,
    )
    return painted.concat()


def _of_faces(model: Any) -> Callable[..., Any]:
    import tensorflow as tf

    size = model.image_size
    faces = tf.TensorSpec((None, size, size, 3), tf.float32, name="images")

    @tf.function(input_signature=[faces], autograph=False)
    def look(images: Tensor) -> dict[str, Tensor]:
        codes = model.look(2.0 * images - 1.0)
        return {"z": tf.clip_by_value(codes, -1.0, 1.0)}

    return look


def _window_cutter(audio: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """From a waveform to the raw window around every video frame."""
    import tensorflow as tf

    from tfbegan.layers.mfcc import MFCC

    settings = audio.to_dict()
    half = settings.pop("window_frames") // 2
    mfcc = MFCC(**settings)
    mfcc.build((1, None))
    # Zeros sound before and after: the rows that windows at the ends reach.
    padding = (half + 1) * audio.hop_length

    def cut(waveform: Tensor, fps: Tensor) -> Tensor:
        # In float64: at 32 bits a long sound's frames would drift.
        with tf.control_dependencies([tf.debugging.assert_positive(fps)]):
            rate = tf.cast(fps, tf.float64)
        seconds = tf.cast(tf.size(waveform), tf.float64) / audio.sample_rate
        count = tf.maximum(tf.floor(seconds * rate + 0.5), 1.0)
        padded = tf.pad(waveform, [[padding, padding]])
        rows = mfcc(padded[None])[0]  # [M, n_mfcc]
        heard = tf.range(count, dtype=tf.float64) / rate * audio.frame_rate
        centres = tf.cast(tf.floor(heard + 0.5), tf.int32) + half + 1
        return tf.gather(
            rows, centres[:, None] + tf.range(-half, half + 1)[None]
        )  # [T, W, n_mfcc]

    return cut


def _to_unit(images: Tensor) -> Tensor:
    """[-1, 1] to [0, 1], clipped."""
    import tensorflow as tf

    return tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)
