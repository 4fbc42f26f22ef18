"""The error family: what was received, why it can't be used, what to do."""

import signal


class TFBeganError(Exception):
    """Base of every error that this package raises on purpose.

    The message is one or a few plain sentences: what was received, why it
    can't be used, what to do. The command line prints it and exits with
    `exit_code`; a traceback means a bug.
    """

    exit_code = 1


class ConfigError(TFBeganError, ValueError):
    """An option or setting is outside of what it can be."""

    exit_code = 2


class UsageError(TFBeganError):
    """A command was called in a way that makes no sense."""

    exit_code = 2


class SourceError(TFBeganError):
    """A video, image, table or link can't be used as footage."""


class DatasetError(TFBeganError):
    """A folder is no data set, or one that is damaged or doesn't fit."""


class PlanChangedError(TFBeganError):
    """A folder was begun with other settings than the ones asked for."""

    exit_code = 2


class RunError(TFBeganError):
    """A run folder can't be used: missing, foreign, or without a model."""


class LockedError(TFBeganError):
    """Another process works in this folder."""


class ModelFileError(TFBeganError):
    """A model file is missing, damaged, foreign or unsafe."""


class DivergedError(TFBeganError):
    """A loss stopped being finite."""


class StoppedError(TFBeganError):
    """A signal ended one of several trainings, and so all of them.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(
            f"{signal.Signals(number).name}: stopped before the last training"
            " was done. Give the same command again to go on."
        )
        self.exit_code = 128 + number


class OutputError(TFBeganError):
    """A result can't be written: no space, no permission, no such folder."""
