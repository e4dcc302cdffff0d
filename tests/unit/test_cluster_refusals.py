"""What API servers answer, and the error that it becomes; messages as real servers write them."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_action.core.cluster import errors as refused
from gitops_action.core.cluster.api_status import delay, is_passing, refusal
from gitops_action.core.cluster.model import Operation

OPERATION = Operation(verb="apply", about="ConfigMap web/settings")


def status(message: str, **more: Any) -> dict[str, Any]:
    return {"kind": "Status", "message": message, **more}


_TERMINATING = "unable to create new content in namespace a because it is being terminated"
_IMMUTABLE = {"field": "spec", "message": "Forbidden: spec is immutable after creation"}
_OTHER_UID = "the UID in the precondition (a) does not match the UID in record (b)"
_POLICY = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
_STRICT = 'strict decoding error: unknown field "spec.x", duplicate field "a"'
_CALLING = 'Internal error occurred: failed calling webhook "w": timeout'
_UNDECODED = (
    "failed to convert new object (/x; a/v1, Kind=B) to proper version: unable to convert: error"
    " decoding from json: illegal base64 data at input byte 3"
)
_UNTYPED = "failed to create typed patch object (a/b; /v1, Kind=X): .dta: field not declared"

CASES: list[tuple[int, dict[str, Any], type[refused.ClusterError]]] = [
    (401, status("Unauthorized"), refused.ExpiredError),
    (403, status('pods "a" is forbidden: exceeded quota: small'), refused.QuotaExceededError),
    (403, status(f"x is forbidden: {_TERMINATING}"), refused.TerminatingError),
    (403, status('pods "a" is forbidden: violates PodSecurity "r"'), refused.RejectedError),
    (404, status("404 page not found"), refused.NotFoundError),
    (409, status("x", reason="AlreadyExists"), refused.AlreadyExistsError),
    (409, status(_OTHER_UID, reason="Conflict"), refused.AlreadyGoneError),
    (409, status("the object was modified", reason="Conflict"), refused.ChangedMeanwhileError),
    (410, status("too old resource version"), refused.VersionGoneError),
    (413, {}, refused.TooLargeError),
    (422, status("Too long: must have at most 1048576 bytes"), refused.TooLargeError),
    (422, status("x is invalid", details={"causes": [_IMMUTABLE]}), refused.ImmutableError),
    (422, status(_POLICY), refused.RejectedError),
    (
        400,
        status('admission webhook "w" does not support dry run'),
        refused.DryRunUnsupportedError,
    ),
    (400, status(_STRICT), refused.InvalidError),
    (500, status("etcdserver: request is too large"), refused.TooLargeError),
    (500, status(_CALLING), refused.WebhookUnavailableError),
    (500, status(_UNTYPED), refused.InvalidError),
    (500, status(_UNDECODED), refused.InvalidError),
    (500, status("etcdserver: leader changed"), refused.UnreachableError),
    (503, {}, refused.UnreachableError),
    (429, {}, refused.UnreachableError),
    (405, status("method not allowed"), refused.ClusterError),
]


@pytest.mark.parametrize(("code", "body", "kind"), CASES)
def test_each_answer_has_its_kind_and_tells_what_was_asked(
    code: int, body: dict[str, Any], kind: type[refused.ClusterError]
) -> None:
    error = refusal(code, body, OPERATION)
    assert type(error) is kind
    assert error.cause or error.title
    assert str(OPERATION) in error.title or "ConfigMap" in error.title
    assert is_passing(code, body) == (kind is refused.UnreachableError)


STRUCT = (
    'Invalid value: core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"a}b"},'
    " Spec:core.PodSpec{Containers:[]core.Container{}}}: field is immutable"
)
DIFFERENCE = """\
Forbidden: spec is immutable after creation except resources.requests for bound claims
  core.PersistentVolumeClaimSpec{
  \tAccessModes: {"ReadWriteOnce"},
- \tStorageClassName: &"none",
+ \tStorageClassName: &"other",
  }
"""


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (STRUCT, "field is immutable"),
        ('Invalid value: {"matchLabels":{"a":"b: c}"}}: field is immutable', "field is immutable"),
        ("Invalid value: []string{}: field is immutable", "field is immutable"),
        ('Invalid value: "x y": must be a name', 'Invalid value: "x y": must be a name'),
        ("Required value", "Required value"),
        (
            DIFFERENCE,
            DIFFERENCE.splitlines()[0] + " (storageClassName)",
        ),
    ],
)
def test_a_field_is_told_without_the_value_of_all_that_it_is_part_of(
    message: str, shown: str
) -> None:
    causes = [{"field": "spec", "message": message}]
    error = refusal(422, status("it is invalid", details={"causes": causes}), OPERATION)
    assert isinstance(error, refused.InvalidError)
    assert error.cause == f"spec: {shown}"


def test_names_are_kept_apart_from_the_words() -> None:
    dry = refusal(400, status('admission webhook "w.x" does not support dry run'), OPERATION)
    assert isinstance(dry, refused.DryRunUnsupportedError)
    assert dry.webhook == "w.x"
    text = 'strict decoding error: unknown field "spec.x", duplicate field "a"'
    strict = refusal(400, status(text), OPERATION)
    assert isinstance(strict, refused.InvalidError)
    assert [(one.field, one.message) for one in strict.problems] == [
        ("spec.x", "unknown field"),
        ("a", "duplicate field"),
    ]
    many = (
        "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): errors:\n"
        "  .spec.x: field not declared in schema\n  .spec.y: expected list, got &{map[]}"
    )
    typed = refusal(500, status(many), OPERATION)
    assert isinstance(typed, refused.InvalidError)
    assert [one.field for one in typed.problems] == [".spec.x", ".spec.y"]


def test_a_server_may_ask_to_wait() -> None:
    assert delay({"details": {"retryAfterSeconds": 3}}) == 3
    assert delay({"details": {"retryAfterSeconds": "3"}}) is None
    assert delay({}) is None
