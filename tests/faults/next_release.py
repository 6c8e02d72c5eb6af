"""The worker of the release after this one: `python -m tests.faults.next_release`, with the arguments of `worker`.

Its account records have one field more, in a minor version of its own: how often the record was written. It is made of
the sources as they are: what a developer would change in them is changed as they are loaded.
"""

import ast
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final

FIELD: Final = "written"
_VERSIONS: Final = "detector.domain.versions"
_STATE: Final = "detector.domain.state"


def _raise_minor(tree: ast.Module) -> None:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "MINOR":
            node.value = ast.Constant(1)
            return
    raise AssertionError("there is no MINOR")


def _add_field(tree: ast.Module) -> None:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "AccountRecord":
            node.body += ast.parse(f"{FIELD}: int = 0").body
            return
    raise AssertionError("there is no AccountRecord")


_CHANGES: Final[dict[str, Callable[[ast.Module], None]]] = {_VERSIONS: _raise_minor, _STATE: _add_field}


class _Loader(SourceFileLoader):
    """Compiles a changed source; neither reads nor writes what was compiled of the real one."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path))
        _CHANGES[fullname](tree)
        return compile(ast.fix_missing_locations(tree), path, "exec")


class _Finder:
    """Finds the changed modules first."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in _CHANGES:
            return None
        found = PathFinder.find_spec(name, path, target)
        assert found is not None
        assert found.origin is not None
        return importlib.util.spec_from_file_location(name, found.origin, loader=_Loader(name, found.origin))


def main() -> None:
    """Be the next release, and count in the new field how often a record is written."""
    sys.meta_path.insert(0, _Finder)
    from detector.domain import state  # noqa: PLC0415 - of the changed sources
    from detector.domain.account import Account  # noqa: PLC0415
    from tests.faults import worker  # noqa: PLC0415

    (account,), (partition,) = state.FIELDS[state.AccountRecord], state.FIELDS[state.PartitionRecord]
    state.FIELDS.update({state.AccountRecord: (account, account + 1), state.PartitionRecord: (partition, partition)})
    stored = Account.stored

    def counted(self: Account, minor: int) -> bytes:
        setattr(self.record, FIELD, getattr(self.record, FIELD) + 1)
        return stored(self, minor)

    Account.stored = counted  # type: ignore[method-assign]
    worker.main()


if __name__ == "__main__":
    main()
