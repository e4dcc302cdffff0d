"""Switches of the whole test run."""

from __future__ import annotations

import os

import pytest

from testbed import reaper
from tests.support.properties import register_profiles

register_profiles()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips",
        action="store_true",
        default=os.environ.get("CI") == "true",
        help="fail the run when a test was skipped (default where CI=true)",
    )


def pytest_configure() -> None:
    """Of the run and of each of its workers: what they start ends with them."""
    reaper.protect()


def _skipped(config: pytest.Config) -> list[pytest.TestReport]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter.stats.get("skipped", []) if reporter else []


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.option.no_skips and _skipped(session.config) and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    skipped = len(_skipped(config))
    if config.option.no_skips and skipped:
        terminalreporter.write_line(f"{skipped} skipped, and none may be here", red=True)
