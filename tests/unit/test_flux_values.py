"""Revisions, repositories, paths, charts and orders, as Flux spells them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.flux.source_match import beyond, follows, stale_charts
from gitops_action.core.flux.status import (
    applied,
    artifact_of,
    dependencies_of,
    inventory_of,
    is_behind,
    of_path,
    parse_revision,
    resume,
    source_of,
    suspended_by,
)
from gitops_action.core.manifests.model import Manifest, ObjectId
from tests.support.flux_status import COMMIT, git_source, kustomization

SHA256 = "e" * 64


@pytest.mark.parametrize(
    ("written", "name", "digest"),
    [
        (f"main@sha1:{COMMIT}", "main", COMMIT),
        (f"refs/heads/main@sha1:{COMMIT}", "main", COMMIT),
        (f"feature/x@sha1:{COMMIT}", "feature/x", COMMIT),
        (f"feature/x/{COMMIT}", "feature/x", COMMIT),
        (f"main/{COMMIT}", "main", COMMIT),
        (f"sha1:{COMMIT}", "", COMMIT),
        (COMMIT, "", COMMIT),
        (f"HEAD/{COMMIT}", "HEAD", COMMIT),
        (f"v1.2.3@sha1:{COMMIT}", "v1.2.3", COMMIT),
        (f"latest@sha256:{SHA256}", "latest", SHA256),
        (f"main@sha256:{SHA256}", "main", SHA256),
    ],
)
def test_every_spelling_is_read(written: str, name: str, digest: str) -> None:
    found = parse_revision(written)
    assert found is not None
    assert (found.name, found.digest) == (name, digest)
    assert found.digest[:12] in found.short


@pytest.mark.parametrize(
    "written",
    ["", "main", "main@sha1:", "main@sha1:xyz", f"main@sha256:{COMMIT}", f"md5:{COMMIT}", "1.2.3"],
)
def test_what_names_no_hash_is_none(written: str) -> None:
    assert parse_revision(written) is None


_NAMES = st.from_regex(r"[a-z][a-z0-9/._-]{0,20}[a-z0-9]", fullmatch=True)


@given(_NAMES, st.text("0123456789abcdef", min_size=40, max_size=40))
def test_old_and_new_spellings_are_the_same(name: str, commit: str) -> None:
    assert parse_revision(f"{name}/{commit}") == parse_revision(f"{name}@sha1:{commit}")


@given(st.text(max_size=120))
def test_no_text_breaks_it(text: str) -> None:
    parse_revision(text)


def compared(url: str, ref: dict[str, str] | None = None, branch: str = "main") -> Any:
    spec: dict[str, Any] = {"url": url, "ref": {"branch": "main"} if ref is None else ref}
    return follows(
        git_source(**spec),
        server_url="https://github.com",
        repository="acme/environment",
        branch=branch,
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/environment",
        "https://github.com/Acme/Environment.git",
        "https://x:token@github.com/acme/environment/",
        "ssh://git@github.com/acme/environment",
        "ssh://git@ssh.github.com:443/acme/environment.git",
        "git@github.com:acme/environment.git",
    ],
)
def test_the_same_repository_has_many_addresses(url: str) -> None:
    found = compared(url)
    assert (found.problem, found.note) == ("", "")


def test_another_repository_is_a_problem_and_no_password_is_shown() -> None:
    found = compared("https://user:s3cr3t@github.com/acme/other")
    assert "https://github.com/acme/other" in found.problem
    assert "s3cr3t" not in found.problem
    assert "acme/other" in compared("git@github.com:acme/other").problem


def test_a_mirror_is_a_note() -> None:
    assert "git.acme.dev" in compared("https://git.acme.dev/acme/environment").note


@pytest.mark.parametrize(
    ("ref", "problem"),
    [
        ({"branch": "main"}, False),
        ({"name": "refs/heads/main"}, False),
        ({"branch": "next"}, True),
        ({"name": "refs/heads/next"}, True),
        ({}, True),  # Flux reads `master` then
        ({"tag": "v1"}, False),
        ({"semver": ">=1"}, False),
        ({"branch": "main", "commit": COMMIT}, False),
    ],
)
def test_the_branch_is_compared(ref: dict[str, str], problem: bool) -> None:
    found = compared("https://github.com/acme/environment", ref)
    assert bool(found.problem) is problem
    if not ref:
        assert "`master`" in found.problem
    assert not compared("https://github.com/acme/environment", ref, branch="").problem


def test_an_artifact_is_not_held_against_the_address() -> None:
    source = {**git_source(url="oci://ghcr.io/acme/any"), "kind": "OCIRepository"}
    assert follows(source, server_url="https://github.com", repository="a/b", branch="main") == (
        follows({}, server_url="", repository="", branch="")
    )


@pytest.mark.parametrize(
    ("path", "folders", "chosen"),
    [
        ("environments/staging", ["./environments/staging", "./environments/production"], [0]),
        ("environments/staging", ["environments/staging/", "environments/staging/web"], [0, 1]),
        ("environments/staging", ["./environments", "./", "./other"], [0]),
        ("environments/staging", ["", "./other"], [0]),
        ("environments/staging", ["./environments/staging-2", "./other"], []),
        ("applications/{application}/staging", ["./applications/web/staging"], [0]),
        ("applications/{application}/staging", ["./applications/web/live", "./applications"], [1]),
        ("", ["./applications", "./"], [0, 1]),
    ],
)
def test_kustomizations_are_found_by_path(path: str, folders: list[str], chosen: list[int]) -> None:
    every = [kustomization(path=folder) for folder in folders]
    assert of_path(every, path) == tuple(every[number] for number in chosen)


def manifest(kind: str, group: str, spec: dict[str, Any]) -> Manifest:
    one = ObjectId(group=group, kind=kind, namespace="web", name="web")
    return Manifest(id=one, version="v2", body={"kind": kind, "spec": spec})


@pytest.mark.parametrize(
    ("source", "strategy", "warned"),
    [
        ("GitRepository", None, True),
        ("GitRepository", "ChartVersion", True),
        ("GitRepository", "Revision", False),
        ("HelmRepository", None, False),
    ],
)
def test_a_chart_from_git_by_its_version_is_warned_about(
    source: str, strategy: str | None, warned: bool
) -> None:
    spec: dict[str, Any] = {"chart": "./web", "sourceRef": {"kind": source, "name": "web"}}
    spec |= {"reconcileStrategy": strategy} if strategy else {}
    release = manifest("HelmRelease", "helm.toolkit.fluxcd.io", {"chart": {"spec": spec}})
    chart = manifest("HelmChart", "source.toolkit.fluxcd.io", spec)
    foreign = manifest("HelmRelease", "example.com", {"chart": {"spec": spec}})
    notes = stale_charts([release, chart, foreign])
    assert len(notes) == (2 if warned else 0)
    assert all("reconcileStrategy: Revision" in note for note in notes)


def test_who_suspended_it_is_in_the_managed_fields() -> None:
    body = kustomization(suspend=True)
    assert suspended_by(body) == ""
    entry = {"manager": "flux", "time": "2026-01-01T00:00:00Z"}
    body["metadata"]["managedFields"] = [
        {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:path": {}}}},
        {**entry, "fieldsV1": {"f:spec": {"f:suspend": {}}}},
    ]
    assert suspended_by(body) == "flux at 2026-01-01T00:00:00Z"
    assert resume(body) == "flux resume kustomization web -n flux-system"
    assert resume(git_source()) == "flux resume source git web -n flux-system"
    assert "kubectl patch externalartifact" in resume({**body, "kind": "ExternalArtifact"})


@pytest.mark.parametrize(("observed", "behind"), [(1, False), (2, False), (0, True), (-1, True)])
def test_a_controller_may_be_behind(observed: int, behind: bool) -> None:
    assert is_behind(kustomization(observed=observed)) is behind


def test_references_default_to_the_own_namespace() -> None:
    body = kustomization(dependsOn=[{"name": "infra"}, {"name": "base", "namespace": "other"}])
    assert [str(one) for one in dependencies_of(body)] == [
        "Kustomization flux-system/infra",
        "Kustomization other/base",
    ]
    assert str(source_of(body)) == "GitRepository flux-system/web"
    body["spec"]["sourceRef"]["namespace"] = "sources"
    assert source_of(body).namespace == "sources"


def test_an_inventory_is_read_and_what_is_none_is_left_out() -> None:
    body = kustomization()
    body["status"]["inventory"] = {
        "entries": [{"id": "web_web_apps_Deployment", "v": "v1"}, {"id": "nonsense", "v": "v1"}]
    }
    ((one, version),) = inventory_of(body)
    assert (str(one), version) == ("Deployment web/web", "v1")


def test_the_digest_of_an_artifact_is_no_commit() -> None:
    source = {**git_source(), "kind": "OCIRepository"}
    source["status"]["artifact"] = {
        "revision": f"main@sha256:{SHA256}",
        "metadata": {"org.opencontainers.image.revision": f"main@sha1:{COMMIT}"},
    }
    held = artifact_of(source)
    assert held is not None
    assert held.digest == COMMIT
    body = kustomization(sourceRef={"kind": "OCIRepository", "name": "web"})
    body["status"]["lastAppliedRevision"] = f"main@sha256:{SHA256}"
    assert applied(body, source) == held
    body["status"]["lastAppliedRevision"] = "main@sha256:" + "f" * 64
    assert applied(body, source) is None
    body["status"]["lastAppliedOriginRevision"] = f"main@sha1:{COMMIT}"
    assert applied(body, source) == held
    assert artifact_of({"kind": "Bucket", "status": {"artifact": {"revision": SHA256}}}) is None


def test_what_is_not_proved_is_said() -> None:
    body = kustomization(kubeConfig={"secretRef": {"name": "other"}})
    entry = "flux-system_apps_kustomize.toolkit.fluxcd.io_Kustomization"
    body["status"]["inventory"] = {"entries": [{"id": entry, "v": "v1"}]}
    ((child, _),) = inventory_of(body)
    other, remote = beyond(body, [])
    assert "applies Kustomization flux-system/apps" in other
    assert "is Flux's word" in remote
    assert beyond(body, [child]) == (remote,)
    assert beyond(kustomization(), []) == ()
