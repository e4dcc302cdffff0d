"""Folders rendered by the real kubectl: objects, where they are from, and how they are read."""

from pathlib import Path

import pytest

from gitops_action.core.manifests import content_hash, parse_manifests, read_manifests
from gitops_action.core.rendering.kustomization import with_origins
from tests.support.renders import (
    CONFIG_MAP,
    by_name,
    kustomize,
    origins,
    render,
    repository,
    told,
)

SCALARS = [
    *["1e3", "0o14", "1:30", "0b1", ".5", "+.5", "~", "=", "0x1F", "1_0.5", "-.5e3", "12e03"],
    *["0777", "08", "1__0", "yes", "on", "y", "no", "null", "Null", "true", "TRUE", "tRue"],
    *["190:20:30", "1.", "+1", "0o8", "09", "0b2", "0X1f", "1E3", "1_000", "_1", "-0x1f", "-012"],
    *["-0o7", "99999999999999999999", "-9223372036854775809", "0x1p4", "1.e3", ".e3", "..", "."],
    *["1,000", "00", "0o", "0x", "1_", ".1_0", "Infinity", "NaN", "nil", "1.0", "1e21", "1e20"],
    *["0.00001", "012.5", "0x1.8", "+0b1", "1e1000", "<<", "12345678901234567890", "1.20"],
]
WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: ghcr.io/acme/web, args: ["--on", "off", "012"]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
REPOSITORY = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": WORKLOAD,
    "env/kustomization.yaml": (
        "resources: [../base, own.yaml]\nnamespace: web\nnamePrefix: prod-\nnameSuffix: -eu\n"
        "images: [{name: ghcr.io/acme/web, newTag: v2}]\n"
        "configMapGenerator:\n  - {name: settings, literals: [a=b]}\n"
        "secretGenerator:\n  - {name: keys, files: [key=key.txt]}\n"
        "patches:\n  - patch: |\n      apiVersion: v1\n      kind: Service\n"
        "      metadata: {name: web}\n      spec: {type: NodePort}\n"
    ),
    "env/own.yaml": "# words\n\n" + CONFIG_MAP % "own",
    "env/key.txt": "secret",
}


def test_plain_scalars_read_as_kustomize_reads_them(tmp_path: Path) -> None:
    plain = "".join(f"  - {text}\n" for text in SCALARS)
    quoted = "".join(f"  - '{text}'\n" for text in SCALARS)
    data = f"apiVersion: v1\nkind: X\nmetadata: {{name: x}}\nplain:\n{plain}quoted:\n{quoted}"
    files = {"env/kustomization.yaml": "resources: [x.yaml]\n", "env/x.yaml": data}
    (ours,) = parse_manifests("x.yaml", data.encode())
    (theirs,) = parse_manifests("x.yaml", kustomize(tmp_path, files))
    assert ours.body == theirs.body
    assert ours.body["quoted"] == SCALARS


def test_the_objects_are_those_that_kubectl_prints(tmp_path: Path) -> None:
    rendering = render(REPOSITORY)
    assert told(rendering) == []
    expected = parse_manifests("x", kustomize(tmp_path, REPOSITORY))
    assert content_hash(rendering.manifests) == content_hash(expected)
    assert [item.id for item in rendering.manifests] == sorted(item.id for item in expected)


def test_each_object_knows_its_file_and_line() -> None:
    assert origins(render(REPOSITORY)) == {
        "Deployment web/prod-web-eu": "base/web.yaml:1",
        "Service web/prod-web-eu": "base/web.yaml:12",
        "ConfigMap web/prod-own-eu": "env/own.yaml:3",
        "ConfigMap web/prod-settings-eu-4h2mbtbbt6": "env/kustomization.yaml:7",
        "Secret web/prod-keys-eu-7776h72d26": "env/kustomization.yaml:9",
    }


def test_where_names_leave_a_doubt_kustomize_is_asked() -> None:
    files = {
        "env/kustomization.yaml": "resources: [one, two]\n",
        "env/one/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n",
        "env/one/a.yaml": CONFIG_MAP % "a",
        "env/two/kustomization.yaml": "resources: [b.yaml]\nnamePrefix: y-\n",
        "env/two/b.yaml": (CONFIG_MAP % "x-a") + "---\n" + (CONFIG_MAP % "a"),
    }
    rendering = render(files)
    assert origins(rendering) == {
        "ConfigMap x-a": "env/one/a.yaml:1",
        "ConfigMap y-a": "env/two/b.yaml:5",
        "ConfigMap y-x-a": "env/two/b.yaml",
    }
    assert not any("annotations" in str(item.body) for item in rendering.manifests)


def test_an_object_that_a_patch_renames_is_traced_by_kustomize() -> None:
    files = {
        "env/kustomization.yaml": (
            "resources: [a.yaml]\npatches:\n  - target: {kind: ConfigMap}\n"
            "    patch: |\n      - {op: replace, path: /metadata/name, value: other}\n"
        ),
        "env/a.yaml": CONFIG_MAP % "a",
    }
    assert origins(render(files)) == {"ConfigMap other": "env/a.yaml"}


def test_origins_that_people_ask_for_stay_in_the_render() -> None:
    files = {
        "env/kustomization.yaml": "resources: [a.yaml]\nbuildMetadata: [originAnnotations]\n",
        "env/a.yaml": CONFIG_MAP % "a",
    }
    rendering = render(files)
    assert "config.kubernetes.io/origin" in str(by_name(rendering)["ConfigMap a"].body)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("resources: [a.yaml]\n", True),
        ("resources: [a.yaml]", True),
        ("resources:\n- a.yaml\nlabels:\n- pairs:\n    x: |\n      y", True),
        ("# words\n  resources: [a.yaml]\n", True),
        ("{resources: [a.yaml]}", False),
        ("resources: [a.yaml]\nbuildMetadata: [managedByLabel]\n", False),
    ],
)
def test_asking_for_origins_changes_nothing_else(text: str, kept: bool, tmp_path: Path) -> None:
    asked = with_origins(text.encode())
    assert asked is not None
    assert asked.startswith(text.rstrip("\n").encode()) is kept
    files = {"env/kustomization.yaml": asked.decode(), "env/a.yaml": CONFIG_MAP % "a"}
    printed = kustomize(tmp_path, files).decode()
    assert "path: a.yaml" in printed
    assert ("app.kubernetes.io/managed-by" in printed) is ("managedByLabel" in text)
    assert with_origins(asked) is None


def test_a_plain_folder_as_flux_collects_it() -> None:
    files = {
        "env/a.yaml": (CONFIG_MAP % "a") + "---\n" + (CONFIG_MAP % "b"),
        "env/deep/er/c.yml": CONFIG_MAP % "c",
        "env/built/kustomization.yaml": "resources: [d.yaml]\nnamePrefix: x-\n",
        "env/built/d.yaml": CONFIG_MAP % "d",
        "env/built/unused.yaml": CONFIG_MAP % "unused",
        "env/built/inner/kustomization.yaml": "resources: [nowhere]\n",
        "env/link.yaml": "->../shared/e.yaml",
        "shared/e.yaml": CONFIG_MAP % "e",
        "env/notes.json": "[]",
        "env/README.md": "# words",
        ".sourceignore": "ignored/\n*.tmp.yaml\n!env/kept.tmp.yaml\n",
        "env/ignored/x.yaml": "- no object",
        "env/y.tmp.yaml": "- no object",
        "env/kept.tmp.yaml": CONFIG_MAP % "kept",
        "env/.sops.yaml": "creation_rules: []",
        "env/.hidden/z.yaml": "- no object",
    }
    rendering = render(files)
    assert told(rendering) == []
    assert origins(rendering) == {
        "ConfigMap a": "env/a.yaml:1",
        "ConfigMap b": "env/a.yaml:5",
        "ConfigMap c": "env/deep/er/c.yml:1",
        "ConfigMap e": "env/link.yaml:1",
        "ConfigMap kept": "env/kept.tmp.yaml:1",
        "ConfigMap x-d": "env/built/d.yaml:1",
    }
    assert rendering.notes == (
        "env/.hidden/z.yaml: hidden files are left out; Flux would take them in",
    )


def test_the_whole_repository_passes_over_what_is_no_object() -> None:
    files = {
        "applications/web/web.yaml": WORKLOAD,
        "mkdocs.yml": "site_name: words\n",
        "charts/x/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
        "charts/x/templates/a.yaml": "{{ .Values.kind }}: apiVersion\n",
    }
    rendering = render(files, folder="")
    assert told(rendering) == []
    assert [str(item.id) for item in rendering.manifests] == ["Service web", "Deployment web"]
    assert rendering.notes == ("mkdocs.yml: passed over, for it holds no Kubernetes object",)


def test_files_beside_a_kustomization_as_flux_reads_them() -> None:
    files = {
        "env/kustomization.yaml": (
            "resources: [../shared/a.yaml]\npatches: [{path: ../shared/patch.yaml}]\n"
        ),
        "shared/a.yaml": CONFIG_MAP % "a",
        "shared/patch.yaml": f"{CONFIG_MAP % 'a'}data: {{k: v}}\n",
    }
    rendering = render(files)
    assert told(rendering) == []
    assert by_name(rendering)["ConfigMap a"].body["data"] == {"k": "v"}


def test_definitions_lists_and_flux_variables_render() -> None:
    data = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: toys.acme.dev, creationTimestamp: null}\n"
        "spec: {group: acme.dev, names: {kind: Toy, plural: toys}, scope: Namespaced}\n"
        "status: {conditions: []}\n---\n"
        "apiVersion: acme.dev/v1\nkind: Toy\nmetadata: {name: '${app}', namespace: '${ns:=web}'}\n"
        "---\napiVersion: v1\nkind: List\nitems:\n"
        "  - {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n"
        "  - {apiVersion: v1, kind: ConfigMap, metadata: {name: two}}\n"
    )
    built = {"env/kustomization.yaml": "resources: [a.yaml]\n", "env/a.yaml": data}
    plain = {"env/a.yaml": data}
    names = {"CustomResourceDefinition toys.acme.dev", "Toy ${ns:=web}/${app}"}
    names |= {"ConfigMap one", "ConfigMap two"}
    for files in (built, plain):
        rendering = render(files)
        assert told(rendering) == []
        assert by_name(rendering).keys() == names
    assert content_hash(render(built).manifests) == content_hash(render(plain).manifests)


def test_ten_megabytes_from_one_kustomization() -> None:
    value = "x" * 200_000
    data = "---\n".join(f"{CONFIG_MAP % f'c-{n}'}data: {{k: {value}}}\n" for n in range(52))
    assert len(data) > 10_000_000
    files = {"env/kustomization.yaml": "resources: [a.yaml]\n", "env/a.yaml": data}
    rendering = render(files)
    assert told(rendering) == []
    assert all(item.origin and item.origin.line for item in rendering.manifests)
    plain = read_manifests("a.yaml", repository(files)["env/a.yaml"].data)
    assert content_hash(plain.manifests) == content_hash(rendering.manifests)


def test_five_thousand_objects() -> None:
    files = {}
    for part in range(50):
        folder = f"env/part-{part:02}"
        names = [f"c-{part:02}-{number:02}" for number in range(100)]
        text = "---\n".join(CONFIG_MAP % name for name in names)
        files[f"{folder}/objects.yaml"] = text
        if part % 5 == 0:
            files[f"{folder}/kustomization.yaml"] = "resources: [objects.yaml]\n"
    rendering = render(files)
    assert told(rendering) == []
    assert len(rendering.manifests) == 5000
    assert all(item.origin and item.origin.line for item in rendering.manifests)
