"""How kubeconfigs, login programs and pods' accounts are read: by `kubernetes`.

Loading it takes 0.2 s, so that this module is imported only where there is something to read.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from kubernetes.client import Configuration
from kubernetes.config import ConfigException
from kubernetes.config.exec_provider import ExecProvider
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import (
    ENV_KUBECONFIG_PATH_SEPARATOR,
    ConfigNode,
    KubeConfigLoader,
    KubeConfigMerger,
)

from gitops_action.core.cluster import access
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.errors import UsageError

_WORDS = 300
"""Characters of a login program's message that are shown."""
_SECTIONS = ("contexts", "clusters", "users")
_Paths = Mapping[tuple[str, str], str]
"""Section and name of an entry → the file that it comes from."""


def of_content(given: access.Given) -> access.Access:
    """A kubeconfig's text.

    Raises:
        UsageError: it cannot be used here.
    """
    try:
        body: object = yaml.load(given.kubeconfig, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        raise access.broken(
            "it is not YAML", "pass the content of the file, not its path"
        ) from None
    picked = access.pick(body, given.context.strip())
    access.check_picked(picked, terminal=given.terminal, from_file=False)
    return _loaded(picked, {})


def of_files(given: access.Given) -> access.Access:
    """A person's kubeconfigs, as `KUBECONFIG` names them.

    Raises:
        UsageError: they cannot be used.
    """
    body, paths = _merged(given.files)
    picked = access.pick(body, given.context.strip())
    access.check_picked(picked, terminal=given.terminal, from_file=True)
    return _loaded(picked, paths)


def of_pod(folder: Path, environ: Mapping[str, str]) -> access.Access:
    """The account of the pod that this runs in.

    Raises:
        UsageError: it cannot be used.
    """
    found = Configuration(proxy="", no_proxy="")
    known = {"KUBERNETES_SERVICE_PORT": "443", **environ}
    authority, namespace = folder / "ca.crt", folder / "namespace"
    try:
        InClusterConfigLoader(str(folder / "token"), str(authority), environ=known).load_and_set(
            found
        )
        return access.Access(
            server=found.host,
            ca=authority.read_text(encoding="utf-8").strip(),
            token=_bearer(found, "the pod's token"),
            namespace=namespace.read_text(encoding="utf-8").strip()
            if namespace.is_file()
            else "default",
            name=urlsplit(found.host).hostname or found.host,
        )
    except (ConfigException, OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The account of this pod cannot be used",
            cause=str(error),
            fix="mount the service account's token and authority, or pass `kubeconfig`",
        ) from None


def _merged(files: str) -> tuple[Body, _Paths]:
    """Several kubeconfigs as one, by kubectl's rules: what is set first counts."""
    merger = KubeConfigMerger("")
    names = [name for name in files.split(ENV_KUBECONFIG_PATH_SEPARATOR) if name]
    for name in names:
        _add(merger, name)
    if not merger.config_files:
        raise _unusable(" and ".join(names), "there is no such file")
    # The merger keeps the last current-context; for kubectl the first one counts.
    current = [text(one, "current-context") for one in merger.config_files.values()]
    body: dict[str, object] = {"current-context": next((one for one in current if one), "")}
    paths: dict[tuple[str, str], str] = {}
    for section in _SECTIONS:
        nodes: list[ConfigNode] = merger.config.value[section]
        body[section] = [node.value for node in nodes]
        paths |= {(section, text(node.value, "name")): str(node.path) for node in nodes}
    return body, paths


def _add(merger: KubeConfigMerger, name: str) -> None:
    path = Path(name).expanduser()
    try:
        if path.exists():
            merger.load_config(str(path))
    except OSError as error:
        raise _unusable(name, error.strerror or "it cannot be read") from None
    except (yaml.YAMLError, ConfigException, ValueError, AttributeError, TypeError, KeyError):
        raise _unusable(name, "it is not a kubeconfig") from None


def _unusable(name: str, cause: str) -> UsageError:
    return UsageError(
        f"The kubeconfig {name} cannot be used",
        cause=cause,
        fix="KUBECONFIG names the files; without it, `~/.kube/config` is read",
    )


def _loaded(picked: access.Picked, paths: _Paths) -> access.Access:
    """What the context comes to: its login program is run, and files that it names are read."""
    cluster_path = paths.get(("clusters", picked.cluster_name))
    cluster = ConfigNode("cluster", {"name": "cluster", "cluster": picked.cluster}, cluster_path)
    user = _logged_in(picked, cluster) if picked.user.get("exec") else picked.user
    user_path = paths.get(("users", picked.user_name))
    parts = {
        "contexts": [{"name": "context", "context": {"cluster": "cluster", "user": "user"}}],
        "clusters": [cluster],
        "users": [ConfigNode("user", {"name": "user", "user": user}, user_path)],
    }
    found = Configuration(proxy="", no_proxy="")
    # The loader keeps certificates and keys in files: they go before anything else is done.
    with tempfile.TemporaryDirectory(prefix="gitops-action-") as folder:
        loader = KubeConfigLoader(
            ConfigNode("kubeconfig", parts),
            active_context="context",
            config_base_path=None,  # paths are relative to the file of their entry
            temp_file_path=folder,
        )
        try:
            loader.load_and_set(found)
            return _access(picked, found)
        except OSError as error:
            cause = f"{error.filename}: {error.strerror}"
            raise access.broken(cause, "make the file readable, or name another one") from None
        except (ConfigException, ValueError, TypeError):
            raise access.broken(
                "a file that it names is not there, or is not text", "complete it"
            ) from None


def _access(picked: access.Picked, found: Configuration) -> access.Access:
    return access.Access(
        server=found.host,
        ca=_pem(found.ssl_ca_cert),
        token=_bearer(found, "the kubeconfig's token"),
        client_certificate=_pem(found.cert_file),
        client_key=_pem(found.key_file),
        insecure=not found.verify_ssl,
        server_name=found.tls_server_name or "",
        proxy=found.proxy or "",
        namespace=picked.namespace or "default",
        name=picked.name,
    )


def _pem(path: str | None) -> str:
    return Path(path).read_text(encoding="ascii") if path else ""


def _bearer(found: Configuration, what: str) -> str:
    """The token without its scheme, whose case the loaders do not agree on."""
    header = str(found.api_key.get("BearerToken", ""))
    return access.one_word(header.partition(" ")[2], what)


# Login programs (Kubernetes: "client-go credential plugins"): only at a terminal.


def _logged_in(picked: access.Picked, cluster: ConfigNode) -> Body:
    """The user with the credentials that the program gives."""
    plugin = mapping(picked.user, "exec")
    command = text(plugin, "command")
    try:
        status = _run(plugin, cluster)
    except FileNotFoundError:
        hint = " ".join(text(plugin, "installHint").split()) or f"install {command}"
        raise _no_login(command, "there is no such program", hint) from None
    except OSError as error:
        raise _no_login(command, error.strerror or "it cannot be started") from None
    except ConfigException as error:
        raise _no_login(command, " ".join(str(error).split())[:_WORDS]) from None
    token, certificate = text(status, "token"), text(status, "clientCertificateData")
    if token:
        return {"token": token}
    if certificate and text(status, "clientKeyData"):
        return {
            "client-certificate-data": _encoded(certificate),
            "client-key-data": _encoded(text(status, "clientKeyData")),
        }
    raise _no_login(command, "it gives neither a token nor a certificate with its key")


def _run(plugin: Body, cluster: ConfigNode) -> Body:
    folder = str(Path(cluster.path).parent) if cluster.path else None
    node = ConfigNode("exec", plugin)
    found: object = ExecProvider(node, folder, cluster["cluster"]).run()
    if not isinstance(found, Mapping):
        raise ConfigException("its `status` is not an object")
    return found


def _no_login(command: str, cause: str, fix: str = "") -> UsageError:
    return UsageError(
        f"The login program {command} of the kubeconfig failed",
        cause=cause,
        fix=fix or "log in with it as `kubectl` asks for, and run again",
    )


def _encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()
