# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Log lines and process output: to the screen and to the launch log file.

The file is below ROS_LOG_DIR, else ROS_HOME/log, else ~/.ros/log, in a directory that is made for each
launch when it is first needed; `latest` there points to the newest.
"""

from __future__ import annotations

import datetime
import logging
import os
import socket
import sys
import warnings

from .outside_subset import missing_names

__all__ = ["get_logger", "get_output_loggers", "launch_config", "log_launch_config"]
__getattr__ = missing_names(__name__)

_LINE = "[{levelname}] [{name}]: {msg}"
_OUTPUT = {
    "screen": ({"screen"}, {"screen"}),
    "log": ({"log"}, {"screen", "log"}),
    "both": ({"screen", "log"}, {"screen", "log"}),
}
"""Where stdout and stderr go for each output configuration."""


class _PerLoggerFormats(logging.Handler):
    """A handler that writes the lines of processes as they are."""

    def __init__(self, *args: str, encoding: str | None = None) -> None:
        if encoding is None:
            super().__init__()
        else:
            super().__init__(*args, encoding=encoding)  # type: ignore[call-arg]
        self._formatters: dict[str, logging.Formatter] = {}

    def set_format(self, line_format: str, logger: logging.Logger | None = None) -> None:
        formatter = logging.Formatter(line_format, style="{")
        if logger is None:
            self.setFormatter(formatter)
        else:
            self._formatters[logger.name] = formatter

    def format(self, record: logging.LogRecord) -> str:
        formatter = self._formatters.get(record.name)
        return super().format(record) if formatter is None else formatter.format(record)


class _FileHandler(_PerLoggerFormats, logging.FileHandler):
    pass


class _ScreenHandler(_PerLoggerFormats):
    """Writes to what is standard output at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line; what the terminal can't show is replaced."""
        try:
            line = self.format(record) + "\n"
            encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
            sys.stdout.write(line.encode(encoding, "replace").decode(encoding))
            sys.stdout.flush()
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)


class LaunchConfig:
    """Where log lines go, for the whole process."""

    def __init__(self) -> None:
        self._log_dir: str | None = None
        self._file: _FileHandler | None = None
        self._screen: _ScreenHandler | None = None

    @property
    def level(self) -> int:
        """The level below which nothing is logged: that of Python's root logger."""
        return logging.root.getEffectiveLevel()

    @level.setter
    def level(self, new_level: int) -> None:
        logging.root.setLevel(new_level)

    @property
    def log_dir(self) -> str:
        """The directory of this launch's log file, made when first asked for."""
        if self._log_dir is None:
            base = os.environ.get("ROS_LOG_DIR") or os.path.join(
                os.environ.get("ROS_HOME") or os.path.join("~", ".ros"), "log"
            )
            self._log_dir = _make_log_dir(os.path.normpath(os.path.expanduser(base)))
        return self._log_dir

    def screen_handler(self) -> _ScreenHandler:
        """Returns the one handler that writes to standard output."""
        if self._screen is None:
            self._screen = _ScreenHandler()
            self._screen.set_format(_LINE)
        return self._screen

    def file_handler(self) -> _FileHandler:
        """Returns the one handler that writes to the log file."""
        if self._file is None:
            self._file = _FileHandler(os.path.join(self.log_dir, "launch.log"), encoding="utf-8")
            self._file.set_format("{created:.7f} " + _LINE)
        return self._file


def _make_log_dir(base: str) -> str:
    while True:
        stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
        path = os.path.join(base, f"{stamp}-{socket.gethostname()}-{os.getpid()}")
        try:
            os.makedirs(path)
            break
        except FileExistsError:
            continue
    latest = os.path.join(base, "latest")
    try:
        if os.path.islink(latest):
            os.unlink(latest)
        os.symlink(path, latest, target_is_directory=True)
    except OSError as error:
        warnings.warn(f"cannot point {latest} to the newest log directory: {error}", stacklevel=2)
    return path


launch_config = LaunchConfig()


def _logger(name: str | None, handlers: list[logging.Handler]) -> logging.Logger:
    logger = logging.getLogger(name)
    if logger is not logging.root:
        logger.propagate = False
    for handler in handlers:
        if handler not in logger.handlers:
            logger.addHandler(handler)
    return logger


def get_logger(name: str | None = None) -> logging.Logger:
    """Returns a logger that writes to the screen and to the launch log file."""
    return _logger(name, [launch_config.screen_handler(), launch_config.file_handler()])


def log_launch_config(*, logger: logging.Logger) -> None:
    """Logs where the log file is and which level holds."""
    logger.info(f"All log files can be found below {launch_config.log_dir}")
    level = logging.getLevelName(launch_config.level)
    logger.info(f"Default logging verbosity is set to {level}")


def get_output_loggers(
    process_name: str, output_config: str
) -> tuple[logging.Logger, logging.Logger]:
    """Returns the loggers for the lines of a process's stdout and stderr.

    Args:
        process_name: the name of the process, which the loggers' names begin with.
        output_config: `screen`, `log` (all to the launch log file, stderr to the screen too) or `both`.

    Raises:
        ValueError: for any other configuration.
    """
    if output_config not in _OUTPUT:
        raise ValueError(
            f"'{output_config}' is not an output configuration of this underlay, use one of "
            f"{', '.join(_OUTPUT)}"
        )
    loggers = []
    for source, destinations in zip(("stdout", "stderr"), _OUTPUT[output_config], strict=True):
        handlers: list[logging.Handler] = []
        logger = logging.getLogger(f"{process_name}-{source}")
        if "screen" in destinations:
            launch_config.screen_handler().set_format("{msg}", logger)
            handlers.append(launch_config.screen_handler())
        if "log" in destinations:
            launch_config.file_handler().set_format("{created:.7f} {msg}", logger)
            handlers.append(launch_config.file_handler())
        loggers.append(_logger(logger.name, handlers))
    return loggers[0], loggers[1]
