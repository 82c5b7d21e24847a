# SPDX-License-Identifier: Apache-2.0
"""A node's logger whose messages nothing in them can end: see `foreign_text.log_text`."""

from __future__ import annotations

import logging
import os
from typing import Any

from rclpy.impl import rcutils_logger

from vla_common.language.foreign_text import log_text


class CleanLogger:
    """rclpy's logger of a node; everything besides the messages is left to it."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        # rclpy tells callers apart by where they stand (for `once`, for throttling): behind this file.
        here = os.path.realpath(__file__)
        if here not in rcutils_logger._internal_callers:
            rcutils_logger._internal_callers.append(here)

    def debug(self, message: str, **options: Any) -> bool:
        return bool(self._logger.debug(log_text(str(message)), **options))

    def info(self, message: str, **options: Any) -> bool:
        return bool(self._logger.info(log_text(str(message)), **options))

    def warning(self, message: str, **options: Any) -> bool:
        return bool(self._logger.warning(log_text(str(message)), **options))

    warn = warning

    def error(self, message: str, **options: Any) -> bool:
        return bool(self._logger.error(log_text(str(message)), **options))

    def fatal(self, message: str, **options: Any) -> bool:
        return bool(self._logger.fatal(log_text(str(message)), **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)


class _CleanFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return log_text(super().format(record))


def clean_python_logging() -> None:
    """What modules without ROS log goes to standard error, where nobody has set up anything else."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_CleanFormatter())
