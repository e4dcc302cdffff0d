"""The parts that a demo run stands on, and the two ways to run the release on them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.act import WorkflowRun, run_workflow
from testbed.action import Step, StepResult, run_step
from testbed.cache import ROOT
from testbed.demo import application
from testbed.demo.application import ACTION, WORKFLOW, Release
from testbed.demo.layouts import APPLICATION, ENVIRONMENT, OLD_TAG, Layout
from testbed.forge import Forge
from testbed.forge.handle import RepositoryHandle
from testbed.forge.model import PullRequest
from testbed.process import PartError
from testbed.registry import Registry

OnLine = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A forge with the application's and the environment's repository, and a registry."""

    root: Path
    forge: Forge
    registry: Registry
    environment: RepositoryHandle
    image: str
    token: str
    files: Mapping[str, str]

    @classmethod
    @contextmanager
    def open(cls, root: Path, layout: Layout) -> Iterator[Stage]:
        """Start everything and seed it; the version that runs is in the registry.

        The environment repository is what `init` writes.
        """
        with Forge.start(root / "forge") as forge, Registry.start(root / "registry") as registry:
            image = f"{registry.address}/{APPLICATION}"
            created = application.create(forge, image)
            labels = {
                "org.opencontainers.image.source": f"{forge.server_url}/{APPLICATION}",
                "org.opencontainers.image.revision": created.resolve("main"),
            }
            registry.push_image(APPLICATION, OLD_TAG, labels=labels)
            files = layout.write(image, root / "environment")
            environment = forge.create_repository(ENVIRONMENT, files=files)
            token = forge.token(
                repositories=[ENVIRONMENT],
                permissions={"contents": "write", "pull_requests": "write"},
            )
            yield cls(
                root=root,
                forge=forge,
                registry=registry,
                environment=environment,
                image=image,
                token=token,
                files=files,
            )

    @property
    def job_variables(self) -> Mapping[str, str]:
        """By which a job of the environment repository knows where it is."""
        return {
            "GITHUB_SERVER_URL": self.forge.server_url,
            "GITHUB_API_URL": self.forge.api_url,
            "GITHUB_GRAPHQL_URL": self.forge.graphql_url,
            "GITHUB_REPOSITORY": ENVIRONMENT,
        }

    def release(self, tag: str) -> Release:
        """Let a developer push a tag of the application."""
        return application.release(self.forge, self.root, tag)

    def run_release(
        self, release: Release, *, action_image: str, runner_image: str, on_line: OnLine
    ) -> str:
        """Run the application's workflow by act, in containers; return act's log.

        Raises:
            PartError: the workflow failed.
        """
        result = run_workflow(
            WorkflowRun(
                checkout=release.checkout,
                workflow=WORKFLOW,
                image=runner_image,
                event=application.push_event(self.forge, release),
                env=self._variables(release),
                secrets={"ENVIRONMENT_TOKEN": self.token, "GITHUB_TOKEN": self._job_token()},
                repositories={ACTION: action_folder(self.root / "action", action_image)},
            ),
            on_line=on_line,
        )
        if result.exit_code:
            raise PartError(f"the release workflow failed:\n{result.log[-6000:]}")
        return result.log

    def run_processes(self, release: Release) -> tuple[StepResult, ...]:
        """Take the same steps without containers; the image is pushed by HTTP.

        Raises:
            PartError: a step failed.
        """
        meta = self._step(
            release, {"command": "tag", "images": self.image, "tags": "type=ref,event=tag"}
        )
        version = meta.outputs["version"]
        page = (release.checkout / "www/index.html").read_bytes()
        self.registry.push_image(
            APPLICATION,
            version,
            labels=dict(line.split("=", 1) for line in meta.outputs["labels"].splitlines() if line),
            files={"www/index.html": page},
        )
        bump = self._step(
            release,
            {
                "repository": ENVIRONMENT,
                "token": self.token,
                "images": f"{self.image}:{version}",
            },
        )
        return meta, bump

    def bump(self, tag: str, clock: Mapping[str, str]) -> StepResult:
        """Run the release's last step for a tag that is in the registry; it may be refused."""
        release = Release(
            tag=tag,
            commit=self.forge.repository(APPLICATION).resolve(tag),
            checkout=self.root / tag / "web",
        )
        inputs = {
            "repository": ENVIRONMENT,
            "token": self.token,
            "images": f"{self.image}:{tag}",
            "source-token": self._job_token(),
        }
        env = {**self._variables(release), **clock}
        return run_step(Step(inputs=inputs, env=env), self.root / f"again-{tag}")

    def validate(self, pull: PullRequest) -> StepResult:
        """Validate a pull request of the environment repository, as its workflow does."""
        step = Step(
            inputs={
                "command": "validate",
                "repository": ENVIRONMENT,
                "token": self.token,
                "pull-request": str(pull.number),
            },
            env=self.job_variables,
        )
        result = run_step(step, self.root / f"validate-{pull.number}")
        if result.exit_code:
            raise PartError(f"the pull request is not valid:\n{result.log}")
        return result

    def _step(self, release: Release, inputs: Mapping[str, str]) -> StepResult:
        step = Step(
            inputs={"source-token": self._job_token(), **inputs},
            env=self._variables(release),
            event=application.push_event(self.forge, release),
        )
        result = run_step(step, self.root / "job")
        if result.exit_code:
            raise PartError(f"{inputs.get('command', 'bump')} failed:\n{result.log}")
        return result

    def _variables(self, release: Release) -> dict[str, str]:
        return application.job_variables(self.forge, release)

    def _job_token(self) -> str:
        return self.forge.token(kind="job", home=APPLICATION)


def action_folder(folder: Path, image: str) -> Path:
    """A folder that act takes for the action's repository: its interface, and the built image."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "action.yml", folder)
    (folder / "Dockerfile").write_text(f"FROM {image}\n")
    return folder
