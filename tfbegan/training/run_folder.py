"""A run folder: everything about a run, under a name that tells its facts."""

import contextlib
import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from tfbegan._version import __version__
from tfbegan.config import ModelConfig, ObjectiveConfig, TrainingConfig
from tfbegan.errors import ConfigError, DatasetError, RunError
from tfbegan.files import read_json, sha256_file, write_json, writing
from tfbegan.records import MARKER_NAME
from tfbegan.run_names import by_age, run_number

_BEST_NAME = "best.json"
_CONFIG_NAME = "config.json"
_PACKAGES = ("tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class RunConfig:
    """All that decides a run: same config and machine, same weights.

    Attributes:
        architecture: The networks.
        objective: The losses.
        training: How they are trained.
        data: Path of the data set, as it was given.
        data_sha256: Of the data set's marker file, which holds the hashes of
            all the rest.
    """

    architecture: ModelConfig
    objective: ObjectiveConfig
    training: TrainingConfig
    data: str
    data_sha256: str

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON types."""
        return {
            "architecture": self.architecture.to_dict(),
            "objective": self.objective.to_dict(),
            "training": self.training.to_dict(),
            "data": self.data,
            "data_sha256": self.data_sha256,
        }

    @classmethod
    def from_dict(cls, content: Any) -> "RunConfig":
        """The inverse of `to_dict`.

        Raises:
            ConfigError: Something is missing, unknown or out of range.
        """
        if not isinstance(content, dict):
            raise ConfigError(
                f"A run's {_CONFIG_NAME} must hold a JSON object. Received:"
                f" {type(content).__name__}. Restore the file."
            )
        try:
            return cls(
                ModelConfig.from_dict(content["architecture"]),
                ObjectiveConfig.from_dict(content["objective"]),
                TrainingConfig.from_dict(content["training"]),
                str(content["data"]),
                str(content["data_sha256"]),
            )
        except KeyError as error:
            raise ConfigError(
                f"A run's {_CONFIG_NAME} lacks {error}. Restore the file."
            ) from error


@dataclass(frozen=True)
class Best:
    """The best look so far.

    Attributes:
        step: When.
        quality: See `pictures.Look`.
    """

    step: int
    quality: float


@dataclass(frozen=True)
class RunFolder:
    """The paths in a run folder."""

    path: Path

    @property
    def config_file(self) -> Path:
        """The whole configuration, as JSON."""
        return self.path / _CONFIG_NAME

    @property
    def stats_file(self) -> Path:
        """One JSON object a line, one line every `log_steps`."""
        return self.path / "stats.jsonl"

    @property
    def looks_file(self) -> Path:
        """The same for the figures of every look: spread, and the sound's."""
        return self.path / "looks.jsonl"

    @property
    def notes_file(self) -> Path:
        """What happened, in sentences, one JSON object a line."""
        return self.path / "notes.jsonl"

    @property
    def report_file(self) -> Path:
        """The run as a page: curves, pictures, settings."""
        return self.path / "report.html"

    @property
    def checkpoints(self) -> Path:
        """Models with all that training needs to go on."""
        return self.path / "checkpoints"

    @property
    def generator_file(self) -> Path:
        """The generator alone: as of the last checkpoint, or, where it takes
        sound and there are clips to judge by, as of its best look. Once all
        steps are done it is finished; see `finish_file`."""
        return self.path / "generator.keras"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's event files."""
        return self.path / "tensorboard"

    @property
    def finish_file(self) -> Path:
        """Which generator is finished, and how well its flow knows the looks,
        as JSON; see `finish.finish_generator`."""
        return self.path / "finish.json"

    @property
    def earlier_fit_file(self) -> Path:
        """What told of the flow's fit when that was all there was to finish."""
        return self.path / "flow.json"

    def read_best(self) -> "Best | None":
        """When the generator that takes sound was best; None before that."""
        path = self.path / _BEST_NAME
        if not path.is_file():
            return None
        content = read_json(path)
        return Best(int(content["step"]), float(content["quality"]))

    def write_best(self, best: "Best") -> None:
        """Remembers it, also for a run that is resumed."""
        write_json(
            self.path / _BEST_NAME,
            {"step": best.step, "quality": best.quality},
        )

    def picture(self, kind: str, step: int) -> Path:
        """Of a kind such as "samples", at a step."""
        return self.path / kind / f"step-{step:08d}.png"

    def write_config(self, config: RunConfig) -> None:
        """Writes the run's configuration.

        Raises:
            OutputError: It can't be written.
        """
        write_json(self.config_file, config.to_dict())

    def read_config(self) -> RunConfig:
        """The run's configuration.

        Raises:
            RunError: This is no run folder, or its configuration is damaged.
        """
        if not self.config_file.is_file():
            raise RunError(
                f"{self.path} is no run folder: it has no {_CONFIG_NAME}."
                " Name a folder that train.py made."
            )
        try:
            return RunConfig.from_dict(read_json(self.config_file))
        except DatasetError as error:
            raise RunError(str(error)) from error
        except ConfigError as error:
            raise RunError(f"{self.config_file}: {error}") from error


def create_run_folder(runs: Path, config: RunConfig) -> RunFolder:
    """Makes the next run folder in `runs` and writes what is known.

    Raises:
        OutputError: It can't be written.
    """
    with writing(runs):
        runs.mkdir(parents=True, exist_ok=True)
        number = 1 + max(map(run_number, runs.iterdir()), default=-1)
        folder = RunFolder(_make_first_free(runs, number, _facts(config)))
    folder.write_config(config)
    write_json(folder.path / "environment.json", describe_environment())
    return folder


def newest_run(runs: Path) -> RunFolder:
    """The run folder with the highest number.

    Raises:
        RunError: There is none.
    """
    numbered = [
        path
        for path in (runs.iterdir() if runs.is_dir() else ())
        if (path / _CONFIG_NAME).is_file()
    ]
    if not numbered:
        raise RunError(
            f"There is no run in {runs}. Train one with:"
            " python train.py --conditioning noise"
        )
    return RunFolder(max(numbered, key=by_age))


def find_run(runs: Path, config: RunConfig) -> RunFolder | None:
    """A run of these very settings, finished or not; None where none is."""
    for path in sorted(runs.iterdir()) if runs.is_dir() else ():
        folder = RunFolder(path)
        with contextlib.suppress(RunError):  # no run, or one of another version
            if folder.read_config() == config:
                return folder
    return None


def data_fingerprint(data: Path) -> str:
    """SHA-256 of a data set's marker."""
    return sha256_file(data / MARKER_NAME)


def describe_environment() -> dict[str, Any]:
    """Versions and machine, for whoever wants to know why runs differ."""
    return {
        "tfbegan": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor_name(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def _make_first_free(runs: Path, number: int, facts: str) -> Path:
    """Another trainer may have taken the number since it was looked up."""
    while True:
        path = runs / f"{number:05d}-{facts}"
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _facts(config: RunConfig) -> str:
    return (
        f"{config.architecture.conditioning}"
        f"-faces{config.architecture.image_size}"
        f"-b{config.training.batch_size}"
        f"-g{config.objective.gamma:g}"
    )


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line for line in lines if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else ""
