"""The modules of Lumira import each other in one direction."""

from graphlib import CycleError, TopologicalSorter

import grimp


def _imports() -> dict[str, set[str]]:
    """Return for each module the modules that it imports, also those that only type checkers read."""
    graph = grimp.build_graph("lumira", "config")
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def _cycle(imports: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_through_others() -> None:
    imports = _imports()
    # The application factory in `lumira` imports every part; two parts read the version there.
    assert _cycle({module: names - {"lumira"} for module, names in imports.items()}) == []
    assert len(imports) > 300


def test_a_cycle_is_found() -> None:
    assert _cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []
