"""The environment repository's configuration: `.github/gitops.yaml` and the holds beside it."""

from gitops_action.core.config.check import Folder, missing_folders, resolve_folders
from gitops_action.core.config.holds import HOLDS_FOLDER, Hold, held, hold_file, load_holds
from gitops_action.core.config.load import load_config
from gitops_action.core.config.resolved import (
    CONFIG_PATH,
    DEFAULT_ENVIRONMENT,
    PLACEHOLDER,
    Application,
    Approvals,
    Config,
    Deploy,
    Environment,
    Gates,
    HealthSettings,
    HttpGate,
    KindRule,
    PruneBudget,
    Rollback,
    Target,
    Validation,
    Window,
)
from gitops_action.core.config.select import (
    APPLICATIONS_FOLDER,
    application_of,
    select_applications,
    select_environments,
)

__all__ = [
    "APPLICATIONS_FOLDER",
    "CONFIG_PATH",
    "DEFAULT_ENVIRONMENT",
    "HOLDS_FOLDER",
    "PLACEHOLDER",
    "Application",
    "Approvals",
    "Config",
    "Deploy",
    "Environment",
    "Folder",
    "Gates",
    "HealthSettings",
    "Hold",
    "HttpGate",
    "KindRule",
    "PruneBudget",
    "Rollback",
    "Target",
    "Validation",
    "Window",
    "application_of",
    "held",
    "hold_file",
    "load_config",
    "load_holds",
    "missing_folders",
    "resolve_folders",
    "select_applications",
    "select_environments",
]
