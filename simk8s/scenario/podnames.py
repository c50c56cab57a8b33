"""L1: pods as a command line names them: `default/web-3`, `web-*`, `app=web,tier=front`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class PodSelector:
    """Patterns of namespace and name, or labels that must be there."""

    text: str
    namespace: str = "*"
    name: str = "*"
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> PodSelector:
        """ValueError with clear words when it is neither a name nor labels."""
        text = text.strip()
        if not text:
            raise ValueError("name a pod: namespace/name, a pattern like web-*, or app=web")
        if "=" in text:
            return cls(text, labels=tuple(_label(part) for part in text.split(",")))
        namespace, slash, name = text.rpartition("/")
        if "/" in namespace or (slash and not (namespace and name)):
            raise ValueError(f"{text!r} is not namespace/name")
        return cls(text, namespace or "*", name)

    def means(self, namespace: str, name: str, labels: Mapping[str, str]) -> bool:
        """Whether a pod is meant."""
        return (
            fnmatchcase(namespace, self.namespace)
            and fnmatchcase(name, self.name)
            and all(labels.get(key) == value for key, value in self.labels)
        )


def _label(text: str) -> tuple[str, str]:
    key, sign, value = text.strip().replace("==", "=").partition("=")
    if not sign or not key or "!" in key or "=" in value:
        raise ValueError(f"{text!r} is not a label like app=web")
    return key, value
