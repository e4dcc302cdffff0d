"""The values of a validation: its hashes, what is declared, what is concealed, its inputs."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.inputs import VALIDATE, ValidateInputs, check_values, validate_inputs
from gitops_action.core.markdown import fenced
from gitops_action.core.outcome import Job
from gitops_action.core.redaction.known import concealed
from gitops_action.core.report.validation import rendered_hash, shown_files, unrendered_hash
from gitops_action.core.repository import Sides, Tree, TreeFile
from gitops_action.core.trailers import (
    FinishedRun,
    ProposalTrailers,
    declared_by,
    finished_run_of,
    proposal_of,
)
from gitops_action.errors import UsageError

Files = dict[str, tuple[str, str]]


def sides(base: Files, merged: Files) -> Sides:
    def tree(files: Files) -> Tree:
        return Tree(commit="", files={p: TreeFile(mode=m, blob=b) for p, (m, b) in files.items()})

    return Sides(base=tree(base), merged=tree(merged))


BASE: Files = {
    ".github/workflows/a.yml": ("100644", "1"),
    "env/web.yaml": ("100644", "2"),
    "README.md": ("100644", "3"),
}
NOTHING = unrendered_hash(sides(BASE, BASE), ())


def changed(**files: tuple[str, str] | None) -> str:
    merged = {**BASE, **files}
    return unrendered_hash(sides(BASE, {p: f for p, f in merged.items() if f}), {"env/web.yaml"})


def test_the_rendered_hash_stands_for_names_and_contents() -> None:
    first = rendered_hash({"staging": "sha256:1", "production": "sha256:2"})
    assert first == rendered_hash({"production": "sha256:2", "staging": "sha256:1"})
    assert first != rendered_hash({"staging": "sha256:2", "production": "sha256:1"})
    assert first != rendered_hash({"staging": "sha256:1"})
    assert rendered_hash({"staging": "sha256:1", "production": ""}) == ""
    assert rendered_hash({}).startswith("sha256:")


def test_the_unrendered_hash_stands_for_every_other_changed_file() -> None:
    hashes = [
        NOTHING,
        changed(**{".github/workflows/a.yml": ("100644", "9")}),
        changed(**{".github/workflows/a.yml": ("100755", "1")}),
        changed(**{".github/workflows/a.yml": None}),
        changed(CODEOWNERS=("100644", "9")),
        changed(CODEOWNER=("100644", "9")),
        changed(**{"CODEOWNERS": ("100644", "9"), "README.md": ("100644", "9")}),
    ]
    assert len(set(hashes)) == len(hashes)
    assert changed(**{"env/web.yaml": ("100644", "9")}) == NOTHING


def test_the_unrendered_hash_survives_a_move_of_the_base() -> None:
    """What a person approved is the file as it will be, whatever it was before."""
    head = {"CODEOWNERS": ("100644", "9")}
    moved = {**BASE, "README.md": ("100644", "7"), "CODEOWNERS": ("100644", "5")}
    assert unrendered_hash(sides(moved, {**moved, **head}), ()) == changed(**head)


def test_only_objects_and_kustomizations_are_shown_in_full() -> None:
    closure = {"env/kustomization.yaml", "env/web.yaml", "env/patch.yaml", "env/chart/Chart.yaml"}
    assert shown_files({"env/web.yaml"}, closure) == {"env/kustomization.yaml", "env/web.yaml"}


BODY = "Bump\n\nGitOps-Environment: staging\nGitOps-Image: a/b:1\nGitOps-Image: a/c:2\n"


def test_the_body_declares_else_the_newest_commit() -> None:
    found = declared_by(ProposalTrailers(body=BODY, messages=("x\n\nGitOps-Image: a/b:9\n",)))
    assert found is not None
    assert [str(image) for image in found.images] == ["a/b:1", "a/c:2"]
    assert found.environments == ("staging",)
    messages = ("x\n\nGitOps-Image: a/b:8\n", "x\n\nGitOps-Image: a/b:9\n", "Fix")
    found = declared_by(ProposalTrailers(body="My change", messages=messages))
    assert found is not None
    assert [str(image) for image in found.images] == ["a/b:9"]
    assert declared_by(ProposalTrailers(body="My change", messages=("Fix",))) is None


@given(st.text())
def test_any_text_can_be_a_body(text: str) -> None:
    declared_by(ProposalTrailers(body=f"x\n\nGitOps-Image: {text}", messages=(text,)))


def test_the_events_pull_request_is_read() -> None:
    event = {"pull_request": {"number": 7, "head": {"sha": "a"}, "base": {"ref": "main"}}}
    found = proposal_of(Job(event_name="pull_request", event=event))
    assert (found.number, found.head, found.base, found.body) == (7, "a", "main", "")
    assert proposal_of(Job(event_name="push", event=event)) == ProposalTrailers()
    odd = {"pull_request": {"number": "7", "head": None}}
    assert proposal_of(Job(event_name="pull_request", event=odd)) == ProposalTrailers()


def test_the_run_that_a_job_follows_is_read() -> None:
    head = {"owner": {"login": "eve"}}
    run = {"head_repository": head, "head_branch": "patch-1", "head_sha": "a"}
    job = Job(event_name="workflow_run", event={"workflow_run": run})
    assert finished_run_of(job) == FinishedRun(owner="eve", branch="patch-1", commit="a")
    assert finished_run_of(Job(event_name="push", event={"workflow_run": run})) is None
    deleted = {**run, "head_repository": None}
    job = Job(event_name="workflow_run", event={"workflow_run": deleted})
    assert finished_run_of(job) is None


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_" + "a1B2" * 9,
        "ghs_" + "a1B2" * 9,
        "github_pat_" + "A1b2" * 10,
        "glpat-" + "a1B2" * 5,
        "xoxb-123456789012-abcdef",
        "AKIA" + "ABCD1234" * 2,
        "npm_" + "a1B2" * 9,
        "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    ],
)
def test_credentials_are_concealed_by_their_shape(secret: str) -> None:
    assert concealed(f'token: "{secret}" # x') == 'token: "***" # x'


def test_a_password_in_an_address_and_a_private_key_are_concealed() -> None:
    assert concealed("postgres://app:hunter2@db/x") == "postgres://app:***@db/x"
    key = "+-----BEGIN RSA PRIVATE KEY-----\n+MIIE\n+x==\n+-----END RSA PRIVATE KEY-----\n+more"
    shown = concealed(key)
    assert "MIIE" not in shown
    assert shown.endswith("\n+more")
    assert shown.count("\n") == key.count("\n")
    assert "MIIE" not in concealed(key.partition("\n+---")[0])


@pytest.mark.parametrize(
    "text",
    ["ghcr.io/acme/web:v1", "sha256:" + "a" * 64, "https://acme.dev:8443/x@y", "key: eyJ.eyJ"],
)
def test_other_text_is_not_concealed(text: str) -> None:
    assert concealed(text) == text


@given(st.text(alphabet="`~ab\n\x00\t#@", max_size=60), st.integers(0, 9))
def test_a_fence_is_longer_than_any_run_in_it(text: str, lines: int) -> None:
    first, *body, last = fenced(text, language="diff", lines=lines).split("\n")
    fence = first.removesuffix("diff")
    assert last == fence
    assert len(fence) >= 3
    assert not any(fence in line for line in body)
    assert len(body) <= max(lines, 0) + 1
    assert all(letter.isprintable() or letter == "\t" for line in body for letter in line)


def inputs(**given: str) -> ValidateInputs:
    texts = {name.replace("_", "-"): text for name, text in given.items()}
    return validate_inputs(check_values(VALIDATE, texts), {"GITHUB_ACTOR": "alice"})


def test_every_input_has_its_attribute() -> None:
    declared = {item.field for item in VALIDATE.inputs}
    attributes = {item.name for item in fields(ValidateInputs)}
    assert attributes - {"ghcr_username", "ghcr_password"} == declared


def test_a_checkout_needs_neither_token_nor_repository() -> None:
    found = inputs()
    assert (found.pull_request, found.base, found.comment) == (None, None, False)
    assert (found.verify, found.working_directory) == ("auto", ".")


@pytest.mark.parametrize(("text", "number"), [("42", 42), ("#42", 42), ("007", 7)])
def test_a_number_is_read(text: str, number: int) -> None:
    assert inputs(pull_request=text, token="t", repository="a/b").pull_request == number


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.0", "٣", "9" * 40, "4294967296", "#"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="pull-request"):
        inputs(pull_request=text, token="t", repository="a/b")


@pytest.mark.parametrize("given", [{"pull_request": "7"}, {"comment": "true"}])
def test_github_is_reached_by_name_and_token(given: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="not known"):
        inputs(**given, token="t")
    with pytest.raises(UsageError, match="no token"):
        inputs(**given, repository="a/b")


def test_secrets_do_not_show() -> None:
    found = inputs(token="planted-1", source_token="planted-2", registry_password="planted-3")
    assert "planted" not in repr(found)
