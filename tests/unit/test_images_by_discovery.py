"""What counts as an image is decided once: validate finds in a render what bump edits in files."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.discovery import images_in
from gitops_action.core.images import parse_reference
from gitops_action.core.manifests import parse_manifests
from gitops_action.core.validation.images import declared_in_render, images_of
from tests.support.plans import DEFAULT, configured, snapshot, text

DIGEST = "sha256:" + "ab" * 32
Found = set[tuple[str, str | None, str | None]]


def by_bump(manifest: str) -> Found:
    found = images_in(
        snapshot=snapshot({"web.yaml": manifest}), environment=DEFAULT, config=configured()
    )
    return {(use.repository, use.tag, use.digest) for use in found if use.reference}


def by_validate(manifest: str) -> Found:
    objects = parse_manifests("web.yaml", manifest.encode())
    read = [parse_reference(found) for found in images_of(objects)]
    return {(one.repository, one.tag, one.digest) for one in read}


def versioned(found: Found) -> Found:
    """A name alone can be edited; as an image it only counts in pods, where it means `latest`."""
    return {(name, tag, digest) for name, tag, digest in found if tag or digest}


def custom(spec: str) -> str:
    lines = "".join(f"  {line}\n" for line in text(spec).splitlines())
    return f"apiVersion: acme.dev/v1\nkind: App\nmetadata: {{name: web}}\nspec:\n{lines}"


POD = "containers: [{name: web, image: %s}]\n"
SHAPES = {
    "pod": POD % "acme/web:v1",
    "digest": POD % f"acme/web@{DIGEST}",
    "tag and digest": POD % f"acme/web:v1@{DIGEST}",
    "no tag": POD % "acme/web",
    "init containers": "template: {spec: {initContainers: [{name: a, image: acme/web:v1}]}}",
    "ephemeral": "ephemeralContainers: [{name: a, image: acme/web:v1}]",
    "image volume": "volumes: [{name: a, image: {reference: acme/web:v1}}]",
    "deep": "a: [{b: {c: {template: {spec: {containers: [{name: a, image: acme/web:v1}]}}}}}]",
    "image": "image: acme/web:v1",
    "word before image": "sidecarImage: acme/web:v1",
    "image with dashes": "sidecar-image: acme/web:v1",
    "bare word": "image: default",
    "repository and tag": "image: {repository: acme/web, tag: v1}",
    "repository with its tag": "image: {repository: 'acme/web:v1'}",
    "repository without tag": "image: {repository: acme/web}",
    "empty tag": "image: {repository: acme/web, tag: ''}",
    "null tag": "image: {repository: acme/web, tag: null}",
    "repo": "image: {repo: acme/web, tag: v1}",
    "name below image": "image: {name: acme/web, tag: v1}",
    "name elsewhere": "thing: {name: acme/web, tag: v1}",
    "registry": "image: {registry: ghcr.io, repository: acme/web, tag: v1}",
    "registry twice": "image: {registry: ghcr.io, repository: ghcr.io/acme/web, tag: v1}",
    "repository and digest": f"image: {{repository: acme/web, digest: '{DIGEST}'}}",
    "sha": f"image: {{repository: acme/web, tag: v1, sha: '{DIGEST.partition(':')[2]}'}}",
    "imageName and imageTag": "imageName: acme/web\nimageTag: v1",
    "imageRepository and imageTag": "imageRepository: acme/web\nimageTag: v1",
    "two words": "webImage: acme/web\nwebImageTag: v1\ndbImage: acme/db\ndbImageTag: v2",
    "global registry": "global: {imageRegistry: r.dev}\nimage: {repository: web, tag: v1}",
    "list": "images: [{repository: acme/web, tag: v1}, {repository: acme/db, tag: v2}]",
    "tag beside no name": "imageTag: v1",
    "template": "image: {repository: '${REPO}', tag: v1}",
}


@pytest.mark.parametrize("spec", SHAPES.values(), ids=SHAPES)
def test_custom_resources(spec: str) -> None:
    assert versioned(by_validate(custom(spec))) == versioned(by_bump(custom(spec)))


def test_a_pods_image_counts_without_a_tag() -> None:
    assert by_validate(custom(SHAPES["no tag"])) == {("docker.io/acme/web", None, None)}
    assert by_validate(custom(SHAPES["repository without tag"])) == set()


@pytest.mark.parametrize(
    ("spec", "image"),
    [
        (SHAPES["repository with its tag"], "acme/web:v1"),
        (SHAPES["imageName and imageTag"], "acme/web:v1"),
        (SHAPES["two words"], "acme/db:v2"),
        (SHAPES["global registry"], "r.dev/web:v1"),
    ],
)
def test_what_bump_edits_is_what_validate_finds_declared(spec: str, image: str) -> None:
    objects = parse_manifests("web.yaml", custom(spec).encode())
    assert declared_in_render([parse_reference(image)], objects) == ()
    assert declared_in_render([parse_reference("acme/other:v1")], objects)


def thing(version: str, kind: str, spec: str) -> str:
    return custom(spec).replace("acme.dev/v1", version).replace("kind: App", f"kind: {kind}")


KUSTOMIZE, HELM = "kustomize.toolkit.fluxcd.io/v1", "helm.toolkit.fluxcd.io/v2"
OBJECTS = {
    "deployment": thing(
        "apps/v1", "Deployment", "template: {spec: {" + SHAPES["pod"].strip() + "}}"
    ),
    "built-in fields": thing("apps/v1", "Deployment", "image: acme/web:v1"),
    "release": thing(HELM, "HelmRelease", "values: {image: {repository: acme/web, tag: v1}}"),
    "post-renderer": thing(
        HELM,
        "HelmRelease",
        """
        values: {image: {repository: acme/web, tag: v1}}
        postRenderers: [{kustomize: {images: [{name: acme/web, newTag: v2}]}}]
        """,
    ),
    "k3s": thing("helm.cattle.io/v1", "HelmChart", "valuesContent: 'image: acme/web:v1'"),
    "flux images": thing(KUSTOMIZE, "Kustomization", "images: [{name: acme/web, newTag: v1}]"),
    "flux renames": thing(
        KUSTOMIZE, "Kustomization", "images: [{name: web, newName: acme/web, newTag: v1}]"
    ),
    "argo values": thing(
        "argoproj.io/v1alpha1",
        "Application",
        "source: {helm: {valuesObject: {image: {repository: acme/web, tag: v1}}}}",
    ),
    "argo images": thing(
        "argoproj.io/v1alpha1", "Application", "source: {kustomize: {images: ['acme/web:v1']}}"
    ),
    "argo renames": thing(
        "argoproj.io/v1alpha1",
        "Application",
        "source: {kustomize: {images: ['web=acme/web:v1']}}",
    ),
    "data": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {image: acme/web:v1}\n",
    "policy": thing(
        "image.toolkit.fluxcd.io/v1", "ImageRepository", "image: acme/web\nimageTag: v1"
    ),
    "list": text(
        """
        apiVersion: v1
        kind: List
        items:
          - {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{image: web:v1}]}}
          - {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{image: db:v1}]}}
        """
    ),
}


@pytest.mark.parametrize("manifest", OBJECTS.values(), ids=OBJECTS)
def test_objects_with_rules_of_their_own(manifest: str) -> None:
    assert by_validate(manifest) == by_bump(manifest)


KEYS = st.sampled_from(
    [
        *("image", "repository", "name", "tag", "digest", "registry", "imageTag", "imageName"),
        *("webImage", "web-image", "repo", "sha256", "containers", "volumes", "spec", "other"),
    ]
)
VALUES = st.sampled_from(["acme/web", "acme/web:v1", "v1", "", "ghcr.io", "default", DIGEST, None])
TREES = st.recursive(
    VALUES,
    lambda below: st.dictionaries(KEYS, below, max_size=4) | st.lists(below, max_size=3),
    max_leaves=8,
)


@given(spec=st.dictionaries(KEYS, TREES, max_size=4))
def test_whatever_a_custom_resource_holds(spec: dict[str, object]) -> None:
    manifest = json.dumps(
        {"apiVersion": "acme.dev/v1", "kind": "App", "metadata": {"name": "web"}, "spec": spec}
    )
    assert versioned(by_validate(manifest)) == versioned(by_bump(manifest))
