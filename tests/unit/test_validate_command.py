"""The story of `validate`, on fakes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gitops_action.core.rendering import RemoteBaseError
from gitops_action.core.trailers import ProposalTrailers
from gitops_action.errors import ConflictError, DeniedError, GitOpsError, GitOpsErrors, UsageError
from tests.support.validate_stage import (
    CONFIG,
    FILES,
    HEAD,
    OneComment,
    ValidateStage,
    deployment,
    errors,
    namespace,
    place,
    settings,
    touched,
    warnings,
)

STAGING = "environments/staging"
PRODUCTION = "environments/production"
WEB = f"{STAGING}/web.yaml"
NEW = deployment("ghcr.io/acme/web:v2")
BUMP = {WEB: NEW}
TRAILERS = (
    "Bump\n\nGitOps-Action: bump\nGitOps-Environment: staging\nGitOps-Image: ghcr.io/acme/web:v2"
)


def test_a_bump_is_valid_and_shows_what_changes() -> None:
    outcome = ValidateStage(BUMP).run()
    assert outcome.exit_code == 0
    assert errors(outcome) == warnings(outcome) == []
    assert outcome.outputs["valid"] == "true"
    assert touched(outcome) == ["staging"]
    counts = [outcome.outputs[f"objects-{name}"] for name in ("added", "changed", "removed")]
    assert counts == ["0", "1", "0"]
    assert re.search(
        r"^-.*image: ghcr.io/acme/web:v1\n\+.*image: ghcr.io/acme/web:v2$",
        outcome.summary,
        re.MULTILINE,
    )
    assert outcome.headline == "Valid in staging: objects 0 added, 1 changed, 0 removed"


def test_what_the_change_does_not_touch_is_not_rendered() -> None:
    stage = ValidateStage(BUMP)
    stage.run()
    assert set(stage.workshop.tool.rendered) == {STAGING}


def test_nothing_changed_is_valid() -> None:
    stage = ValidateStage({"README.md": "# other\n"})
    outcome = stage.run()
    assert (outcome.exit_code, touched(outcome)) == (0, [])
    assert outcome.headline == "Valid: no environment's files change"
    assert "`README.md`" in outcome.summary
    assert stage.workshop.tool.rendered == []


def test_a_shared_base_touches_both() -> None:
    kustomization = "resources: [../../base]\n"
    base = {
        **FILES,
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": settings("a"),
        f"{STAGING}/kustomization.yaml": kustomization,
        f"{PRODUCTION}/kustomization.yaml": kustomization,
    }
    outcome = ValidateStage({"base/web.yaml": settings("b")}, base=base).run()
    assert touched(outcome) == ["staging", "production"]


def test_broken_yaml_in_one_file_hides_no_other_problem() -> None:
    changes = {
        f"{STAGING}/broken.yaml": "a: [1\n",
        f"{STAGING}/nameless.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
        f"{STAGING}/wrong.yaml": f"{settings('wrong')}wrong: true\n",
        f"{PRODUCTION}/twice.yaml": deployment("ghcr.io/acme/web:v9"),
        WEB: NEW,
    }
    outcome = ValidateStage(changes).run()
    said = "\n".join(errors(outcome))
    assert outcome.exit_code == 1
    assert touched(outcome) == ["staging", "production"]
    assert "ConfigMap web/wrong: wrong is not known" in said
    assert "Deployment web/web is described twice in environment production" in said
    files = {item.location.file for item in outcome.notices if item.location}
    assert {f"{STAGING}/broken.yaml", f"{STAGING}/nameless.yaml"} <= files
    assert "ghcr.io/acme/web:v2" in outcome.summary
    assert outcome.outputs["rendered-hash"] == ""
    assert outcome.outputs["unrendered-hash"]


def test_nothing_counts_as_removed_when_not_everything_renders() -> None:
    outcome = ValidateStage({WEB: "a: [1\n"}).run()
    assert outcome.outputs["objects-removed"] == "0"
    assert any("is not known" in notice.text for notice in outcome.notices)
    assert "| unknown |" in outcome.summary


def test_the_same_object_in_two_applications_is_told_with_both_files() -> None:
    config = CONFIG.replace("environments/staging", "apps/{application}/staging")
    base = {".github/gitops.yaml": config, "apps/api/staging/a.yaml": settings("a"), **FILES}
    base["apps/web/staging/n.yaml"] = namespace()
    outcome = ValidateStage(
        {"apps/web/staging/b.yaml": settings("a")}, base=base | {".github/gitops.yaml": config}
    ).run()
    (said,) = errors(outcome)
    assert "ConfigMap web/a is described twice" in said
    assert "apps/api/staging/a.yaml" in said
    assert "apps/web/staging/b.yaml" in said


CRD = (
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
    "metadata:\n  name: widgets.acme.dev\nspec:\n  group: acme.dev\n  scope: Namespaced\n"
    "  names: {kind: Widget, plural: widgets}\n  versions: []\n"
)
WIDGET = "apiVersion: acme.dev/v1\nkind: Widget\nmetadata: {name: w, namespace: web}\n"


def test_a_kind_and_its_definition_may_come_together() -> None:
    outcome = ValidateStage({f"{STAGING}/w.yaml": WIDGET, f"{STAGING}/crd.yaml": CRD}).run()
    assert warnings(outcome) == errors(outcome) == []


def test_a_definition_elsewhere_in_the_repository_is_found() -> None:
    outcome = ValidateStage({f"{STAGING}/w.yaml": WIDGET, "platform/crd.yaml": CRD}).run()
    assert warnings(outcome) == errors(outcome) == []


@pytest.mark.parametrize(
    ("policy", "levels"), [("warn", ["warning"]), ("error", ["error"]), ("ignore", [])]
)
def test_kinds_without_a_schema_are_told_as_configured(policy: str, levels: list[str]) -> None:
    base = {**FILES, ".github/gitops.yaml": f"{CONFIG}validate: {{unknown-kinds: {policy}}}\n"}
    outcome = ValidateStage({f"{STAGING}/w.yaml": WIDGET}, base=base).run()
    found = [item.level for item in outcome.notices if "no schema is known for Widget" in item.text]
    assert found == levels


def test_a_namespace_that_nobody_describes_is_a_warning() -> None:
    outcome = ValidateStage({f"{STAGING}/a.yaml": settings("a", where="billing")}).run()
    assert outcome.exit_code == 0
    (said,) = warnings(outcome)
    assert "billing" in said
    elsewhere = {f"{STAGING}/a.yaml": settings("a", where="billing")}
    elsewhere["platform/n.yaml"] = namespace("billing")
    assert warnings(ValidateStage(elsewhere).run()) == []


def test_an_immutable_selector_is_an_error_at_its_file() -> None:
    outcome = ValidateStage({WEB: NEW.replace("app: web", "app: web2")}).run()
    (said,) = errors(outcome)
    assert "selector" in said
    found = place(outcome, "selector")
    assert found is not None
    assert (found.file, found.line) == (WEB, 7)


OLD_PROBLEM = {**FILES, f"{STAGING}/old.yaml": f"{settings('old')}wrong: true\n"}


def test_what_was_wrong_before_is_shown_and_fails_no_change() -> None:
    outcome = ValidateStage(BUMP, base=OLD_PROBLEM).run()
    assert outcome.exit_code == 0
    assert errors(outcome) == []
    assert outcome.outputs["valid"] == "true"
    assert "*(also without this change)*" in outcome.summary


def test_what_is_wrong_and_new_fails_beside_old_problems() -> None:
    new = {f"{STAGING}/new.yaml": f"{settings('new')}wrong: true\n"}
    outcome = ValidateStage({**BUMP, **new}, base=OLD_PROBLEM).run()
    assert outcome.exit_code == 1
    assert ["ConfigMap web/new" in text for text in errors(outcome)] == [True]


def test_old_problems_fail_where_the_configuration_says_so() -> None:
    strict = {".github/gitops.yaml": f"{CONFIG}validate: {{existing: error}}\n"}
    outcome = ValidateStage(BUMP, base={**OLD_PROBLEM, **strict}).run()
    assert outcome.exit_code == 1
    assert len(errors(outcome)) == 1


def test_a_problem_that_moves_to_another_line_is_the_same_problem() -> None:
    moved = {f"{STAGING}/old.yaml": f"# a comment\n\n{settings('old')}wrong: true\n"}
    assert ValidateStage(moved, base=OLD_PROBLEM).run().exit_code == 0


def test_a_second_one_of_an_old_problem_is_new() -> None:
    base = {**FILES, f"{STAGING}/old.yaml": f"{settings('a')}---\n{settings('a')}"}
    more = {f"{STAGING}/old.yaml": f"{settings('a')}---\n{settings('a')}---\n{settings('a')}"}
    assert ValidateStage(BUMP, base=base).run().exit_code == 0
    assert ValidateStage(more, base=base).run().exit_code == 1


FLUX_APPS = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m, path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: own}}
"""
CLUSTER = {
    ".github/gitops.yaml": "version: 1\nenvironments:\n  prod: {path: clusters/prod}\n",
    "clusters/prod/apps.yaml": FLUX_APPS,
    "apps/web.yaml": deployment("ghcr.io/acme/web:v1"),
    "apps/namespace.yaml": namespace(),
}


def test_what_flux_builds_belongs_to_the_environment() -> None:
    bump = {"apps/web.yaml": deployment("ghcr.io/acme/web:v2")}
    outcome = ValidateStage(bump, base=CLUSTER).run()
    assert touched(outcome) == ["prod"]
    assert outcome.outputs["objects-changed"] == "1"
    assert outcome.data["unrendered"] == []


def test_what_is_wrong_in_what_flux_builds_fails_the_change() -> None:
    bad = {"apps/web.yaml": f"{settings('bad')}wrong: true\n"}
    assert ValidateStage(bad, base=CLUSTER).run().exit_code == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("kind: OCIRepository, name: own", "it reads the OCIRepository `own`"),
        ("kind: ExternalArtifact, name: own", "it reads the ExternalArtifact `own`"),
    ],
)
def test_sources_that_are_no_repository_are_named_as_not_followed(source: str, said: str) -> None:
    other = FLUX_APPS.replace("kind: GitRepository, name: own", source)
    change = {"clusters/prod/settings.yaml": settings("a")}
    outcome = ValidateStage(change, base={**CLUSTER, "clusters/prod/apps.yaml": other}).run()
    notes = [item.text for item in outcome.notices if item.level == "notice"]
    assert any("not followed: Kustomization flux-system/apps" in text for text in notes)
    assert any(said in text for text in notes)


def test_a_template_of_another_tool_is_named_in_a_note() -> None:
    outcome = ValidateStage({f"{STAGING}/template.yaml": settings("'a-{{uid}}'")}).run()
    notes = [item.text for item in outcome.notices if item.level == "notice"]
    assert any("template.yaml: a template that another tool" in text for text in notes)


@pytest.mark.parametrize(
    ("verify", "kind", "levels"),
    [
        ("auto", "missing", ["error"]),
        ("auto", "unreachable", ["warning"]),
        ("required", "unreachable", ["error"]),
        ("off", "missing", []),
    ],
)
def test_images_that_change_are_looked_up(verify: str, kind: str, levels: list[str]) -> None:
    stage = ValidateStage(BUMP)
    getattr(stage.workshop.images, kind).add("ghcr.io/acme/web:v2")
    outcome = stage.run(verify=verify)
    found = [item for item in outcome.notices if item.level in {"error", "warning"}]
    assert [item.level for item in found] == levels
    assert all(item.location and item.location.file == WEB for item in found)


def test_an_image_is_asked_for_once_and_only_when_it_changes() -> None:
    stage = ValidateStage({**BUMP, f"{PRODUCTION}/web.yaml": NEW})
    stage.run()
    assert stage.workshop.images.asked == ["ghcr.io/acme/web:v2"]


def test_given_credentials_go_to_registries_that_the_base_names_alone() -> None:
    stage = ValidateStage({WEB: deployment("evil.example/acme/web:v2")})
    stage.run()
    assert stage.workshop.domains == {"ghcr.io"}
    assert stage.workshop.images.asked == ["evil.example/acme/web:v2"]


def test_what_is_declared_has_to_be_there() -> None:
    stage = ValidateStage(BUMP)
    stage.declare(TRAILERS)
    assert stage.run().exit_code == 0
    stage.declare(TRAILERS.replace(":v2", ":v3"))
    (said,) = errors(stage.run())
    assert "declares ghcr.io/acme/web:v3 for staging, which does not run it" in said


def test_no_other_environment_may_change() -> None:
    stage = ValidateStage({**BUMP, f"{PRODUCTION}/more.yaml": settings("a")})
    stage.declare(TRAILERS)
    (said,) = errors(stage.run())
    assert "declares a change of staging, and changes production too" in said


def test_a_comment_in_another_environment_changes_nothing() -> None:
    text = f"# a comment\n{FILES[f'{PRODUCTION}/web.yaml']}"
    stage = ValidateStage({**BUMP, f"{PRODUCTION}/web.yaml": text})
    stage.declare(TRAILERS)
    outcome = stage.run()
    assert (outcome.exit_code, errors(outcome)) == (0, [])


def test_a_commit_declares_where_the_body_does_not() -> None:
    stage = ValidateStage(BUMP)
    older = TRAILERS.replace(":v2", ":v0")
    stage.pull.now = replace(stage.pull.now, messages=(older, TRAILERS, "Fix a typo"))
    assert stage.run().exit_code == 0


def test_declared_things_that_make_no_sense_are_warnings() -> None:
    stage = ValidateStage({"README.md": "# other\n"})
    stage.declare(f"{TRAILERS}\nGitOps-Environment: nowhere\nGitOps-Image: NO IMAGE")
    outcome = stage.run()
    assert outcome.exit_code == 0
    assert len(warnings(outcome)) == 3


def test_a_pull_request_that_may_not_be_read_is_validated_all_the_same() -> None:
    stage = ValidateStage(BUMP)
    stage.pull.failure = DeniedError("the token may not read pull requests")
    outcome = stage.run(pull_request=7)
    assert outcome.exit_code == 0
    assert any("what the pull request declares is not checked" in n.text for n in outcome.notices)


def test_deletions_over_the_budget_are_warned_of() -> None:
    outcome = ValidateStage({WEB: None}).run()
    assert outcome.exit_code == 0
    assert outcome.outputs["objects-removed"] == "1"
    assert any("would delete 1 objects" in text for text in warnings(outcome))


def test_an_environment_that_would_be_emptied_is_warned_of() -> None:
    gone = {path: None for path in FILES if path.startswith(STAGING)}
    outcome = ValidateStage(gone).run()
    assert any("nothing would be left of staging" in text for text in warnings(outcome))


def test_environments_can_be_chosen() -> None:
    stage = ValidateStage({**BUMP, f"{PRODUCTION}/web.yaml": NEW})
    outcome = stage.run(environment=("production",))
    assert touched(outcome) == ["production"]
    assert set(stage.workshop.tool.rendered) == {PRODUCTION}
    assert "Not looked at, though the change touches them: `staging`" in outcome.summary
    with pytest.raises(UsageError, match="unknown environment"):
        stage.run(environment=("prod",))


def test_the_head_moved_while_it_was_evaluated() -> None:
    stage = ValidateStage(BUMP)
    stage.pull.later = replace(stage.pull.now, head="c" * 40)
    outcome = stage.run()
    assert (outcome.exit_code, outcome.outputs["valid"]) == (1, "false")
    assert outcome.headline.startswith("Only an older commit was judged (valid)")
    assert any("this says nothing about the newer commit" in text for text in warnings(outcome))
    assert stage.comments.body == ""
    assert "meanwhile" in stage.written[0]


def test_head_that_does_not_merge_is_told_and_commented() -> None:
    stage = ValidateStage(BUMP, conflict=ConflictError("it does not merge into main"))
    outcome = stage.run()
    assert outcome.exit_code == 1
    assert "it does not merge into main" in stage.comments.body
    assert outcome.outputs["rendered-hash"] == ""


def test_the_comment_and_its_file_say_the_same() -> None:
    stage = ValidateStage(BUMP)
    stage.run()
    assert f"{stage.comments.body}\n" == stage.written[0]
    assert HEAD in stage.comments.body


def test_a_token_that_may_not_comment_is_only_noted() -> None:
    stage = ValidateStage(BUMP, comments=OneComment(failure=DeniedError("it may not")))
    outcome = stage.run()
    assert outcome.exit_code == 0
    assert [n.level for n in outcome.notices if "no comment was written" in n.text] == ["notice"]


def test_a_comment_that_fails_leaves_the_old_one_and_fails_the_run() -> None:
    stage = ValidateStage(BUMP, comments=OneComment(body="old", failure=GitOpsError("502")))
    outcome = stage.run()
    assert (outcome.exit_code, outcome.outputs["valid"]) == (1, "true")
    assert stage.comments.body == "old"
    assert errors(outcome) == ["502"]


def test_a_merge_group_has_nothing_to_comment_on() -> None:
    stage = ValidateStage(BUMP)
    stage.pull.now = ProposalTrailers()
    outcome = stage.run()
    assert outcome.exit_code == 0
    assert stage.comments.body == ""


def test_the_configuration_of_the_base_counts_and_the_new_one_is_checked() -> None:
    changed = CONFIG.replace("environments/staging", "nowhere/staging")
    outcome = ValidateStage({**BUMP, ".github/gitops.yaml": changed}).run()
    assert touched(outcome) == ["staging"]
    assert any("there is no folder 'nowhere/staging'" in text for text in errors(outcome))
    assert any("is still judged by the one of `main`" in notice.text for notice in outcome.notices)
    broken = CONFIG.replace("after: [staging]", "after: [nowhere]")
    outcome = ValidateStage({**BUMP, ".github/gitops.yaml": broken}).run()
    assert any("not declared" in text for text in errors(outcome))
    assert outcome.exit_code == 1


def test_a_first_configuration_counts_at_once() -> None:
    base = {path: text for path, text in FILES.items() if path != ".github/gitops.yaml"}
    outcome = ValidateStage({".github/gitops.yaml": CONFIG, **BUMP}, base=base).run()
    assert touched(outcome) == ["staging"]
    assert any("does not exist on `main`" in notice.text for notice in outcome.notices)


def test_a_broken_configuration_can_be_mended() -> None:
    base = {**FILES, ".github/gitops.yaml": "version: 7\n"}
    outcome = ValidateStage({".github/gitops.yaml": CONFIG, **BUMP}, base=base).run()
    assert (outcome.exit_code, touched(outcome)) == (0, ["staging"])
    with pytest.raises(GitOpsErrors):
        ValidateStage(BUMP, base=base).run()


def test_a_broken_hold_is_an_error() -> None:
    hold = {".github/gitops/holds/staging-web-v1.yaml": "environment: 1\n"}
    outcome = ValidateStage(hold).run()
    assert outcome.exit_code == 1
    assert any(n.location and "holds" in n.location.file for n in outcome.notices)


@pytest.mark.parametrize(
    ("engine", "level"),
    [("push", "warning"), ("flux, kustomizations: [flux-system/apps]", "notice")],
)
def test_a_remote_base_fails_nothing_and_not_everything_was_rendered(
    engine: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flux fetches it, so that an environment of Flux alone gets a note."""
    config = CONFIG.replace(
        f"path: {STAGING}\n", f"path: {STAGING}\n    deploy: {{engine: {engine}}}\n"
    )
    stage = ValidateStage(BUMP, base={**FILES, ".github/gitops.yaml": config})
    tool = stage.workshop.tool
    plain, remote = tool.render, RemoteBaseError("'https://github.com/acme/base' is not followed")
    monkeypatch.setattr(
        tool, "render", lambda *given: replace(plain(*given), problems=(remote,)), raising=True
    )
    outcome = stage.run()
    assert outcome.exit_code == 0
    assert "not everything was rendered" in outcome.headline
    assert outcome.outputs["rendered-hash"] == ""
    assert "acme/base" in outcome.summary
    assert ("1 warning" in outcome.headline) is (level == "warning")
    assert outcome.outputs["objects-changed"] == "1"
