"""What a release publishes, under act: the image by digest, its workflows by commit.

The tree is released to GitHub's double and its image to a registry. Then the demo's story runs from
it, each part by a workflow called by `@v1`: an application that `init` wrote releases, the gate of
the environment repository merges, the version is deployed to staging and proposed for production.
act does not know GitHub's self-repository syntax, as older runners and GitHub Enterprise Server do
not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from testbed.act import WorkflowRun, run_workflow
from testbed.cluster import ControlPlane
from testbed.demo import application
from testbed.demo.cluster import Cluster
from testbed.demo.layouts import APPLICATION, NEW_TAG, OVERLAYS
from testbed.demo.stage import Stage
from testbed.docker.images import LABEL
from testbed.process import run
from tests.support.act_actions import LIBRARY, released, stand_ins
from tests.support.act_environment import Workflows
from tests.support.deploy_workflow import for_act
from tests.support.released import REPOSITORY, VERSION, Releasing, prepared_tree, releasing
from tests.support.scaffold import EXAMPLE, WEB, files_of


@dataclass(frozen=True, kw_only=True)
class Published:
    """A release.

    Attributes:
        image: the image's name by digest.
        repositories: the tree of `v1`, its actions, and stand-ins for those of others.
    """

    image: str
    repositories: Mapping[str, Path]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, action: str) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp("published")
    with releasing(folder / "library", prepared_tree(folder / "library/checkout")) as library:
        image = pushed(library, action)
        done = library.run("publish", "--image", image, token=library.token())
        assert done.returncode == 0, done.stderr
        commit = library.tags()["v1"]
        actions = library.repository.resolve(f"{commit}^")
        tree = for_act(checked_out(library, commit))
        texts = (path.read_text() for path in (tree / ".github/workflows").glob("*.yml"))
        yield Published(
            image=image,
            repositories={
                f"{REPOSITORY}@v1": tree,
                LIBRARY: tree,
                f"{REPOSITORY}@{actions}": checked_out(library, actions),
                **stand_ins(folder, *texts),
            },
        )
        library.forge.assert_clean()


def pushed(library: Releasing, action: str) -> str:
    """The action's image in the registry, as publish.yml labels it; gives its name by digest."""
    context, tag = library.root.parent / "context", f"{library.image}:{VERSION}"
    context.mkdir()
    label = f"LABEL {LABEL}=1 org.opencontainers.image.revision={library.source}"
    (context / "Dockerfile").write_text(f"FROM {action}\n{label}\n")
    run("docker", "build", "--quiet", "--tag", tag, context)
    run("docker", "push", "--quiet", tag, timeout=400)
    found = run("docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", tag).strip()
    run("docker", "image", "rm", tag)
    return found


def checked_out(library: Releasing, commit: str) -> Path:
    """The tree of a commit, as a runner downloads it."""
    folder = library.root.parent / commit
    run("git", "clone", "--quiet", "--no-checkout", library.repository.path, folder)
    run("git", "-C", folder, "checkout", "--quiet", commit)
    return folder


def test_a_version_is_released_merged_deployed_and_promoted_by_the_released_workflows(
    published: Published,
    overlays: Stage,
    runner: str,
    workflows: Workflows,
    control_plane: ControlPlane,
) -> None:
    web = replace(WEB, image=overlays.image)
    answers = replace(EXAMPLE, subject="application", applications=(web,), library=REPOSITORY)
    release = released(overlays, files_of(answers))
    result = run_workflow(
        WorkflowRun(
            checkout=release.checkout,
            workflow=application.WORKFLOW,
            image=runner,
            event=application.push_event(overlays.forge, release),
            env=application.job_variables(overlays.forge, release),
            variables={"GITOPS_CLIENT_ID": "Iv1.example"},
            secrets={
                "GITOPS_PRIVATE_KEY": overlays.token,
                "GITHUB_TOKEN": overlays.forge.token(kind="job", home=APPLICATION),
            },
            repositories=published.repositories,
        )
    )
    assert result.exit_code == 0, result.log[-5000:]
    assert published.image in result.log
    (pull,) = overlays.environment.pull_requests()
    changed = overlays.environment.read(pull.head, OVERLAYS.deployed).decode()
    assert re.search(rf'newTag: "{NEW_TAG}@sha256:[0-9a-f]{{64}}"', changed)

    workflows.library = published.repositories
    assert workflows.run("gate", "workflow_dispatch", {"inputs": {}}) == 0, workflows.log[-6000:]
    assert published.image in workflows.log
    assert pull.merged_at

    staging = OVERLAYS.places[0]
    cluster = Cluster(plane=control_plane, layout=OVERLAYS)
    cluster.prepare(overlays)
    workflows.kubeconfig, workflows.log = cluster.kubeconfig(staging), ""
    tip = overlays.environment.resolve("main")  # of this checkout act sees a commit of its own
    inputs = {"inputs": {"environment": staging.environment, "commit": tip}}
    rights = {"contents": "read", "deployments": "write", "statuses": "read"}
    done = workflows.run("deploy", "workflow_dispatch", inputs, rights)
    assert done == 0, workflows.log[-6000:]
    assert published.image in workflows.log
    shown = control_plane.kubectl(
        "get", "deployments", f"--namespace={staging.namespace}", "-o=yaml"
    )
    assert re.search(rf"image: {overlays.image}:{NEW_TAG}@sha256:[0-9a-f]{{64}}", shown)

    # act knows no job ids, so that what it deployed is not proved.
    workflows.record(staging.environment, NEW_TAG)
    workflows.log = ""
    assert workflows.run("promote", "schedule", {}) == 0, workflows.log[-6000:]
    assert published.image in workflows.log
    assert overlays.environment.pull_requests()[-1].head == "gitops/production/web"
