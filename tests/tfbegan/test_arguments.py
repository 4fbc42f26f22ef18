"""A mistyped option is told by the command that it was meant for."""

import pytest

from tfbegan.cli.__main__ import main
from tfrecords_builder.cli import main as builder


@pytest.mark.parametrize(
    ("command_line", "arguments", "usage", "told"),
    [
        (
            main,
            ["train", "--seeed", "3"],
            "usage: tfbegan train",
            "unrecognized arguments: --seeed 3. Did you mean --seed?",
        ),
        (
            main,
            ["animate", "a.wav", "--ouput=b.mp4"],
            "usage: tfbegan animate",
            "unrecognized arguments: --ouput=b.mp4. Did you mean --output?",
        ),
        (
            builder,
            ["puppets", "--out", "x", "--one-siting"],
            "usage: tfrecords-builder puppets",
            "unrecognized arguments: --one-siting. Did you mean --one-sitting?",
        ),
        (
            builder,
            ["puppets", "--out", "x", "--nothing-of-ours", "out"],
            "usage: tfrecords-builder puppets",
            "unrecognized arguments: --nothing-of-ours out\n",
        ),
    ],
)
def test_what_a_command_does_not_know_it_tells_itself(
    capsys, command_line, arguments, usage, told
):
    with pytest.raises(SystemExit) as stopped:
        command_line(arguments)
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert shown.startswith(usage)
    assert told in shown
