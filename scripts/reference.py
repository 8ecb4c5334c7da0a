"""Write docs/reference from the code: `reference.py`, or `reference.py --check` to say whether it is up to date.

The code is the source of what it knows: reasons with their kinds and statuses, settings with their defaults, routes
with their roles, RPCs with their comments. reference.toml beside this file holds what a person has to say besides; what
is missing or superfluous in there ends this with a sentence. `make reference` runs it with the right PYTHONPATH.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, MethodDescriptor

from gateway import policy
from gateway.app import create_app
from gateway.config import Config as GatewayConfig
from gateway.errors import status_of
from kit import row_digests
from kit.config import variable_of
from kit.contract import services_of
from kit.errors import Refusal
from kit.proofs import Proof
from kit.status import CODES
from kit.suite import suite
from scripts import events

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
SAID: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
WORDS = suite().words


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a page is out of date")
    check = parser.parse_args().check
    stale = [name for name, page in pages().items() if _read(FOLDER / name) != page]
    if check and stale:
        sys.exit(f"docs/reference is out of date ({', '.join(stale)}); `make reference` mends it")
    if not check:
        for name, page in pages().items():
            (FOLDER / name).write_text(page)


def pages() -> dict[str, str]:
    """The pages by name."""
    makers = {
        "errors": errors,
        "config": config,
        "http": http,
        "rpc": rpc,
        "invariants": invariants,
        "events": events.page,
    }
    return {f"{name}.md": _page(name, make) for name, make in makers.items()} | {"asyncapi.yaml": events.asyncapi()}


def _page(name: str, make: Callable[[], Iterable[str]]) -> str:
    note = "<!-- scripts/reference.py writes this page; scripts/reference.toml holds its words. -->"
    parts = [note, SAID["head"][name].strip(), *make(), SAID.get("tail", {}).get(name, "").strip()]
    return "\n\n".join(part for part in parts if part) + "\n"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


# ---- invariants


def invariants() -> Iterator[str]:
    """A section for each service, a table for each of its tables, a row for each column."""
    for word in WORDS:
        yield f"## {word}"
        proofs = importlib.import_module(f"services.{word}.check.proofs").PROOFS
        for table in importlib.import_module(f"services.{word}.tables").metadata.sorted_tables:
            columns = [column for column in table.columns if _is_listed(column)]
            rows = [_proof_row(column, proofs[table.name][column.name]) for column in columns]
            yield f"### {word}.{table.name}\n\n{_table(['column', 'digest', 'derived by', 'beyond that'], rows)}"


def _proof_row(column: Any, proof: Proof) -> list[str]:
    questions = ", ".join(f"`{name}`" for name in proof.questions)
    return [f"`{column.name}`", "yes" if row_digests.is_digested(column) else "", questions, proof.because]


def _is_listed(column: Any) -> bool:
    return bool(column.name != row_digests.COLUMN)


# ---- errors


def errors() -> Iterator[str]:
    """A section for the gateway, one for the kit, one a service."""
    by_section = refusals()
    _expect_same("[what_to_do]", SAID["what_to_do"], {reason for found in by_section.values() for reason in found})
    for section, title in SAID["sections"].items():
        found, order = by_section[section], SAID["order"][section]
        _expect_same(f"[order] {section}", order, found)
        rows = [_error_row(found[reason], over_grpc=section != "gateway") for reason in order]
        heads = ["reason", "kind", *(["gRPC"] if section != "gateway" else []), "HTTP", "when", "what to do"]
        yield f"## {title}\n\n{_table(heads, rows)}"


def refusals() -> dict[str, dict[str, type[Refusal]]]:
    """Every class that has a reason of its own, by the part of the tree it stands in, by reason."""
    for package in ("kit", "gateway", *(f"services.{word}" for word in WORDS)):
        _import_all(package)
    found: dict[str, dict[str, type[Refusal]]] = {section: {} for section in SAID["sections"]}
    for each in _below(Refusal):
        section = next(part for part in each.__module__.split(".") if part != "services")
        if "reason" in vars(each) and section in found and each.__name__ not in SAID["inner_classes"]:
            found[section][each.reason] = each
    return found


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _import_all(package: str) -> None:
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(module.__path__, f"{package}."):
        if not found.name.endswith("__main__") and ".migrations." not in found.name:
            importlib.import_module(found.name)


def _error_row(found: type[Refusal], *, over_grpc: bool) -> list[str]:
    status = status_of(found.__new__(found) if not over_grpc else Refusal.restore(found.kind, found.reason, "", {}))
    grpc = [CODES[found.kind].name] if over_grpc else []
    kind = found.kind.value.replace("_", " ")
    return [f"`{found.reason}`", kind, *grpc, str(int(status)), _about(found), SAID["what_to_do"][found.reason]]


def _about(found: type[Refusal]) -> str:
    """The class's own words; what a base class says of its children is said of none of them here."""
    return " ".join((found.__doc__ or "").split())


# ---- settings


def config() -> Iterator[str]:
    """A section a process, and one for what is no process' own."""
    for word in (*WORDS, "gateway"):
        module = importlib.import_module("gateway.config" if word == "gateway" else f"services.{word}.config")
        rows = [_setting_row(field, word.upper()) for field in dataclasses.fields(module.Config)]
        yield f"## {word}\n\n{_table(['variable', 'default', 'is'], rows)}"
    rows = [[f"`{name}`", about] for name, about in SAID["other_variables"].items()]
    yield f"## Besides\n\n{_table(['variable', 'is'], rows)}"


def _setting_row(field: dataclasses.Field[Any], prefix: str) -> list[str]:
    secret = "; **secret**" if field.metadata["secret"] else ""
    return [f"`{variable_of(field, prefix)}`", _default(field), f"{field.metadata['about']}{secret}"]


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "**required**"
    if field.default == "":
        return "none"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


# ---- routes


@dataclasses.dataclass(frozen=True)
class Route:
    """A route of the gateway. `rpc` is `points.RecordPurchase`, or empty."""

    method: str
    path: str
    endpoint: str
    rpc: str
    about: str


def http() -> Iterator[str]:
    """A section a blueprint."""
    found = routes()
    for blueprint in dict.fromkeys(route.endpoint.split(".")[0] for route in found):
        rows = [_route_row(route) for route in found if route.endpoint.startswith(f"{blueprint}.")]
        yield f"## {blueprint}\n\n{_table(['route', 'asks', 'roles', 'needs', 'does'], rows)}"


def routes() -> list[Route]:
    """Every route, in the order of the policy table."""
    app = create_app(GatewayConfig())
    order = list(policy.POLICY)
    found = [
        _route(method, rule.rule, rule.endpoint, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    _expect_same("gateway/policy.py", order, [route.endpoint for route in found])
    return sorted(found, key=lambda route: order.index(route.endpoint))


def _route(method: str, path: str, endpoint: str, view: Callable[..., Any]) -> Route:
    function = inspect.unwrap(view)
    rpc = _rpc_behind(function)
    if not rpc and not policy.access_to(endpoint).public:
        sys.exit(f"scripts/reference.py: no RPC stands in {function.__module__}.{function.__name__} or what it calls")
    about = (inspect.getdoc(function) or "").splitlines()[0].rstrip(".")
    return Route(method, path, endpoint, rpc, about)


def _rpc_behind(view: Callable[..., Any]) -> str:
    """The first RPC in the view, or else in the functions of its module that it calls, nearest first."""
    nearest, seen = [view], {view}
    for function in nearest:
        source = inspect.getsource(function)
        if called := re.search(r"clients\.(\w+)(?:\.[a-z]+)?\.([A-Z]\w+)", source):
            return ".".join(called.groups())
        module = vars(sys.modules[function.__module__])
        named = [module[word] for word in re.findall(r"\w+", source) if inspect.isfunction(module.get(word))]
        further = [each for each in dict.fromkeys(named) if each.__module__ == function.__module__]
        nearest += [each for each in further if each not in seen]
        seen.update(further)
    return ""


def _route_row(route: Route) -> list[str]:
    access = policy.access_to(route.endpoint)
    roles = "public" if access.public else ", ".join(role.value for role in policy.Role if role in access.roles)
    needs = [word for need, word in _NEEDS.items() if need in access.needs]
    rpc_link = f"[{route.rpc}](rpc.md#{route.rpc.split('.')[1].lower()})" if route.rpc else ""
    return [f"`{route.method} {route.path}`", rpc_link, roles, ", ".join(needs), route.about]


_NEEDS = {policy.Needs.KEY: "key", policy.Needs.VERSION: "version", policy.Needs.VERSION_IF_SENT: "version if sent"}

# ---- RPCs


def rpc() -> Iterator[str]:
    """A section a service, with a paragraph an RPC."""
    called: dict[str, list[Route]] = {}
    for route in routes():
        called.setdefault(route.rpc, []).append(route)
    reasons = refusals()
    for word in WORDS:
        services = services_of(word)
        order = SAID["refusals"][word]
        _expect_same(f"[refusals.{word}]", order, [method.name for each in services for method in each.methods])
        _expect_same(
            f"the reasons in [refusals.{word}]", {each for found in order.values() for each in found}, reasons[word]
        )
        for service in services:
            comments = _comments(ROOT / "protos" / service.file.name)
            yield f"## {service.full_name}\n\n{comments[service.name]}"
            for method in service.methods:
                via = ", ".join(f"`{route.method} {route.path}`" for route in called.get(f"{word}.{method.name}", []))
                yield _paragraph(method, via, comments[method.name], order[method.name])


def _paragraph(method: MethodDescriptor, via: str, comment: str, reasons: Sequence[str]) -> str:
    verb = "Write" if _bears_a_request_id(method.input_type) else "Read"
    refused = " → ".join(f"`{reason}`" for reason in reasons) or "nothing of its own"
    return f"### {method.name}\n\n{verb}; {via or 'not over HTTP'}. {comment}\n\nRefuses: {refused}."


def method_of(rpc: str) -> MethodDescriptor:
    """What the contract says of an RPC such as `points.RecordPurchase`."""
    word, _, name = rpc.partition(".")
    (found,) = (each.methods_by_name[name] for each in services_of(word) if name in each.methods_by_name)
    return found


def _bears_a_request_id(message: Descriptor) -> bool:
    """Whether the request, or each of its items, is a command that is carried out once."""
    inner = (field.message_type for field in message.fields if field.message_type is not None)
    return "request_id" in message.fields_by_name or any(_bears_a_request_id(each) for each in inner)


def _comments(proto: Path) -> dict[str, str]:
    """What stands above each service and each RPC in the contract."""
    found = re.findall(r"((?:^ *//.*\n)+) *(?:rpc|service) (\w+)", proto.read_text(), re.MULTILINE)
    return {name: " ".join(comment.replace("//", "").split()) for comment, name in found}


# ---- plumbing


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _expect_same(place: str, said: Iterable[str], known: Iterable[str]) -> None:
    said, known = set(said), set(known)
    if said != known:
        missing, extra = ", ".join(sorted(known - said)), ", ".join(sorted(said - known))
        sys.exit(f"scripts/reference.py: {place} lacks [{missing}] and has [{extra}] too many")


if __name__ == "__main__":
    main()
