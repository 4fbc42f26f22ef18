"""A look at the crops, so that a person sees what was cut."""

import io
from pathlib import Path

from tfbegan.files import atomic_path
from tfbegan.records import SPLITS, DatasetInfo

_COLUMNS = 16
_ROWS = 8
_FRAMES_PER_CLIP = 4


def write_contact_sheet(folder: Path, info: DatasetInfo) -> None:
    """Writes contact_sheet.png: some frames of some clips, side by side.

    Each clip shows up to four frames, far apart, next to each other: a face
    that jitters or a mouth that is cut off is seen at once.
    """
    from PIL import Image

    size = info.face.image_size
    sheet = Image.new("RGB", (_COLUMNS * size, _ROWS * size), "white")
    for place, content in enumerate(_some_frames(folder, info)):
        row, column = divmod(place, _COLUMNS)
        with Image.open(io.BytesIO(content)) as face:
            sheet.paste(face, (column * size, row * size))
    with atomic_path(folder / "contact_sheet.png") as temporary:
        sheet.save(temporary)


def _some_frames(folder: Path, info: DatasetInfo) -> list[bytes]:
    import tensorflow as tf

    room = _COLUMNS * _ROWS
    chosen: list[bytes] = []
    paths = [folder / s.name for split in SPLITS for s in info.shards_of(split)]
    for path in paths:
        for record in tf.data.TFRecordDataset(str(path)):
            example = tf.train.Example.FromString(record.numpy())
            frames = example.features.feature["frames"].bytes_list.value
            step = max(1, len(frames) // _FRAMES_PER_CLIP)
            chosen += frames[::step][:_FRAMES_PER_CLIP]
            if len(chosen) >= room:
                return chosen[:room]
    return chosen
