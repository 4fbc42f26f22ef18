"""What is named becomes sources, or one clear sentence."""

import pytest

from tfbegan.errors import SourceError, UsageError
from tfrecords_builder.sources import find_sources


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("a.mp4", "deep/b.MKV", "c.png", "notes.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_folder_is_searched_through(folder):
    sources = find_sources([folder])
    assert {(s.path.name, s.kind) for s in sources} == {
        ("a.mp4", "video"),
        ("b.MKV", "video"),
        ("c.png", "image"),
    }


def test_ids_come_from_the_content_not_the_name(folder, tmp_path):
    (folder / "renamed -rf ..mp4").write_text("a.mp4")
    ids = {s.path.name: s.source_id for s in find_sources([folder])}
    assert ids["renamed -rf ..mp4"] == ids["a.mp4"]
    assert all(
        len(i) == 16 and set(i) <= set("0123456789abcdef") for i in ids.values()
    )


def test_the_order_of_the_names_does_not_matter(folder):
    names = sorted(folder.glob("*.*"))
    names.remove(folder / "notes.txt")
    forward = [s.source_id for s in find_sources(names)]
    assert forward == [s.source_id for s in find_sources(names[::-1])]


def write_table(folder, *rows, header="file,start_s,end_s,words"):
    table = folder / "ranges.csv"
    table.write_text("\n".join([header, *rows]) + "\n")
    return table


def test_a_table_gives_ranges_with_its_further_columns(folder):
    table = write_table(folder, "a.mp4,0,1.5,hello", "a.mp4,1.5,3,you")
    first, second = sorted(find_sources([table]), key=lambda s: s.start_s)
    assert (first.start_s, first.end_s, first.is_range) == (0, 1.5, True)
    assert dict(second.metadata) == {"words": "you"}
    assert first.source_id != second.source_id


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a.mp4,zero,1,x", "must be seconds"),
        ("a.mp4,2,1,x", "end after it begins"),
        ("a.mp4,-1,1,x", "end after it begins"),
        ("a.mp4,0,nan,x", "end after it begins"),
        ("a.mp4,0", "must be seconds"),
        ("nowhere.mp4,0,1,x", "there is no file"),
    ],
)
def test_a_bad_row_is_told_with_its_line(folder, row, told):
    table = write_table(folder, "a.mp4,0,1,x", row)
    with pytest.raises(SourceError, match=told) as caught:
        find_sources([table])
    assert "line 3" in str(caught.value)


def test_a_missing_column_is_named(folder):
    table = write_table(folder, "a.mp4,0", header="file,start_s")
    with pytest.raises(SourceError, match="'end_s'"):
        find_sources([table])


@pytest.mark.parametrize(
    ("names", "told"),
    [([], "No source is named"), (["nowhere"], "no file or folder")],
)
def test_nothing_to_build_from_is_a_usage_error(names, told):
    with pytest.raises(UsageError, match=told) as caught:
        find_sources(names)
    assert caught.value.exit_code == 2


def test_a_folder_without_media_is_a_usage_error(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UsageError, match="no video or image"):
        find_sources([tmp_path])
