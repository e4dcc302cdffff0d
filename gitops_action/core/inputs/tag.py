"""The inputs and outputs of `tag`, by docker/metadata-action's names."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.common import ENDPOINTS, SOURCE_TOKEN, EndpointInputs
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

_SEPARATOR = "a line break"

TAG = Command(
    name="tag",
    help="Computes image tags, labels and annotations from the Git event.",
    inputs=(
        SOURCE_TOKEN,
        *ENDPOINTS,
        Input(
            name="images",
            topic="What changes",
            kind="lines",
            help="Image names to build references from.",
        ),
        Input(
            name="tags",
            topic="What changes",
            kind="lines",
            help="Rules for tags, as `type=…,key=value` a line.",
            default_help="`type=schedule`, `type=ref,event=branch`, `type=ref,event=tag`,"
            " `type=ref,event=pr`",
        ),
        Input(
            name="flavor",
            topic="What changes",
            kind="lines",
            help="Rules for all tags: `latest=auto|true|false`, `prefix=…`, `suffix=…`.",
        ),
        Input(
            name="labels",
            topic="What changes",
            kind="lines",
            help="Labels to add or replace, `key=value` a line.",
        ),
        Input(
            name="annotations",
            topic="What changes",
            kind="lines",
            help="Annotations to add or replace, `[level:]key=value` a line.",
        ),
        Input(
            name="sep-tags",
            topic="What changes",
            kind="raw",
            help="What separates the output `tags`.",
            default="\n",
            default_help=_SEPARATOR,
        ),
        Input(
            name="sep-labels",
            topic="What changes",
            kind="raw",
            help="What separates the output `labels`.",
            default="\n",
            default_help=_SEPARATOR,
        ),
        Input(
            name="sep-annotations",
            topic="What changes",
            kind="raw",
            help="What separates the output `annotations`.",
            default="\n",
            default_help=_SEPARATOR,
        ),
    ),
    outputs=(
        Output(name="version", help="The version: the tag of the first rule that gave one."),
        Output(name="tags", help="Full image references, or bare tags without `images`."),
        Output(name="tag-names", help="The tags without the image names."),
        Output(name="labels", help="OCI labels, `key=value` each."),
        Output(name="annotations", help="OCI annotations, `level:key=value` each."),
        Output(name="json", help="All of it as JSON: tags, labels, annotations."),
    ),
)


@dataclass(frozen=True, kw_only=True)
class TagInputs(EndpointInputs):
    """The inputs of `tag`; the line-based ones as text, read by `core.tags`.

    Three settings come from the environment, by docker/metadata-action's names:
    `annotation_levels` (DOCKER_METADATA_ANNOTATIONS_LEVELS), `short_sha_length`
    (DOCKER_METADATA_SHORT_SHA_LENGTH) and `pull_request_head_sha` (DOCKER_METADATA_PR_HEAD_SHA).
    """

    images: str = ""
    tags: str = ""
    flavor: str = ""
    labels: str = ""
    annotations: str = ""
    sep_tags: str = "\n"
    sep_labels: str = "\n"
    sep_annotations: str = "\n"
    annotation_levels: tuple[str, ...] = ("manifest",)
    short_sha_length: int = 7
    pull_request_head_sha: bool = False


def tag_inputs(values: Values, environ: Mapping[str, str]) -> TagInputs:
    """Build the inputs of `tag` from checked values.

    Args:
        values: the inputs, checked one by one.
        environ: the job's environment, for the three settings that are no inputs.

    Raises:
        UsageError: a setting of the environment is not what it should be.
    """
    levels = environ.get("DOCKER_METADATA_ANNOTATIONS_LEVELS") or "manifest"
    length = environ.get("DOCKER_METADATA_SHORT_SHA_LENGTH") or "7"
    if not length.isdecimal() or not int(length):
        raise UsageError(
            f"DOCKER_METADATA_SHORT_SHA_LENGTH is not a length: {length!r}",
            fix="set it to a number from 1 to 40, or not at all",
        )
    return values.build(
        TagInputs,
        annotation_levels=tuple(level.strip() for level in levels.split(",") if level.strip()),
        short_sha_length=int(length),
        pull_request_head_sha=environ.get("DOCKER_METADATA_PR_HEAD_SHA", "").lower() == "true",
    )
