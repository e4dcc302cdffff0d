"""Every way in which a configuration can be wrong, each with its place and its fix."""

import pytest

from gitops_action.core.config import load_config
from gitops_action.errors import EXIT_USAGE, GitOpsErrors
from tests.support.configs import FILE


def one_environment(body: str) -> bytes:
    return f"version: 1\nenvironments:\n  staging:\n    path: env/staging\n{body}".encode()


def told(data: bytes) -> list[str]:
    with pytest.raises(GitOpsErrors) as caught:
        load_config(FILE, data)
    assert caught.value.exit_code == EXIT_USAGE
    return [str(error) for error in caught.value.errors]


def test_anchors_and_merge_keys_are_read_and_placed() -> None:
    data = (
        b"version: 1\nenvironments:\n  a: &a\n    path: a\n    merge: auto\n"
        b"  b:\n    <<: *a\n    path: b\n    merge: never\n"
    )
    assert told(data) == [
        f"{FILE}:9:12: environments.b.merge is 'never'. Fix: write auto or manual"
    ]
    config = load_config(FILE, data.replace(b"    merge: never\n", b""))
    assert [item.merge for item in config.environments] == ["auto", "auto"]


UNREADABLE = [
    (b"a: [", "is not valid YAML"),
    (b"\xff\xfe", "is not UTF-8"),
    (b"version: 1\n---\nversion: 1\n", "another document"),
    (b"&a [*a]", "aliases repeat"),
    (b"[" * 800, "nested too deeply"),
    (b"a: \x00", "unacceptable character"),
    (b"#" * 1_100_000, "too large"),
    (b"", "the configuration is empty"),
    (b"[1]", "it is not a mapping"),
    (b"version: 2", "version 2 is not known"),
    (b"version: true", "version True is not known"),
    (b"version: '1'", "version '1' is not known"),
]


@pytest.mark.parametrize(("data", "expected"), UNREADABLE, ids=[item[1] for item in UNREADABLE])
def test_what_cannot_be_read_is_one_clear_error(data: bytes, expected: str) -> None:
    (error,) = told(data)
    assert expected in error
    assert error.startswith(FILE)


def test_aliases_that_multiply_are_stopped() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    (error,) = told(bomb.encode())
    assert "aliases repeat" in error


WRONG = [
    (
        "    merg: auto\n",
        "5:5: unknown key 'merg' in environments.staging. Fix: did you mean 'merge'?",
    ),
    (
        "    zzz: 1\n",
        "unknown key 'zzz' in environments.staging. Fix: known keys: path, after,",
    ),
    ("    merge: no\n", "5:12: environments.staging.merge is 'no'. Fix: write auto or manual"),
    ("    after: x\n", "5:12: environments.staging.after is 'x', not a list. Fix: write [a, b]"),
    ("    after: [prod]\n", "5:13: environments.staging.after names 'prod', which is not declared"),
    ("    after: [stagin]\n", "did you mean 'staging'?"),
    ("    after: [staging]\n", "5:5: environments wait for each other: staging after staging"),
    ("    gates: 3\n", "5:12: environments.staging.gates is 3, not a mapping"),
    ("    gates: {checks: ['']}\n", "environments.staging.gates.checks[0] is empty"),
    ("    gates: {soak: 1h}\n", "5:13: environments.staging.gates.soak has nothing to wait for"),
    (
        "    after: [b]\n    gates: {soak: 5x}\n",
        "6:19: environments.staging.gates.soak: '5x' is",
    ),
    (
        "    after: [b]\n    gates: {soak: 5}\n",
        "6:19: environments.staging.gates.soak: 5 is",
    ),
    ("    gates: {windows: [{deny: '0 0 30 2 *', for: 1h}]}\n", "not a cron expression"),
    ("    gates: {windows: [{deny: '* * *', for: 1h}]}\n", "not a cron expression of five fields"),
    ("    gates: {windows: [{for: 1h}]}\n", "a window has either deny or allow"),
    ("    gates: {windows: [{deny: '0 0 * * *'}]}\n", "windows[0].for is missing"),
    ("    gates: {windows: [{deny: '0 0 * * *', for: 0s}]}\n", "a window of no length"),
    (
        "    gates: {windows: [{deny: '0 0 * * *', for: 1h, timezone: Mars}]}\n",
        "5:62: environments.staging.gates.windows[0].timezone: 'Mars' is not a known time zone",
    ),
    (
        "    gates: {windows: [{deny: '0 0 * * *', for: 1h, timezone: ../UTC}]}\n",
        "'../UTC' is not a known time zone",
    ),
    ("    gates: {windows: [{deny: '0 0 * * MON', for: 1w}]}\n", "leave no moment to merge in"),
    ("    gates: {approvals: {teams: [sre]}}\n", "'sre' is not a team ORG/TEAM"),
    ("    gates: {approvals: {teams: ['@acme/sre']}}\n", "is not a team ORG/TEAM"),
    ("    gates: {approvals: {users: ['@alice']}}\n", "'@alice' is not a GitHub login"),
    ("    gates: {approvals: {count: -1}}\n", "greater than or equal to 0"),
    ("    gates: {approvals: {count: '2'}}\n", "count is '2', not a whole number"),
    ("    gates: {approvals: {not-by: [nobody]}}\n", "write author, pushers or source-authors"),
    ("    gates: {approvals: {count: 2, users: [a, A]}}\n", "and the list of users has 1"),
    ("    gates: {approvals: {count: 2.0, users: [a]}}\n", "2 approvals are needed, and the list"),
    ("    gates: {checks: [{app: 1}]}\n", "checks[0].name is missing"),
    ("    gates: {checks: [{name: a, app: 0}]}\n", "checks[0].app"),
    ("    gates: {checks: [{name: a, apps: 1}]}\n", "did you mean 'app'?"),
    ("    gates: {checks: [3]}\n", "checks[0] is 3, not a mapping"),
    ("    gates: {override: {}}\n", "override names nobody"),
    ("    gates: {provenance: {workflow: release.yml}}\n", "is not a workflow file"),
    (
        "    gates: {http: [{url: 'https://a/', expect: 'response.ok', timeout: 2m}]}\n",
        "timeout is not between 1s and 1m",
    ),
    (
        "    gates: {http: [{url: 'https://a/', expect: 'response.ok', retries: 9}]}\n",
        "more than 5 retries",
    ),
    ("    promotion: {pick: oldest}\n", "write soaked or newest"),
    ("    promotion: {supersede: never}\n", "write until-approved or always"),
    ("    gates: {http: [{url: 'https://a:b@c/', expect: x}]}\n", "is not an address"),
    ("    gates: {http: [{url: 'file:///etc/passwd', expect: x}]}\n", "is not an address"),
    (
        "    gates: {http: [{url: 'https://a/', expect: 'response.status =='}]}\n",
        "5:48: environments.staging.gates.http[0].expect: 'response.status ==' is not an",
    ),
    (
        "    gates: {http: [{url: 'https://a/', expect: 'status == 200'}]}\n",
        "'status == 200' does not look at `response`. Fix: write an expression such as",
    ),
    ("    gates: {windows: [{deny: '* * * * *', for: 1m}]}\n", "leave no moment to merge in"),
    ("    gates: {windows: [{deny: '*/5 * * * *', for: 1h}]}\n", "leave no moment to merge in"),
    ("    gates: {windows: [{deny: '0 0 * * *', for: -1h}]}\n", "'-1h' is not a duration"),
    ("    rollback: {mode: maybe}\n", "write auto, propose or off"),
    ("    deploy: {context: a}\n", "deploy names no engine"),
    ("    deploy: {engine: push, kustomizations: [a/b]}\n", "kustomizations need engine: flux"),
    ("    deploy: {engine: flux, kustomizations: [b]}\n", "'b' is not a Kustomization"),
    ("    deploy: {engine: push, access: none, status-prefix: x}\n", "needs access to the cluster"),
    (
        "    deploy: {engine: flux, kustomizations: [a/b], access: none}\n",
        "access: none and status-prefix belong together",
    ),
    (
        "    deploy: {engine: push, targets: [{name: a, engine: push}]}\n",
        "targets and engine exclude each other",
    ),
    (
        "    deploy: {targets: [{name: a, engine: push}, {name: a, engine: push}]}\n",
        "two targets have the same name",
    ),
    (
        "    deploy: {engine: flux, kustomizations: [a/b], drift: correct}\n",
        "drift needs engine: push. Fix: remove drift: Flux applies by its own settings",
    ),
    (
        "    deploy: {engine: push, ignore: [{kind: D, fields: [spec], reason: x}]}\n",
        "deploy.ignore[0].fields[0]: 'spec' is not a JSON pointer",
    ),
    (
        "    deploy: {engine: push, ignore: [{kind: D, fields: [/metadata/name], reason: x}]}\n",
        "'/metadata/name' says which object it is, or whose",
    ),
    (
        "    deploy: {engine: push, ignore: [{kind: D, fields: [/spec]}]}\n",
        "deploy.ignore[0].reason is missing",
    ),
    ("    url: https://a:b@c/\n", "is not an address"),
    ("    url: 'https://{app}.acme.dev'\n", "is not an address"),
    (
        "    formerly: [staging]\n",
        "environments.staging.formerly: 'staging' is an environment of its own",
    ),
    (
        "    formerly: [x]\n  b: {path: b, formerly: [x]}\n",
        "6:27: environments.b.formerly: 'x' is a former name of staging already",
    ),
    (
        "    deploy: {targets: [[], {name: a, engine: flux, status-prefix: b}]}\n",
        "deploy.targets[1]: access: none and status-prefix belong together",
    ),
    ("validate: {schemas: ['']}\n", "validate.schemas[0] is empty"),
    ("    deploy: {targets: [{name: a}]}\n", "deploy.targets[0].engine is missing"),
    ("    deploy: {engine: push, prune: {max: 120%}}\n", "'120%' is not a percentage"),
    ("    deploy: {engine: push, prune: {max: -1}}\n", "neither a percentage nor a number"),
    ("    deploy: {engine: push, prune: {max: true}}\n", "neither a percentage nor a number"),
    ("    deploy: {engine: push, health: {timeout: 10}}\n", "10 is not text"),
    (
        "    deploy: {engine: push, health: {kinds: [{kind: Db, current: 'a b'}]}}\n",
        "health.kinds[0].current: 'a b' is not an expression: Syntax error",
    ),
    (
        "    deploy: {engine: push, health: {kinds: [{kind: Db}]}}\n",
        "health.kinds[0].current is missing",
    ),
    (
        "    deploy: {engine: push, health: {kinds: [&a {kind: D, current: a}, *a]}}\n",
        "two rules are about the same kind",
    ),
    ("validate: {kubernetes: 1.36}\n", "validate.kubernetes: 1.36 is not text"),
    ("validate: {kubernetes: '1.36.2'}\n", "'1.36.2' is not a Kubernetes version"),
    ("validate: {schemas: [../crds]}\n", "leaves the repository's files"),
    ("validate: {schemas: ['{application}/crds']}\n", "may not hold {application}"),
    ("validate: {unknown-kinds: ignored}\n", "write warn, error or ignore"),
    ("validate: {remote-bases: 'yes'}\n", "not true or false"),
    ("    merge: auto\n    merge: manual\n", "6:5: key 'merge' stands twice"),
    ("    ? [a]\n    : b\n", "a key has to be plain text"),
    ('    url: "https://\\ud83d"\n', "5:10: 'https://?' has half a character"),
    ('    "\\ud83d": 1\n', "5:5: '?' has half a character"),
    ("    gates: {approvals: {count: .inf}}\n", "count is inf, not a whole number"),
    ("    gates: {approvals: {count: 1.5}}\n", "count is 1.5, not a whole number"),
    ("    merge:\n", "environments.staging.merge is empty. Fix: write auto or manual"),
    ("  Prod: {path: prod}\n", "5:3: environments.Prod: 'Prod' is not a name"),
    ("  b:\n", "environments.b is empty, not a mapping"),
    ("  b: {}\n", "5:3: environments.b.path is missing"),
    ("  b: {path: 4}\n", "5:13: environments.b.path is 4, not text"),
    ("  b: {path: ../x}\n", "5:13: environments.b.path '../x' leaves the repository's files"),
    ("  b: {path: /x}\n", "environments.b.path '/x' is absolute"),
    ("  b: {path: 'a\\b'}\n", "has a backslash"),
    ("  b: {path: .git/x}\n", "leaves the repository's files"),
    ("  b: {path: 'a/{app}'}\n", "may hold {application} once, as a whole folder name"),
    ("  b: {path: 'a-{application}'}\n", "may hold {application} once"),
    ("  b: {path: '{application}/{application}'}\n", "may hold {application} once"),
    ("  b: {path: env}\n", "the folders of staging (env/staging) and b (env) overlap"),
    ("  b: {path: .}\n", "the folders of staging (env/staging) and b (.) overlap"),
    ("  b: {path: 'env/{application}'}\n", "overlap"),
    ("applications: {web: {images: [3]}}\n", "applications.web.images[0]: 3 is not text"),
    ("applications: {web: {images: [a:v1]}}\n", "without tag or digest (character 2)"),
    ("applications: {web: {images: [Web]}}\n", "is not an image repository"),
    ("applications: {web: {source: web}}\n", "'web' is not a repository OWNER/NAME"),
    (
        "aplications: {}\n",
        "unknown key 'aplications' in the file. Fix: did you mean 'app",
    ),
]


@pytest.mark.parametrize(("body", "expected"), WRONG, ids=[item[1] for item in WRONG])
def test_each_mistake_is_told_with_place_and_fix(body: str, expected: str) -> None:
    errors = told(one_environment(body))
    assert any(expected in error for error in errors), errors
    assert all(error.startswith(f"{FILE}:") and ". Fix: " in error for error in errors)


def test_all_mistakes_are_told_in_one_go_in_the_order_of_the_file() -> None:
    body = "    merg: auto\n    after: [prod]\n  b: {path: ../x, merge: 1}\n"
    assert [error.split(": ")[0] for error in told(one_environment(body))] == [
        f"{FILE}:5:5",
        f"{FILE}:6:13",
        f"{FILE}:7:13",
        f"{FILE}:7:26",
    ]


NAMES = "use a-z, 0-9 and dashes, starting with a letter or digit"


def test_a_wrong_name_does_not_hide_a_wrong_value() -> None:
    assert told(one_environment("  B: 3\n")) == [
        f"{FILE}:5:3: environments.B: 'B' is not a name. Fix: {NAMES}",
        f"{FILE}:5:6: environments.B is 3, not a mapping. Fix: write `key: value` lines below it",
    ]


def test_a_missing_version_hides_no_other_mistake() -> None:
    assert told(b"enviroments:\n  a: {path: a, merg: auto}\n") == [
        f"{FILE}:1:1: version is missing. Fix: add `version: 1`",
        f"{FILE}:1:1: unknown key 'enviroments' in the file. Fix: did you mean 'environments'?",
    ]


@pytest.mark.parametrize("data", [b"environments: {}", b"a: 1"])
def test_without_a_version_everything_is_told(data: bytes) -> None:
    errors = told(data)
    assert len(errors) > 1
    assert "version is missing" in errors[0]


def test_a_longer_cycle_is_told_once() -> None:
    data = (
        b"version: 1\nenvironments:\n  a: {path: a, after: [b]}\n  b: {path: b, after: [c]}\n"
        b"  c: {path: c, after: [a]}\n  d: {path: d, after: [a]}\n"
    )
    (error,) = told(data)
    assert error.startswith(f"{FILE}:3:16: environments wait for each other: a after b after c ")


def test_folders_side_by_side_below_a_placeholder_do_not_overlap() -> None:
    config = load_config(
        FILE,
        b"version: 1\nenvironments:\n  a: {path: 'apps/{application}/a'}\n"
        b"  b: {path: 'apps/{application}/b', after: [a]}\n",
    )
    assert [item.path for item in config.environments] == [
        "apps/{application}/a",
        "apps/{application}/b",
    ]
