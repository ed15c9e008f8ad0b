"""The JSON Schema of a task's recipes, for editors.

A part that many files can fill is described once, under `$defs`, however often and however deep a
recipe may name it: what refers to it there refers to it again.
"""

import importlib
import json
from typing import Any

from regard.recipe import Part, kinds

PLACE = "regard.part"  # stands where a part is, until it is known under which name
DEFS = "#/$defs/"


def schema(task: str) -> str:
    """The JSON Schema of a task's recipes, as text."""
    return json.dumps(rules(task), indent=1, ensure_ascii=False)


def rules(task: str) -> dict[str, Any]:
    """The schema of a task's Config."""
    defs: dict[str, Any] = {}
    whole = described(kinds("tasks")[task], defs)
    waiting = [whole, *defs.values()]
    while waiting:
        for name, part in found(waiting.pop(), PLACE).items():
            if name not in defs:
                known = len(defs)
                defs[name] = options(part, defs)
                waiting += list(defs.values())[known:]
    return {**replaced(whole), "$defs": {name: replaced(rule) for name, rule in defs.items()}}


def described(module: str, defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of a module's Config; those of models inside it go to `defs`, by its name."""
    cls = importlib.import_module(module).Config
    made = cls.model_json_schema(ref_template=f"{DEFS}{module}.{{model}}")
    defs.update({f"{module}.{name}": rule for name, rule in made.pop("$defs", {}).items()})
    return made


def options(part: Part, defs: dict[str, Any]) -> dict[str, Any]:
    """A kind's name alone, or its settings."""
    known = sorted(part.known().items())
    rules: list[dict] = [{"enum": [kind for kind, _ in known]}]
    for kind, module in known:
        inner = described(module, defs)
        properties = {"kind": {"const": kind}, **inner.get("properties", {})}
        needed = [*inner.get("required", []), *["kind"] * (kind != part.default)]
        rules.append({**inner, "title": kind, "properties": properties, "required": needed})
    return {"anyOf": rules}


def found(rule: Any, key: str) -> dict[str, Part]:
    """The parts inside a schema, by name."""
    if isinstance(rule, list):
        return {name: part for one in rule for name, part in found(one, key).items()}
    if not isinstance(rule, dict):
        return {}
    if key in rule:
        families, default = rule[key]
        part = Part(*families, default=default)
        return {named(families, default): part}
    return {name: part for one in rule.values() for name, part in found(one, key).items()}


def replaced(rule: Any) -> Any:
    """The schema with a reference in the place of every part."""
    if isinstance(rule, list):
        return [replaced(one) for one in rule]
    if not isinstance(rule, dict):
        return rule
    kept = {name: replaced(one) for name, one in rule.items() if name != PLACE}
    return {**kept, "$ref": DEFS + named(*rule[PLACE])} if PLACE in rule else kept


def named(families: list[str], default: str | None) -> str:
    """Under which name a part is described."""
    return "-or-".join(families) + (f".{default}" if default else "")
