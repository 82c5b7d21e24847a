# SPDX-License-Identifier: Apache-2.0
"""What the planner's tests share as fixtures."""

import logging

import pytest

from vla_common.unit_tests_only import pytest_configure as pytest_configure


@pytest.fixture
def planner_log(caplog, monkeypatch):
    """What the planner logs. Holds wherever upstream's launch is installed: its pytest plug-in makes loggers that hand
    nothing on to those above, where `caplog` listens.
    """
    caplog.set_level(logging.DEBUG)
    ours = [name for name in logging.root.manager.loggerDict if name.startswith("vla_planner")]
    for name in {"vla_planner", *ours}:
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "propagate", False)
        monkeypatch.setattr(logger, "handlers", [caplog.handler])
        monkeypatch.setattr(logger, "level", logging.DEBUG)
    return caplog
