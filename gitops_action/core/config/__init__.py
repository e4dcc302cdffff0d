"""The environment repository's configuration: `.github/gitops.yaml` and the holds beside it."""

from gitops_action.core.config.deploy import Deploy, Health, PruneBudget, Target
from gitops_action.core.config.gates import Approvals, Gates, HttpGate, Window
from gitops_action.core.config.resolved import (
    CONFIG_PATH,
    DEFAULT_ENVIRONMENT,
    PLACEHOLDER,
    Application,
    Config,
    Environment,
    Rollback,
)
from gitops_action.core.config.select import (
    application_of,
    select_applications,
    select_environments,
)

__all__ = [
    "CONFIG_PATH",
    "DEFAULT_ENVIRONMENT",
    "PLACEHOLDER",
    "Application",
    "Approvals",
    "Config",
    "Deploy",
    "Environment",
    "Gates",
    "Health",
    "HttpGate",
    "PruneBudget",
    "Rollback",
    "Target",
    "Window",
    "application_of",
    "select_applications",
    "select_environments",
]
