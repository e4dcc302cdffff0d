"""`config check` and `config show` on checkouts, by the command line."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gitops_action import cli
from gitops_action.app.surroundings import ProcessEnvironment
from tests.support.configs import EXAMPLE, FILE
from tests.support.git_origin import with_origin

FILES: Mapping[str, bytes] = {
    FILE: EXAMPLE,
    "environments/staging/web/deployment.yaml": b"a: 1\n",
    "environments/production/web/deployment.yaml": b"a: 1\n",
}
HOLD = ".github/gitops/holds/production-web-v1.yaml"


def checkout(folder: Path, changes: Mapping[str, bytes | None]) -> Path:
    for path, data in {**FILES, **changes}.items():
        if data is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    return folder


def run(
    folder: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    streams = io.StringIO(), io.StringIO(), io.StringIO()
    around = ProcessEnvironment(
        environ=environ or {}, stdin=streams[0], stdout=streams[1], stderr=streams[2]
    )
    where = ["--working-directory", str(folder)]
    code = cli.main(["config", *arguments, *where], around)
    return code, streams[1].getvalue(), streams[2].getvalue()


def test_a_sound_configuration_is_said_to_be_so(tmp_path: Path) -> None:
    code, out, err = run(checkout(tmp_path, {}), "check")
    assert (code, out) == (0, "")
    assert "no mistakes (2 environments, 1 application, 0 holds)" in err


def test_mistakes_of_all_files_come_in_one_go(tmp_path: Path) -> None:
    folder = checkout(
        tmp_path,
        {
            FILE: EXAMPLE.replace(b"merge: auto ", b"merg: auto "),
            HOLD: b"environment: production\nimage: 'web:'\n",
            "environments/production/web/deployment.yaml": None,
        },
    )
    code, out, err = run(folder, "check", "--json")
    assert code == 2
    found = json.loads(out)["errors"]
    assert [(item["file"], item["line"], item["column"]) for item in found] == [
        (FILE, 9, 5),
        (FILE, 13, 11),
        (HOLD, 2, 8),
    ]
    assert all(item["fix"] for item in found)
    assert "did you mean 'merge'?" in err


def test_in_a_job_mistakes_are_annotations(tmp_path: Path) -> None:
    folder = checkout(tmp_path, {FILE: EXAMPLE.replace(b"path: env", b"path: ../env")})
    code, _, err = run(folder, "check", environ={"GITHUB_ACTIONS": "true"})
    assert code == 2
    assert f"::error file={FILE},line=8,col=11,title=" in err


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    code, _, err = run(checkout(tmp_path, {FILE: None}), "check")
    assert code == 0
    assert f"no {FILE}, so the defaults hold" in err


@pytest.mark.parametrize("path", ["../gitops.yaml", ".git/config", "/etc/passwd"])
def test_the_file_lies_in_the_checkout(tmp_path: Path, path: str) -> None:
    code, out, err = run(checkout(tmp_path, {}), "show", "--config", path)
    assert (code, out) == (2, "")
    assert "is not a path inside the working directory" in err


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"planted: 1\n")
    folder = checkout(tmp_path / "checkout", {FILE: None})
    (folder / ".github").mkdir()
    (folder / FILE).symlink_to(tmp_path / "secret")
    code, out, err = run(folder, "check")
    assert code == 2
    assert "symbolic link" in err
    assert "planted" not in out + err


def test_a_hold_that_cannot_be_read_fails_the_check(tmp_path: Path) -> None:
    code, _, err = run(checkout(tmp_path, {HOLD: b"\xff"}), "check")
    assert code == 2
    assert HOLD in err


def test_a_path_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    code, _, err = run(checkout(tmp_path, {}), "check", "--config", "a" * 300)
    assert code == 2
    assert "cannot be read" in err


def test_there_has_to_be_a_folder(tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "nowhere", "check")
    assert code == 2
    assert "is not a folder" in err


def test_what_is_shown_is_yaml_on_stdout(tmp_path: Path) -> None:
    code, out, _ = run(checkout(tmp_path, {}), "show")
    assert code == 0
    assert list(YAML(typ="safe").load(out)["environments"]) == ["staging", "production"]
    assert f"# {FILE}:9" in out
    assert "# folders: environments/staging" in out
    assert "# default" in out


def test_some_environments_alone_can_be_shown(tmp_path: Path) -> None:
    code, out, _ = run(checkout(tmp_path, {}), "show", "--environment", "production")
    assert code == 0
    assert list(YAML(typ="safe").load(out)["environments"]) == ["production"]
    code, out, err = run(tmp_path, "show", "--environment", "prodction")
    assert (code, out) == (2, "")
    assert "did you mean 'production'?" in err


def test_json_and_the_graph(tmp_path: Path) -> None:
    folder = checkout(tmp_path, {})
    shown = json.loads(run(folder, "show", "--format", "json")[1])
    assert shown["config"]["environments"]["staging"]["merge"] == "auto"
    assert shown["origins"]["environments.staging.merge"] == f"{FILE}:9"
    assert shown["folders"]["staging"] == [{"path": "environments/staging", "application": None}]
    assert run(folder, "show", "--format", "mermaid")[1].startswith("flowchart LR\n")
    document = json.loads(run(folder, "show", "--json")[1])
    assert document["data"]["config"] == shown["config"]
    assert document["data"]["mermaid"].startswith("flowchart LR\n")


def test_a_wrong_configuration_is_not_shown(tmp_path: Path) -> None:
    code, out, err = run(checkout(tmp_path, {FILE: b"version: 1\n"}), "show")
    assert (code, out) == (2, "")
    assert "environments is missing" in err


@pytest.mark.parametrize(
    "arguments", [["--format", "json"], ["--environment", "staging"]], ids=lambda item: item[0]
)
def test_flags_of_show_are_refused_where_they_do_nothing(
    tmp_path: Path, arguments: list[str]
) -> None:
    code, _, err = run(checkout(tmp_path, {}), "check", *arguments)
    assert code == 2
    assert f"`config check` has no {arguments[0]}" in err


@pytest.mark.parametrize("action", ["check", "show"])
@pytest.mark.parametrize(
    "arguments", [["--repository", "acme/other"], ["--base", "main"]], ids=lambda item: item[0]
)
def test_flags_of_remote_are_refused_without_it(
    tmp_path: Path, action: str, arguments: list[str]
) -> None:
    folder = checkout(tmp_path, {})
    code, out, err = run(folder, action, *arguments, environ={"GITHUB_REPOSITORY": "acme/env"})
    assert (code, out) == (2, "")
    assert f"`config {action}` does not use {arguments[0]} without --remote" in err
    assert f"`gitops-action config check --remote {arguments[0]} …`" in err


def test_the_repository_of_a_job_needs_no_remote(tmp_path: Path) -> None:
    code, _, err = run(checkout(tmp_path, {}), "check", environ={"GITHUB_REPOSITORY": "acme/env"})
    assert code == 0, err


def test_a_missing_token_comes_with_an_example(tmp_path: Path) -> None:
    code, _, err = run(checkout(tmp_path, {}), "check", "--remote", "--repository", "acme/env")
    assert code == 2
    example = '`GITOPS_TOKEN` (`export GITOPS_TOKEN="$(gh auth token)"`) or `--token-file`'
    assert "There is no token for acme/env" in err
    assert f"give {example}" in err


def test_an_origin_on_another_server_is_not_asked_about(tmp_path: Path) -> None:
    folder = with_origin(checkout(tmp_path, {}), "https://git.example.com/acme/environment.git")
    code, _, err = run(folder, "check", "--remote", environ={"GITOPS_TOKEN": "ghs_planted0123"})
    assert code == 2
    assert "The environment repository is not known" in err


def test_text_of_the_file_is_no_command_of_the_runner(tmp_path: Path) -> None:
    data = EXAMPLE.replace(b"[ci/smoke]", b'["##[error]a", "x\\n::error::b"]')
    code, out, _ = run(checkout(tmp_path, {FILE: data}), "show", "--format", "mermaid")
    assert code == 0
    assert "##[" not in out
    assert not any(line.lstrip().startswith("::") for line in out.splitlines())


def test_a_trusted_root_that_is_missing_is_an_error(tmp_path: Path) -> None:
    gates = b"{provenance: {workflow: o/r/.github/workflows/b.yml, trusted-root: roots.jsonl}}"
    data = b"version: 1\nenvironments:\n  a: {path: environments/staging, gates: %s}\n" % gates
    code, _, err = run(checkout(tmp_path, {FILE: data}), "check")
    assert code == 2
    assert f"{FILE}:3:95: environments.a.gates.provenance.trusted-root: there is no" in err


FLUX = b"""apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./%s, sourceRef: {kind: GitRepository, name: flux-system}}
"""
BY_FLUX = (
    b"version: 1\nenvironments:\n  a: {path: environments/staging, deploy: {engine: flux%s}}\n"
)


@pytest.mark.parametrize(
    ("reads", "more", "warned"),
    [
        (b"environments/staging", b"", False),
        (b"environments", b"", False),
        (b"elsewhere", b"", True),
        (b"elsewhere", b", kustomizations: [flux-system/apps]", False),
    ],
)
def test_a_path_that_flux_does_not_read_is_warned_of(
    tmp_path: Path, reads: bytes, more: bytes, warned: bool
) -> None:
    files = {FILE: BY_FLUX % more, "environments/staging/flux.yaml": FLUX % reads}
    code, _, err = run(checkout(tmp_path, files), "check")
    assert code == 0
    assert ("no Kustomization in this repository reads `environments/staging`" in err) == warned
