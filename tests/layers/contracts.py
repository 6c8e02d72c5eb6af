"""Kinds of import-linter contracts of our own. Both judge direct imports, module by module."""

import sys
from collections.abc import Iterable
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """`source` imports nothing but itself, `allowed`, and the standard library less what is `refused` of it."""

    type_name = "only"
    source = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField())
    refused = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's signature
        """Find the imports that are not allowed."""
        source = cast("str", self.source)
        allowed, refused = cast("list[str]", self.allowed), cast("list[str]", self.refused)
        return _verdict(
            f"{module} is not allowed to import {imported}"
            for module in graph.find_descendants(source) | {source}
            for imported in graph.find_modules_directly_imported_by(module)
            if not _in(imported, {source, *allowed, *sys.stdlib_module_names} - set(refused))
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each of them."""
        _print(check)


class ApartContract(Contract):
    """No module imports from both `one` (less the modules `of_all`) and `other`; only the module `meeting` does."""

    type_name = "apart"
    one = fields.StringField()
    of_all = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    other = fields.StringField()
    meeting = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's signature
        """Find the modules that know both."""
        of_all = set(cast("list[str]", self.of_all))
        sides = {"one": {cast("str", self.one)}, "other": {cast("str", self.other)}}
        found = []
        for module in graph.modules - {cast("str", self.meeting)}:
            known = [name for name in graph.find_modules_directly_imported_by(module) if not _in(name, of_all)]
            if not _in(module, sides["one"] | sides["other"]) and all(
                any(_in(name, side) for name in known) for side in sides.values()
            ):
                found.append(f"{module} knows both {self.one} and {self.other}; only {self.meeting} may")
        return _verdict(found)

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each of them."""
        _print(check)


def _in(module: str, packages: set[str]) -> bool:
    parts = module.split(".")
    return any(".".join(parts[:length]) in packages for length in range(1, len(parts) + 1))


def _verdict(found: Iterable[str]) -> ContractCheck:
    lines = sorted(found)
    return ContractCheck(kept=not lines, metadata={"found": lines})


def _print(check: ContractCheck) -> None:
    for line in check.metadata["found"]:
        output.print_error(line, bold=False)
