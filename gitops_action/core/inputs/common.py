"""Inputs that several commands share."""

from __future__ import annotations

from dataclasses import field

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.declaration import Input

JOB_TOKEN = "${{ github.token }}"  # noqa: S105 - an expression, not a secret
DEFAULT_CONFIG = ".github/gitops.yaml"

TOKEN = Input(
    name="token",
    topic="Access",
    kind="secret",
    help="Token for the environment repository. An App's or a person's token lets workflows run"
    " on the pull requests it opens; the job's own token does not.",
    default_help="the job's token",
    runner_default=JOB_TOKEN,
    variables=("GITOPS_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"),
)
SOURCE_TOKEN = Input(
    name="source-token",
    topic="Access",
    kind="secret",
    help="Token for the application repository: its commits and their ancestry. Missing rights"
    " degrade to a note.",
    default_help="the job's token",
    runner_default=JOB_TOKEN,
    variables=("GITOPS_SOURCE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "GITOPS_TOKEN"),
)
REPOSITORY = Input(
    name="repository",
    topic="Where",
    kind="repository",
    help="The environment repository.",
    default_help="the current repository",
)
BASE = Input(
    name="base",
    topic="Where",
    help="Branch of the environment repository to read and to propose changes to.",
    default_help="the default branch",
)
CONFIG = Input(
    name="config",
    topic="Where",
    help="Path of the configuration file in the environment repository; it may be absent.",
    default=DEFAULT_CONFIG,
)
ENVIRONMENT = Input(
    name="environment",
    topic="Where",
    kind="names",
    help="Environments to work on.",
    default_help="the environments with no `after`",
)
APPLICATION = Input(
    name="application",
    topic="Where",
    kind="names",
    help="Applications to work on.",
    default_help="every application whose `images` contain the image",
)
DRY_RUN = Input(
    name="dry-run",
    topic="How it is proposed",
    kind="flag",
    help="Plan and report, write nothing.",
    default="false",
)
API_URL = Input(
    name="api-url",
    topic="Access",
    kind="url",
    help="GitHub's REST API, for GitHub Enterprise Server.",
    default_help="derived from `server-url` where that is given, else `GITHUB_API_URL`, else"
    " `https://api.github.com`",
)
GRAPHQL_URL = Input(
    name="graphql-url",
    topic="Access",
    kind="url",
    help="GitHub's GraphQL API.",
    default_help="derived from `api-url` or `server-url` where one is given, else"
    " `GITHUB_GRAPHQL_URL`",
)
SERVER_URL = Input(
    name="server-url",
    topic="Access",
    kind="url",
    help="GitHub's web address, also of its Git repositories.",
    default_help="derived from `api-url` where that is given, else `GITHUB_SERVER_URL`, else"
    " `https://github.com`",
)
WORKING_DIRECTORY = Input(
    name="working-directory",
    topic="Where",
    help="Folder of the checkout that `mode: local` edits.",
    default=".",
)
REGISTRY_USERNAME = Input(
    name="registry-username",
    topic="Access",
    help="User for the registries of the images.",
    default_help="for `ghcr.io` the job's actor; else Docker's configuration file",
)
REGISTRY_PASSWORD = Input(
    name="registry-password",
    topic="Access",
    kind="secret",
    help="Password or token for the registries of the images.",
    default_help="for `ghcr.io` the job's token (`source-token`); else Docker's configuration file",
    variables=("GITOPS_REGISTRY_PASSWORD",),
)

ENDPOINTS = (API_URL, GRAPHQL_URL, SERVER_URL)


@dataclass(frozen=True, kw_only=True)
class EndpointInputs:
    """Where GitHub is and how its application repository is read; secrets stay out of `repr`."""

    source_token: str = field(default="", repr=False)
    api_url: str = "https://api.github.com"
    graphql_url: str = "https://api.github.com/graphql"
    server_url: str = "https://github.com"


@dataclass(frozen=True, kw_only=True)
class RepositoryInputs(EndpointInputs):
    """What every command on an environment repository takes.

    `base` is None for the default branch; empty `environment` and `application` mean the
    defaults of the command.
    """

    token: str = field(default="", repr=False)
    repository: str = ""
    base: str | None = None
    config: str = DEFAULT_CONFIG
    environment: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class RegistryInputs:
    """Credentials for image registries.

    `registry_username` and `registry_password` as given count for every registry named in the
    inputs; `ghcr_username` and `ghcr_password` are the fallback for ghcr.io alone, so that the
    job's token is never sent to another registry.
    """

    registry_username: str = ""
    registry_password: str = field(default="", repr=False)
    ghcr_username: str = ""
    ghcr_password: str = field(default="", repr=False)


# The inputs by which commands reach a cluster.

KUBECONFIG = Input(
    name="kubeconfig",
    topic="Access",
    kind="secret",
    help="Content of a kubeconfig; in the action, one without files and login programs.",
    default_help="on a runner inside of a cluster its service account; at a terminal the files that"
    " `KUBECONFIG` names, else `~/.kube/config`",
    variables=("GITOPS_KUBECONFIG",),
    several_lines=True,
)
CONTEXT = Input(
    name="context",
    topic="Access",
    help="Context of the kubeconfig.",
    default_help="the target's `context`, else the kubeconfig's current one",
)
KUBE_SERVER = Input(
    name="kube-server",
    topic="Access",
    kind="url",
    help="Address of the API server, instead of a kubeconfig.",
)
KUBE_CA = Input(
    name="kube-ca",
    topic="Access",
    help="Certificate authority of `kube-server`: PEM, or its base64 encoding.",
    default_help="the authorities that the system trusts",
)
KUBE_TOKEN = Input(
    name="kube-token",
    topic="Access",
    kind="secret",
    help="Token for `kube-server`; short-lived ones are best.",
    variables=("GITOPS_KUBE_TOKEN",),
)
KUBE_NAMESPACE = Input(
    name="kube-namespace",
    topic="Access",
    help="Namespace of objects that name none; the inventory and the lease are kept there.",
    default_help="the kubeconfig context's, else `default`",
)
CLUSTER_INPUTS = (KUBECONFIG, CONTEXT, KUBE_SERVER, KUBE_CA, KUBE_TOKEN, KUBE_NAMESPACE)


@dataclass(frozen=True, kw_only=True)
class ClusterInputs:
    """How the cluster is reached; secrets stay out of `repr`."""

    kubeconfig: str = field(default="", repr=False)
    context: str = ""
    kube_server: str = ""
    kube_ca: str = ""
    kube_token: str = field(default="", repr=False)
    kube_namespace: str = ""
