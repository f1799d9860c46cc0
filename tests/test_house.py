"""The house rules a machine can check: imports, package list, a light import, the README."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "genesis_state"

# From the top down. A module may import its own line and the lines below it.
# "" is the package itself, which offers every public name and so stands at the top.
LAYERS = (
    ("", "__main__", "cli", "testing"),
    ("training",),
    ("tasks",),
    ("randomization",),
    (
        *("scene", "scene_files", "scene_declaration", "assembly", "matter_specs", "entities"),
        *("scene_history", "scene_shown", "scene_views", "scene_drawing"),
        *("branching", "rollout", "recording", "bank"),
        *("scene_cost", "scene_description", "scene_page", "plotting", "plot_series"),
    ),
    ("scene_memory", "entity_match", "load_report"),
    ("solvers",),
    ("arena", "block", "transport"),
    ("state_file",),
    ("state",),
    ("viewing",),
    ("checkpoint",),
    ("state_page", "axis_names"),
    ("comparison", "selection"),
    ("counter_random", "row_copy"),
    ("layout",),
    ("declared",),
    ("schema",),
    (
        *("sampling", "solids", "morphs", "materials", "options"),
        *("sensors", "geom", "mesh_file", "domain", "tetrahedra", "isosurface_stuffing"),
        *("sharp_features", "surfaces"),
        "cloth_mesh",
    ),
    ("notebook",),
    ("runtime", "pages", "version", "text"),
    ("kernels",),
    ("collecting",),
)
LEVEL = {name: level for level, line in enumerate(LAYERS) for name in line}

KERNEL_USERS = (
    "arena",
    "block",
    "transport",
    "solvers",
    "runtime",
    "kernels",
)
TAICHI_USERS = ("kernels.lang",)
# What the lines that promise to stay light may import from outside the standard library. A module
# with an entry of its own goes by that, any other by that of its line.
THIRD_PARTY = {
    "checkpoint": {"numpy", "xxhash"},
    "cli": {"numpy", "click", "tqdm"},
    "state": {"numpy", "torch"},
    "randomization": {"torch"},
    # A library of training stays in the module that speaks to it.
    "viewing": {"numpy"},
    "viewing.geoms": {"numpy", "mujoco"},
    "viewing.stage": {"numpy", "viser"},  # asked for when a view is opened, and only then
    "tasks": {"numpy", "torch"},
    "tasks.vec_task": {"torch", "gymnasium"},
    "tasks.gymnasium_env": {"numpy", "torch", "gymnasium"},
    "tasks.rsl_rl_env": {"torch", "rsl_rl", "tensordict"},
    "bank": {"numpy", "torch"},
    "comparison": {"numpy", "torch"},
    "counter_random": {"numpy", "torch"},
    "row_copy": {"numpy", "torch"},
    "selection": {"numpy", "torch"},
    "pages": {"numpy", "torch"},
    "layout": {"numpy", "torch"},
    "declared": set(),
    "state_page": {"numpy"},
    "notebook": {"numpy"},
    "axis_names": set(),
    "plotting": {"numpy", "torch", "matplotlib"},
    "plot_series": {"numpy", "torch"},
    "text": set(),
    "schema": set(),
    "sampling": {"numpy"},
    "solids": {"numpy"},
    "tetrahedra": {"numpy"},
    "cloth_mesh": {"numpy"},
    "sharp_features": {"numpy"},
    "surfaces": set(),
    "isosurface_stuffing": {"numpy"},
    "domain": {"numpy"},
    "morphs": {"numpy", "torch"},
    "materials": {"numpy", "torch"},
    "options": {"numpy", "torch"},
    "sensors": {"numpy", "torch"},
    "geom": {"numpy", "torch"},
    "mesh_file": {"numpy", "trimesh"},
    "kernels": {"taichi"},
}


class Import(NamedTuple):
    """One import: who, what, where."""

    importer: str
    target: str
    line: int
    typing_only: bool

    def __str__(self) -> str:
        return f"{self.importer or PACKAGE}:{self.line} imports {self.target}"


def source_files() -> dict[str, Path]:
    """Maps each module's name below the package ("" is the package) to its file."""
    files = {}
    for folder, prefix in ((ROOT / PACKAGE, ()), (ROOT / "kernels", ("kernels",))):
        for path in sorted(folder.rglob("*.py")):
            parts = prefix + path.relative_to(folder).with_suffix("").parts
            if prefix == () and parts[0] == "kernels":
                continue  # the link; its files come under their own folder
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


FILES = source_files()


def nodes(tree: ast.AST, typing_only: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below `tree`, and whether it stands under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(tree):
        guarded = typing_only or (
            isinstance(tree, ast.If)
            and child in tree.body
            and ast.unparse(tree.test).endswith("TYPE_CHECKING")
        )
        yield child, guarded
        yield from nodes(child, guarded)


def imports(module: str) -> Iterator[Import]:
    """The absolute names that a module imports, those inside functions too."""
    for node, typing_only in nodes(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, typing_only)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} is a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                is_module = full.removeprefix(PACKAGE + ".") in FILES
                target = full if is_module else str(node.module)
                yield Import(module, target, node.lineno, typing_only)


def inside(target: str) -> str | None:
    """The name below the package, or None for a name from elsewhere."""
    if target == PACKAGE:
        return ""
    return target.removeprefix(PACKAGE + ".") if target.startswith(PACKAGE + ".") else None


def belongs(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


@pytest.mark.parametrize("module", FILES, ids=lambda name: name or PACKAGE)
def test_imports_point_one_way(module: str) -> None:
    own = module.split(".")[0]
    assert own in LEVEL, f"{FILES[module]} has no line in LAYERS; give it one"
    wrong = []
    for found in imports(module):
        target = inside(found.target)
        if target is None:
            continue
        upwards = LEVEL.get(target.split(".")[0], -1) < LEVEL[own]
        kernels_from_afar = belongs(target, ("kernels",)) and not belongs(module, KERNEL_USERS)
        if upwards or kernels_from_afar:
            wrong.append(str(found))
    assert not wrong, "imports that point back: " + "; ".join(wrong)


@pytest.mark.parametrize("module", FILES, ids=lambda name: name or PACKAGE)
def test_third_party_imports_stay_where_they_belong(module: str) -> None:
    allowed = THIRD_PARTY.get(module, THIRD_PARTY.get(module.split(".")[0]))
    wrong = []
    for found in imports(module):
        name = found.target.split(".")[0]
        if found.typing_only or name == PACKAGE or name in sys.stdlib_module_names:
            continue
        misplaced_taichi = name == "taichi" and not belongs(module, TAICHI_USERS)
        if misplaced_taichi or (allowed is not None and name not in allowed):
            wrong.append(str(found))
    assert not wrong, "imports that do not belong there: " + "; ".join(wrong)


def test_kernel_files_keep_their_annotations() -> None:
    """Taichi refuses a kernel whose annotations are strings."""
    for module in FILES:
        if belongs(module, ("kernels",)):
            assert all(found.target != "__future__" for found in imports(module)), module


def test_package_list_equals_folders() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^packages = (\[.*?\])", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    listed = ast.literal_eval(found[1])
    folders = {
        (PACKAGE, *path.relative_to(ROOT / top).parent.parts)
        if top == PACKAGE
        else (PACKAGE, top, *path.relative_to(ROOT / top).parent.parts)
        for top in (PACKAGE, "kernels")
        for path in (ROOT / top).rglob("*.py")
    }
    assert sorted(listed) == sorted({".".join(parts) for parts in folders})


def test_package_data_is_every_other_file() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = re.search(r"^\[tool.setuptools.package-data\]\n((?:.+\n)*)", text, re.MULTILINE)
    assert section is not None
    listed = set()
    for line in section[1].splitlines():
        package, globs = line.split(" = ")
        folder = ROOT.joinpath(*ast.literal_eval(package).split("."))
        listed |= {path for glob in ast.literal_eval(globs) for path in folder.glob(glob)}
    files = {path for path in (ROOT / PACKAGE).rglob("*") if path.is_file()}
    assert listed == {path for path in files if path.suffix not in (".py", ".pyc")}


def test_every_package_folder_has_an_init() -> None:
    lacking = {p.parent for p in FILES.values() if not (p.parent / "__init__.py").is_file()}
    assert not lacking


def test_kernels_link_leads_to_the_kernels_folder() -> None:
    link = ROOT / PACKAGE / "kernels"
    assert link.is_symlink(), "git wrote no link; check out with core.symlinks=true"
    assert os.readlink(link) == "../kernels"


def test_import_starts_nothing_heavy() -> None:
    code = (
        "import sys, genesis_state\n"
        "heavy = ('taichi', 'mujoco', 'torch', 'gymnasium', 'rsl_rl', 'tensordict', 'viser')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_tasks_need_no_extra() -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('gymnasium', 'rl_games', 'hydra', 'rsl_rl')))\n"
        "import genesis_state.tasks.cartpole\n"
        "from genesis_state.tasks.vec_task import _box\n"
        "_box(1.0, 2)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: spaces of a task need gymnasium; pip install 'genesis-state[train]'."
    )


def test_readme_names_both_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
