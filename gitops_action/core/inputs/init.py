"""The interface of `init`, which writes new repositories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.declaration import Command, Input
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

_REPOSITORY = "For environment, application and workflow"
_ENVIRONMENT = "For environment"
_APPLICATION = "For application and workflow"
_KUBECONFIG = "For kubeconfig"

WHAT = Input(
    name="what",
    topic="What changes",
    kind="choice",
    choices=("environment", "application", "workflow", "config", "kubeconfig"),
    help="A new environment repository, a new application repository, the release workflow for"
    " an application repository that exists, `config`: the configuration of an environment"
    " repository that exists, from its overlays, clusters, and Flux or Argo CD objects; or a"
    " kubeconfig for the secret `KUBECONFIG`, which holds the token of one account of the cluster"
    " and nothing of yours.",
)
OWNER = Input(
    name="owner",
    group=_REPOSITORY,
    topic="What changes",
    help="The account or organisation on GitHub.",
    default_help="asked for",
)
NAME = Input(
    name="name",
    topic="What changes",
    help="Name of the repository; for an application also its name in the environments; of a"
    " kubeconfig the name of its context.",
    default_help="`environment` for an environment repository, `namespace` for a kubeconfig; else"
    " asked for",
)
LAYOUT = Input(
    name="layout",
    group=_ENVIRONMENT,
    topic="What changes",
    kind="choice",
    choices=("overlays", "minimal"),
    help="Of an environment repository: one kustomize overlay for each environment and"
    " application, or one environment with `applications/NAME/deployment.yaml`.",
    default_help="`overlays`",
)
ENVIRONMENTS = Input(
    name="environments",
    group=_ENVIRONMENT,
    topic="What changes",
    kind="names",
    help="Environments, in the order that versions pass them.",
    default_help="`staging,production`",
)
APPLICATIONS = Input(
    name="applications",
    group=_ENVIRONMENT,
    topic="What changes",
    kind="names",
    help="Applications to begin with: `NAME`, or `NAME=IMAGE` with or without a tag.",
    default_help="`web`",
)
REGISTRY = Input(
    name="registry",
    group=_REPOSITORY,
    topic="What changes",
    help="Where images are that are not named in full: `REGISTRY/OWNER/NAME`.",
    default_help="`ghcr.io`",
)
IMAGE = Input(
    name="image",
    group=_APPLICATION,
    topic="What changes",
    help="Of an application: its image without tag.",
    default_help="`REGISTRY/OWNER/NAME`",
)
ENGINE = Input(
    name="engine",
    group=_ENVIRONMENT,
    topic="What changes",
    kind="choice",
    choices=("flux", "push"),
    help="Who applies: Flux in the cluster, or a job that may write to it.",
    default_help="`flux`",
)
IDENTITY = Input(
    name="identity",
    group=_ENVIRONMENT,
    topic="What changes",
    kind="choice",
    choices=("app", "job-token"),
    help="Of an environment repository: who proposes and merges. GitHub Apps, or the jobs' own"
    " token, whose guarantees are weaker.",
    default_help="`app`",
)
ENVIRONMENT_REPOSITORY = Input(
    name="environment-repository",
    group=_APPLICATION,
    topic="What changes",
    kind="repository",
    help="Of an application: where its releases are proposed.",
    default_help="`OWNER/environment`",
)
HAND_OVER = Input(
    name="hand-over",
    group=_APPLICATION,
    topic="How it is proposed",
    kind="choice",
    choices=("pull-request", "dispatch"),
    help="Of an application: its release opens the pull request itself, or starts the environment"
    " repository's workflow that does, so that the application needs no right to write there.",
    default_help="`pull-request`",
)
CODE_OWNERS = Input(
    name="code-owners",
    group=_REPOSITORY,
    topic="What changes",
    help="Who reviews changes, as CODEOWNERS names them: `@acme/platform`. An organisation alone"
    " is nobody, one of its teams is.",
    default_help="`@OWNER`",
)
LIBRARY_INPUT = Input(
    name="library",
    group=_REPOSITORY,
    topic="Access",
    kind="repository",
    help="The repository of this action, whose workflows are called.",
    default_help="where this program was installed from; else asked for",
)
ACCOUNT = Input(
    name="account",
    group=_KUBECONFIG,
    topic="Access",
    help="Of a kubeconfig: the service account whose token it holds, such as `staging-deployer`.",
)
NAMESPACE = Input(
    name="namespace",
    group=_KUBECONFIG,
    topic="Access",
    help="Of a kubeconfig: the namespace of its context, where the environment is deployed.",
)
ACCOUNT_NAMESPACE = Input(
    name="account-namespace",
    group=_KUBECONFIG,
    topic="Access",
    help="Of a kubeconfig: where the account is; for the one that waits for Flux `flux-system`.",
    default_help="`namespace`",
)
LIFETIME = Input(
    name="lifetime",
    group=_KUBECONFIG,
    topic="Access",
    help="Of a kubeconfig: how long its token is valid: `1h`, or `lasting`, until its Secret"
    " is deleted.",
    default="lasting",
)
CLUSTER_CONTEXT = replace(
    common.CONTEXT,
    group=_KUBECONFIG,
    help="Of a kubeconfig: the context of your own kubeconfig that leads to the cluster.",
    default_help="the current one",
)
CLUSTER_SERVER = replace(
    common.KUBE_SERVER,
    group=_KUBECONFIG,
    help="Of a kubeconfig: the API server's address as the workflow reaches it.",
    default_help="the one that your own context has",
)
OUTPUT = Input(
    name="output",
    topic="Where",
    help="The folder that is written; of a kubeconfig the file.",
    default_help="the current one for `workflow`, or when it is empty; the checkout's for `config`;"
    " else `./NAME`; for `kubeconfig` `./NAME.kubeconfig`",
)
FORCE = Input(
    name="force",
    topic="Where",
    kind="flag",
    help="Replace files that are in the way.",
    default="false",
)
DRY_RUN = Input(
    name="dry-run",
    topic="Where",
    kind="flag",
    help="List the files and what is left to do on GitHub, write nothing.",
    default="false",
)

INIT = Command(
    name="init",
    help="Writes a new environment or application repository, and lists what to set on GitHub.",
    positional=(WHAT,),
    inputs=(
        OWNER,
        NAME,
        LAYOUT,
        ENVIRONMENTS,
        APPLICATIONS,
        REGISTRY,
        IMAGE,
        ENGINE,
        IDENTITY,
        ENVIRONMENT_REPOSITORY,
        CODE_OWNERS,
        HAND_OVER,
        ACCOUNT,
        NAMESPACE,
        ACCOUNT_NAMESPACE,
        LIFETIME,
        CLUSTER_CONTEXT,
        CLUSTER_SERVER,
        OUTPUT,
        FORCE,
        DRY_RUN,
        LIBRARY_INPUT,
    ),
    outputs=(),
    terminal_only=True,
)


@dataclass(frozen=True, kw_only=True)
class InitInputs:
    """The inputs of `init`; what is empty was not given and is asked for or takes its default."""

    what: str
    owner: str = ""
    name: str = ""
    layout: str = ""
    environments: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    registry: str = ""
    image: str = ""
    engine: str = ""
    identity: str = ""
    environment_repository: str = ""
    code_owners: str = ""
    hand_over: str = ""
    output: str = ""
    force: bool = False
    dry_run: bool = False
    library: str = ""


@dataclass(frozen=True, kw_only=True)
class KubeconfigInputs:
    """The inputs of `init kubeconfig`; `lifetime` is as it was written."""

    account: str = ""
    namespace: str = ""
    account_namespace: str = ""
    lifetime: str = "lasting"
    context: str = ""
    kube_server: str = ""
    name: str = ""
    output: str = ""
    force: bool = False
    dry_run: bool = False


_OF_KUBECONFIG = (ACCOUNT, NAMESPACE, ACCOUNT_NAMESPACE, LIFETIME, CLUSTER_CONTEXT, CLUSTER_SERVER)
_OF_ALL = (NAME, OUTPUT, FORCE, DRY_RUN)


def kubeconfig_inputs(values: Values) -> KubeconfigInputs:
    """Build the inputs of `init kubeconfig` from checked values.

    Raises:
        UsageError: one is missing, or one is given that only a repository has.
    """
    known = {item.name for item in (*_OF_KUBECONFIG, *_OF_ALL)}
    others = [item for item in INIT.inputs if item.name not in known]
    _refuse(values, others, "kubeconfig")
    for item in (ACCOUNT, NAMESPACE):
        if not values.text(item.name):
            raise UsageError(
                f"--{item.name} is missing",
                cause="a kubeconfig holds one account, and leads to one namespace",
                fix="give --account and --namespace as cluster-config/ has them",
            )
    return values.build(KubeconfigInputs)


def repository_inputs(values: Values) -> InitInputs:
    """Build the inputs of the other kinds.

    Raises:
        UsageError: one is given that only a kubeconfig has.
    """
    _refuse(values, _OF_KUBECONFIG, values.text(WHAT.name))
    return values.build(InitInputs)


def _refuse(values: Values, items: Iterable[Input], what: str) -> None:
    for item in items:
        given = values.flag(item.name) if item.kind == "flag" else values.text(item.name)
        if given and given != item.default:
            raise UsageError(
                f"--{item.name} means nothing for `init {what}`",
                fix="leave it out, or see `gitops-action init --help`",
            )
