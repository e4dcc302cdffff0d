"""The API's rules for names, labels and annotations.

Kubernetes documentation, "Object Names and IDs", "Labels and Selectors", "Annotations"; what the
documents leave open is as the API server's own validation has it.
"""

from __future__ import annotations

from gitops_action.core.manifests import ObjectId
from gitops_action.core.pattern import pattern

_LABEL = pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = pattern(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_DATA_KEY = pattern(r"[-._a-zA-Z0-9]+")

LABEL_LENGTH = 63
SUBDOMAIN_LENGTH = 253
ANNOTATIONS_SIZE = 256 * 1024
"""Bytes that the keys and values of an object's annotations may have together."""

_CRON_JOB_LENGTH = 52
"""A CronJob's name is followed by 11 characters in the names of its Jobs."""

_PATH_GROUPS = frozenset({"rbac.authorization.k8s.io", "authorization.openshift.io"})
_LABEL_KINDS = frozenset({("", "Namespace"), ("", "Service")})
_FREE_KINDS = frozenset({("certificates.k8s.io", "CertificateSigningRequest")})

_LABEL_RULE = "lower case letters, digits and hyphens, a letter or digit at both ends"
_SUBDOMAIN_RULE = "lower case letters, digits, hyphens and dots, a letter or digit at both ends"


def name_fault(identity: ObjectId) -> str:
    """What is wrong with the object's name, in words; empty when nothing is.

    Most names are DNS subdomains; those of Namespaces and Services are DNS labels, and those of
    roles and their bindings only have to fit into a URL's path.
    """
    kind, name = (identity.group, identity.kind), identity.name
    if kind in _FREE_KINDS:
        return ""
    if identity.group in _PATH_GROUPS:
        return _path_fault(name)
    if kind in _LABEL_KINDS:
        return label_fault(name)
    if kind == ("batch", "CronJob") and len(name) > _CRON_JOB_LENGTH:
        return f"it has {len(name)} characters, and a CronJob's may have {_CRON_JOB_LENGTH}"
    return subdomain_fault(name)


def label_fault(name: str) -> str:
    """What keeps a name from being a DNS label (RFC 1123); empty when nothing does."""
    if len(name) > LABEL_LENGTH:
        return f"it has {len(name)} characters, and at most {LABEL_LENGTH} are allowed"
    return "" if _LABEL.fullmatch(name) else f"allowed are {_LABEL_RULE}"


def subdomain_fault(name: str) -> str:
    """What keeps a name from being a DNS subdomain (RFC 1123); empty when nothing does."""
    if len(name) > SUBDOMAIN_LENGTH:
        return f"it has {len(name)} characters, and at most {SUBDOMAIN_LENGTH} are allowed"
    return "" if _SUBDOMAIN.fullmatch(name) else f"allowed are {_SUBDOMAIN_RULE}"


def key_fault(key: str) -> str:
    """What is wrong with the key of a label or annotation, in words; empty when nothing is."""
    prefix, slash, name = key.rpartition("/")
    if slash and subdomain_fault(prefix):
        return f"what stands before the slash is not a domain: {subdomain_fault(prefix)}"
    return _qualified_fault(name)


def label_value_fault(value: str) -> str:
    """What is wrong with the value of a label, in words; empty when nothing is."""
    return _qualified_fault(value) if value else ""


def data_key_fault(key: str) -> str:
    """What is wrong with a key of a ConfigMap's or Secret's data, in words; empty: nothing."""
    if len(key) > SUBDOMAIN_LENGTH:
        return f"it has {len(key)} characters, and at most {SUBDOMAIN_LENGTH} are allowed"
    if not _DATA_KEY.fullmatch(key):
        return "allowed are letters, digits, `-`, `_` and `.`"
    return "it reads as a path" if key == "." or key.startswith("..") else ""


def _qualified_fault(text: str) -> str:
    if len(text) > LABEL_LENGTH:
        return f"it has {len(text)} characters, and at most {LABEL_LENGTH} are allowed"
    if _QUALIFIED.fullmatch(text):
        return ""
    return "allowed are letters, digits, `-`, `_` and `.`, a letter or digit at both ends"


def _path_fault(name: str) -> str:
    if name in {".", ".."}:
        return "it reads as a path"
    found = next((letter for letter in "/%" if letter in name), "")
    return f"it may not hold {found!r}" if found else ""
