"""Reason codes: what each means and what to do. `docs/troubleshooting.md` is made of them."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.model import GateName


@dataclass(frozen=True, kw_only=True)
class ReasonCode:
    """One reason: the gate it is of, what it means, and what a person can do about it.

    `fix` is empty where the gate is open.
    """

    gate: GateName
    meaning: str
    fix: str = ""

    @property
    def closed(self) -> bool:
        """Whether it keeps a change from merging."""
        return bool(self.fix)


def _code(gate: GateName, meaning: str, fix: str = "") -> ReasonCode:
    return ReasonCode(gate=gate, meaning=meaning, fix=fix)


REASONS: Mapping[str, ReasonCode] = {
    "valid": _code("validate", "The change renders, and what it renders to is valid."),
    "merge-conflict": _code(
        "validate",
        "The pull request and the base changed the same lines.",
        "A bump's pull request is planned again by itself; in your own, merge the base into the"
        " branch and resolve the conflict.",
    ),
    "invalid": _code(
        "validate",
        "The change does not render, an object is invalid, or the prune budget is exceeded.",
        "Fix the error that the comment shows. `gitops-action validate` finds it locally.",
    ),
    "validation-unknown": _code(
        "validate",
        "The change could not be validated, for example because a renderer or schema is missing.",
        "Read the reason in the comment; the next run tries again.",
    ),
    "not-held": _code("hold", "No hold is on what the change touches."),
    "held-version": _code(
        "hold",
        "The version is on hold in this environment.",
        "Propose another version, or lift the hold by `/gitops unhold`.",
    ),
    "held-application": _code(
        "hold",
        "The application is on hold in this environment: its images do not change.",
        "Wait for the hold's end, or lift it by `/gitops unhold`.",
    ),
    "frozen": _code(
        "hold",
        "The environment is frozen: nothing that touches it merges, except rollbacks and holds.",
        "Wait for the freeze's end, or lift it by `/gitops unhold`.",
    ),
    "held-by-failure": _code(
        "hold",
        "The environment's newest deployment failed on this very digest.",
        "Propose another version, or deploy again once the cause outside of Git is removed.",
    ),
    "hold-unreadable": _code(
        "hold",
        "A file of holds cannot be read, so that nobody knows what it keeps out.",
        "Correct or remove the file in a pull request; that one is not kept back by it.",
    ),
    "after-passed": _code("after", "The version has been verified in every earlier environment."),
    "after-held": _code(
        "after",
        "An earlier environment holds the version.",
        "Propose another version, or lift the hold there.",
    ),
    "after-undone": _code(
        "after",
        "The version was rolled back in an earlier environment after it had succeeded there.",
        "Propose another version.",
    ),
    "after-failed": _code(
        "after",
        "The version's newest deployment to an earlier environment failed.",
        "Fix it, and deploy it there again, or propose another version.",
    ),
    "after-unknown": _code(
        "after",
        "How the version's newest deployment to an earlier environment ended is unknown.",
        "Run `deploy` for that environment again.",
    ),
    "after-unreadable": _code(
        "after",
        "The deployments of an earlier environment could not be read.",
        "Give the gate `deployments: read` and `actions: read`; the next run tries again.",
    ),
    "after-running": _code(
        "after", "The version is being deployed to an earlier environment.", "Wait."
    ),
    "after-missing": _code(
        "after",
        "No proved deployment of the version to an earlier environment was found.",
        "Merge it there first. Deployments by hand, and those whose run was deleted, do not count.",
    ),
    "after-not-comparable": _code(
        "after",
        "The tag ran in an earlier environment, but only one side names a digest.",
        "Pin the digest in both environments, as `bump` does.",
    ),
    "soak-reached": _code("soak", "The version has run for long enough."),
    "soak-running": _code("soak", "The version has not run for long enough.", "Wait."),
    "soak-not-started": _code(
        "soak",
        "The version has not succeeded in an earlier environment, so that nothing soaks yet.",
        "Merge and deploy it there first.",
    ),
    "soak-interrupted": _code(
        "soak",
        "Another version, a failure or an unknown result cut the soak short.",
        "Deploy the version there again and let it run, or propose the one that runs there.",
    ),
    "soak-unreadable": _code(
        "soak",
        "The deployments of an earlier environment could not be read.",
        "Give the gate `deployments: read` and `actions: read`; the next run tries again.",
    ),
    "window-open": _code("windows", "Merging is allowed now."),
    "window-closed": _code("windows", "Merging is not allowed now.", "Wait for the time shown."),
    "window-never-opens": _code(
        "windows",
        "The windows leave no moment to merge in.",
        "Change `windows` in the configuration.",
    ),
    "approvals-given": _code("approvals", "Enough people who count have approved this change."),
    "approvals-missing": _code(
        "approvals",
        "Too few approvals count.",
        "Ask the people named to approve. The comment says why an approval does not count; after a"
        " change it has to be given again.",
    ),
    "changes-requested": _code(
        "approvals",
        "A person with write access requests changes.",
        "Address the review; its author approves, or the review is dismissed.",
    ),
    "approvals-unknown": _code(
        "approvals",
        "What could not be read decides whether the approvals are enough.",
        "Read the reason: mostly `members: read` is missing, or `source-token`.",
    ),
    "teams-need-app": _code(
        "approvals",
        "`approvals` names teams, whose members the job's token cannot read.",
        "Name `users` instead of `teams`, or give the gate an App.",
    ),
    "checks-succeeded": _code("checks", "Every required check has succeeded."),
    "check-failed": _code(
        "checks",
        "A required check failed on the head commit.",
        "Fix the cause, or run the check again.",
    ),
    "check-missing": _code(
        "checks",
        "A required check has not reported on the head commit.",
        "Wait; or correct its name, or the App's id, in the configuration.",
    ),
    "check-pending": _code("checks", "A required check is still running.", "Wait."),
    "http-expected": _code("http", "Every address answered as expected."),
    "http-unexpected": _code(
        "http",
        "An address answered something else than the configuration expects.",
        "Wait until the service is as expected, or correct `expect`.",
    ),
    "http-unanswered": _code(
        "http",
        "An address did not answer in time, redirected, answered too much, or may not be asked.",
        "Read the reason; the next run tries again.",
    ),
    "http-expression": _code(
        "http",
        "`expect` could not be evaluated on the answer, for example because a field is missing.",
        "Correct `expect`; `has(response.json.field)` asks whether a field is there.",
    ),
    "provenance-verified": _code(
        "provenance", "The configured workflow built and signed every image that changes."
    ),
    "provenance-missing": _code(
        "provenance",
        "No attestation says who built the image.",
        "Attest the image in the workflow that builds it, by `actions/attest` or"
        " `cosign sign`; the next run finds it.",
    ),
    "provenance-other-builder": _code(
        "provenance",
        "Another workflow, repository, ref or issuer signed the image.",
        "Build it by the configured workflow, or correct `provenance`; the comment names both.",
    ),
    "provenance-untrusted": _code(
        "provenance",
        "No attestation of the image has a signature that the trusted root accepts.",
        "Attest the image again. For a private repository, or a sigstore of your own, set"
        " `provenance.trusted-root`.",
    ),
    "provenance-no-digest": _code(
        "provenance",
        "The image is named by tag alone, which may mean another image tomorrow.",
        "Pin the digest, as `bump` does.",
    ),
    "provenance-unreadable": _code(
        "provenance",
        "The image's attestations, or the trusted root to verify them by, could not be read.",
        "Read the reason: mostly `attestations: read`, an account of the registry or the file"
        " `trusted-root` is missing, or a service is away; the next run tries again.",
    ),
    "checks-unreadable": _code(
        "checks",
        "The checks of the head commit could not be read.",
        "Give the gate `checks: read` and `statuses: read`; the next run tries again.",
    ),
}
"""Every reason code."""
