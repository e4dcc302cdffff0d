"""Switches of the whole test run."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import reaper
from tests.support import conformance
from tests.support.properties import register_profiles

register_profiles()

collect_ignore_glob = [] if conformance.FOLDER.is_dir() else ["unit/*_conformance.py"]


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
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts its background jobs like that, and tests send it to what they start.
        signal.signal(signal.SIGINT, signal.default_int_handler)


_LOGGERS = ("stamina", "gitops_action", "testbed")
_STATE = pytest.StashKey[dict[str, object]]()


def _process_state() -> dict[str, object]:
    """What belongs to the process, and so to each test that a worker runs later."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    state: dict[str, object] = {
        each.name: (each.level, each.propagate, each.disabled, len(each.handlers))
        for each in loggers
    }
    return state | {"folder": Path.cwd(), "root logger": logging.root.level}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Note the process' state before the fixtures, those of the whole run included."""
    item.stash[_STATE] = _process_state()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail the test that leaves the process changed, not one that runs after it."""
    result = yield
    before, after = item.stash[_STATE], _process_state()
    changed = {name: (value, after[name]) for name, value in before.items() if value != after[name]}
    assert not changed, f"it leaves the process changed: {changed}"
    return result


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
    if collect_ignore_glob:
        terminalreporter.write_line(conformance.LEFT_OUT)
    skipped = len(_skipped(config))
    if config.option.no_skips and skipped:
        terminalreporter.write_line(f"{skipped} skipped, and none may be here", red=True)
