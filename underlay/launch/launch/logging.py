"""Log lines and process output: to the screen, the launch log file and files of their own.

Files are below ROS_LOG_DIR, else ROS_HOME/log, else ~/.ros/log, in a directory made for each
launch when the first of them is needed; `latest` there points to the newest.
OVERRIDE_LAUNCH_SCREEN_FORMAT and OVERRIDE_LAUNCH_LOG_FORMAT replace the line formats.
"""

from __future__ import annotations

import datetime
import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["get_logger", "get_output_loggers", "launch_config", "log_launch_config", "reset"]

_SCREEN_FORMATS = {
    "default": "[{levelname}] [{name}]: {msg}",
    "default_with_timestamp": "{created:.7f} [{levelname}] [{name}]: {msg}",
}
_LOG_FORMATS = {"default": "{created:.7f} [{levelname}] [{name}]: {msg}"}

_SOURCES = ("stdout", "stderr", "both")
_DESTINATIONS = ("screen", "log", "own_log")
_OUTPUT_ALIASES: dict[str, dict[str, set[str]]] = {
    "screen": {"both": {"screen"}},
    "log": {"both": {"log"}, "stderr": {"screen"}},
    "both": {"both": {"log", "screen"}},
    "own_log": {"both": {"own_log"}, "stdout": {"own_log"}, "stderr": {"own_log"}},
    "full": {
        "both": {"screen", "log", "own_log"},
        "stdout": {"own_log"},
        "stderr": {"own_log"},
    },
}


class _PerLoggerFormats(logging.Handler):
    """A handler whose lines may look different for single loggers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._formatters: dict[str, logging.Formatter] = {}

    def set_formatter_for(self, logger: logging.Logger, formatter: logging.Formatter) -> None:
        self._formatters[logger.name] = formatter

    def format(self, record: logging.LogRecord) -> str:
        formatter = self._formatters.get(record.name)
        return super().format(record) if formatter is None else formatter.format(record)


class _FileHandler(_PerLoggerFormats, logging.FileHandler):
    pass


class _ScreenHandler(_PerLoggerFormats):
    """Writes to what is standard output at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; what the terminal cannot show is replaced."""
        try:
            line = self.format(record) + "\n"
            encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
            sys.stdout.write(line.encode(encoding, "replace").decode(encoding))
            sys.stdout.flush()
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)


def _formatter(
    line_format: str | None, style: str | None, aliases: Mapping[str, str], variable: str
) -> logging.Formatter | None:
    override = os.environ.get(variable)
    if override:
        line_format = override.encode("latin1", "backslashreplace").decode("unicode_escape")
        style = None
    elif line_format is not None and line_format in aliases:
        if style is not None:
            raise ValueError(f"the '{line_format}' format has a style of its own")
        line_format = aliases[line_format]
    if line_format is None:
        return None
    return logging.Formatter(line_format, style=style or "{")  # type: ignore[arg-type]


class LaunchConfig:
    """Where log lines go and what they look like, for the whole process."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget directory, handlers and formats."""
        self._log_dir: str | None = None
        self.file_handlers: dict[str, _FileHandler] = {}
        self.screen_handler: _ScreenHandler | None = None
        self.set_screen_format("default")
        self.set_log_format("default")

    @property
    def level(self) -> int:
        """The level below which nothing is logged by default: that of Python's root logger."""
        return logging.root.getEffectiveLevel()

    @level.setter
    def level(self, new_level: int | str) -> None:
        logging.root.setLevel(new_level)

    @property
    def log_dir(self) -> str:
        """The directory of this launch's log files, made when first asked for."""
        if self._log_dir is None:
            base = os.environ.get("ROS_LOG_DIR") or os.path.join(
                os.environ.get("ROS_HOME") or os.path.join("~", ".ros"), "log"
            )
            self._log_dir = _make_log_dir(os.path.normpath(os.path.expanduser(base)))
        return self._log_dir

    @log_dir.setter
    def log_dir(self, new_log_dir: str | None) -> None:
        if new_log_dir is not None:
            if self.file_handlers:
                warnings.warn(
                    f"some loggers write below {self._log_dir} already and will go on to do so",
                    stacklevel=2,
                )
            if not os.path.isdir(new_log_dir):
                raise ValueError(f"{new_log_dir} is not a directory")
        self._log_dir = new_log_dir

    def set_screen_format(
        self, screen_format: str | None, *, screen_style: str | None = None
    ) -> None:
        """Set the format of screen lines: a format, `default` or `default_with_timestamp`."""
        self.screen_formatter = _formatter(
            screen_format, screen_style, _SCREEN_FORMATS, "OVERRIDE_LAUNCH_SCREEN_FORMAT"
        )
        if self.screen_handler is not None:
            self.screen_handler.setFormatter(self.screen_formatter)

    def set_log_format(self, log_format: str | None, *, log_style: str | None = None) -> None:
        """Set the format of file lines: a format or `default`."""
        self.file_formatter = _formatter(
            log_format, log_style, _LOG_FORMATS, "OVERRIDE_LAUNCH_LOG_FORMAT"
        )
        for handler in self.file_handlers.values():
            handler.setFormatter(self.file_formatter)

    def get_screen_handler(self) -> _ScreenHandler:
        """Return the one handler that writes to standard output."""
        if self.screen_handler is None:
            self.screen_handler = _ScreenHandler()
            self.screen_handler.setFormatter(self.screen_formatter)
        return self.screen_handler

    def get_log_file_path(self, file_name: str = "launch.log") -> str:
        """Return the path of a log file of this launch."""
        return os.path.join(self.log_dir, file_name)

    def get_log_file_handler(self, file_name: str = "launch.log") -> _FileHandler:
        """Return the one handler that writes to this log file."""
        if file_name not in self.file_handlers:
            handler = _FileHandler(self.get_log_file_path(file_name), encoding="utf-8")
            handler.setFormatter(self.file_formatter)
            self.file_handlers[file_name] = handler
        return self.file_handlers[file_name]


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


_loggers: list[logging.Logger] = []

launch_config = LaunchConfig()


def _logger(name: str | None) -> logging.Logger:
    logger = logging.getLogger(name)
    if logger not in _loggers:
        _loggers.append(logger)
        if logger is not logging.root:
            logger.propagate = False
    return logger


def _add_handler(logger: logging.Logger, handler: logging.Handler) -> None:
    if handler not in logger.handlers:
        logger.addHandler(handler)


def get_logger(name: str | None = None) -> logging.Logger:
    """Return a logger that writes to the screen and to the launch log file."""
    logger = _logger(name)
    _add_handler(logger, launch_config.get_screen_handler())
    _add_handler(logger, launch_config.get_log_file_handler())
    return logger


def log_launch_config(*, logger: logging.Logger = logging.root) -> None:
    """Log where the log files are and which level holds."""
    if launch_config.file_handlers:
        logger.info(f"All log files can be found below {launch_config.log_dir}")
    level = logging.getLevelName(logging.root.getEffectiveLevel())
    logger.info(f"Default logging verbosity is set to {level}")


def _destinations(config: str | Mapping[str, Any]) -> dict[str, set[str]]:
    if isinstance(config, str):
        if config not in _OUTPUT_ALIASES:
            raise ValueError(
                f"'{config}' is not an output configuration, use one of "
                f"{', '.join(_OUTPUT_ALIASES)} or a dictionary"
            )
        config = _OUTPUT_ALIASES[config]
    if not isinstance(config, Mapping):
        raise ValueError(f"{config!r} is not an output configuration")
    result: dict[str, set[str]] = {source: set() for source in _SOURCES}
    for source, wanted in config.items():
        if source not in _SOURCES:
            raise ValueError(f"'{source}' is not an output source: {', '.join(_SOURCES)}")
        names: Iterable[str] = {wanted} if isinstance(wanted, str) else wanted
        for name in names:
            if name not in _DESTINATIONS:
                raise ValueError(
                    f"'{name}' is not an output destination: {', '.join(_DESTINATIONS)}"
                )
        result[source] = set(names)
    return result


def get_output_loggers(
    process_name: str, output_config: str | Mapping[str, Any]
) -> tuple[logging.Logger, logging.Logger]:
    """Return the loggers for the lines of a process's stdout and stderr.

    `output_config` is screen, log (all to the launch log file, stderr to the screen too), both,
    own_log, full, or a dictionary from stdout, stderr, both to screen, log, own_log.
    """
    destinations = _destinations(output_config)
    line: Callable[[str], logging.Formatter] = lambda text: logging.Formatter(text, style="{")  # noqa: E731
    loggers = []
    for source in ("stdout", "stderr"):
        logger = _logger(f"{process_name}-{source}")
        wanted = destinations["both"] | destinations[source]
        if "screen" in wanted:
            screen = launch_config.get_screen_handler()
            screen.set_formatter_for(logger, line("{msg}"))
            _add_handler(logger, screen)
        if "log" in wanted:
            log_file = launch_config.get_log_file_handler()
            log_file.set_formatter_for(logger, line("{created:.7f} {msg}"))
            _add_handler(logger, log_file)
        if "own_log" in destinations[source]:
            own_file = launch_config.get_log_file_handler(f"{process_name}-{source}.log")
            own_file.setFormatter(line("{msg}"))
            _add_handler(logger, own_file)
        if "own_log" in destinations["both"]:
            shared_file = launch_config.get_log_file_handler(f"{process_name}.log")
            shared_file.setFormatter(line("{msg}"))
            _add_handler(logger, shared_file)
        loggers.append(logger)
    return loggers[0], loggers[1]


def reset() -> None:
    """Take the handlers off all loggers made here and start anew."""
    for logger in _loggers:
        logger.setLevel(logging.INFO if logger is logging.root else logging.NOTSET)
        logger.handlers.clear()
    for handler in launch_config.file_handlers.values():
        handler.close()
    launch_config.reset()
    logging.root.setLevel(logging.INFO)
