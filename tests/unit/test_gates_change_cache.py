"""What a run of the gate takes over from an earlier one, and when it may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.core.gates.approvals import ChangeComparison
from gitops_action.core.gates.change_cache import (
    LASTS,
    BaseFingerprint,
    KnownPushers,
    RememberedChange,
    base_fingerprint,
    key_of,
    read_remembered,
    write_remembered,
)
from gitops_action.core.gates.open_pull_request import OpenPullRequest
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.images import parse_reference
from gitops_action.core.repository import Tree, TreeFile

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
HOLDS = ".github/gitops/holds/"
FILES = {
    ".github/gitops.yaml": "c",
    "README.md": "r",
    "environments/staging/web.yaml": "s",
    "environments/production/web.yaml": "p",
    "scripts/run.sh": "x",
}


def fingerprint(**changed: str) -> BaseFingerprint:
    """Of a base with these files changed; `__` stands for a slash and `_` for a dot."""
    files = FILES | {key.replace("__", "/").replace("_", "."): v for key, v in changed.items()}
    tree = Tree(
        commit="b", files={path: TreeFile(mode="100644", blob=b) for path, b in files.items()}
    )
    closures = {}
    for name in ("staging", "production"):
        paths = frozenset(path for path in files if path.startswith(f"environments/{name}/"))
        closures[name] = "|".join(f"{path}={files[path]}" for path in sorted(paths)), paths
    return base_fingerprint(tree, closures)


def entry(**given: object) -> RememberedChange:
    found = fingerprint()
    made = RememberedChange(
        key="k",
        base="b0",
        at=NOW,
        digest="d" * 64,
        causes={"production": frozenset({"objects", "inputs"})},
        moves={
            "production": (
                ImageMove(
                    application="web",
                    before=parse_reference("ghcr.io/acme/web:v1"),
                    after=parse_reference("ghcr.io/acme/web:v2@sha256:" + "2" * 64),
                ),
            )
        },
        ours=True,
        environments=found.environments,
        rest=found.rest,
        paths={"environments/production/web.yaml": "p"},
        compared={7: ChangeComparison(kind="different", objects=2)},
        pushers=KnownPushers(asked=frozenset({"bob"}), found=frozenset()),
    )
    return replace(made, **given)  # type: ignore[arg-type]  # fields of the entry


def comment(hidden: str) -> str:
    return f"<!-- gitops-action: gate -->\n<!-- gitops-action: state 0 -->\n{hidden}\n### text\n"


def test_an_entry_survives_the_comment() -> None:
    assert read_remembered(comment(write_remembered(entry()))) == entry()


def test_texts_cannot_end_the_hidden_part() -> None:
    odd = entry(paths={"a --> b.yaml": "x"})
    written = write_remembered(odd)
    assert written.count("-->") == 1
    assert read_remembered(comment(written)) == odd


def test_an_entry_below_the_third_line_is_text_of_the_pull_request() -> None:
    body = comment("<!-- gitops-action: change unknown -->") + write_remembered(entry()) + "\n"
    assert read_remembered(body) is None


@pytest.mark.parametrize("body", ["", "{", "{}", '{"at": 3}', '{"at":"2026-11-28"}'])
def test_what_cannot_be_read_is_no_entry(body: str) -> None:
    assert read_remembered(comment(f"<!-- gitops-action: change {body} -->")) is None


def test_a_large_change_has_no_entry() -> None:
    paths = {f"environments/production/{n}.yaml": "p" * 40 for n in range(200)}
    assert write_remembered(entry(paths=paths)) == ""


# On which base it holds.


def test_the_same_base_needs_no_look() -> None:
    assert entry().holds_on("b0", None)
    assert not entry().holds_on("b1", None)


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, True),
        ({"README_md": "r2"}, True),
        ({"environments__staging__web_yaml": "s2"}, True),
        ({"environments__production__web_yaml": "p2"}, False),
        ({"environments__production__new_yaml": "n"}, False),
        ({"scripts__run_sh": "y"}, False),
    ],
)
def test_it_holds_while_what_it_stands_on_is_the_same(
    changed: dict[str, str],
    holds: bool,
) -> None:
    assert entry().holds_on("b1", fingerprint(**changed)) is holds


def test_a_changed_configuration_is_another_base() -> None:
    found = fingerprint()
    files = dict(found.tree.files) | {".github/gitops.yaml": TreeFile(mode="100644", blob="c2")}
    other = base_fingerprint(
        Tree(commit="b1", files=files),
        {name: (found.environments[name], found.files[name]) for name in found.files},
    )
    assert not entry().holds_on("b1", other)


def test_holds_are_read_at_each_run_and_change_no_entry() -> None:
    found = fingerprint()
    files = dict(found.tree.files) | {f"{HOLDS}x.yaml": TreeFile(mode="100644", blob="h")}
    other = base_fingerprint(
        Tree(commit="b1", files=files),
        {name: (found.environments[name], found.files[name]) for name in found.files},
    )
    assert entry().holds_on("b1", other)


def test_a_file_that_another_environment_takes_in_now_counts() -> None:
    found = fingerprint(environments__staging__web_yaml="s2")
    shared = found.files["staging"] | {"environments/production/web.yaml"}
    now = replace(found, files={**found.files, "staging": shared})
    assert not entry().holds_on("b1", now)


def test_a_document_that_both_change_counts() -> None:
    changes = entry(paths={"README.md": "r"}, causes={})
    assert changes.holds_on("b1", fingerprint())
    assert not changes.holds_on("b1", fingerprint(README_md="r2"))


def test_an_added_file_stands_on_all_environments() -> None:
    staging = fingerprint(environments__staging__web_yaml="s2")
    assert not entry(whole=True).holds_on("b1", staging)
    assert entry(whole=True).holds_on("b1", fingerprint())


def test_an_entry_ends_within_two_days_and_not_all_at_once() -> None:
    assert entry().lasts(NOW + LASTS - timedelta(minutes=1), 0)
    assert not entry().lasts(NOW + LASTS, 0)
    assert entry().lasts(NOW + LASTS, 31)
    assert not entry().lasts(NOW + 2 * LASTS, 31)
    assert not entry().lasts(NOW - timedelta(minutes=1), 31)


@pytest.mark.parametrize(
    "changed", [{"head": "h2"}, {"body": "other"}, {"branch": "topic"}, {"fork": True}]
)
def test_the_key_names_what_an_evaluation_depends_on(changed: dict[str, object]) -> None:
    pull = OpenPullRequest(number=1, head="h", branch="gitops/production/web", base="main")
    other = replace(pull, **changed)  # type: ignore[arg-type]  # fields of a pull request
    assert key_of(pull, ("1.0",)) == key_of(pull, ("1.0",))
    assert key_of(pull, ("1.0",)) != key_of(other, ("1.0",))
    assert key_of(pull, ("1.0",)) != key_of(pull, ("1.1",))
