"""The definitions that a program really uses: its own, and those that they lead to in this project's modules.

A definition is what gives a name a meaning at the top of a module: a function, a class, an assignment, an import. The
search begins with what a program runs, and follows every name, and `module.name`, to its definition and on from there.
Scopes are not told apart: a local variable that is called like a definition counts as a use of it. That can only make
something again too early. What is named by a string alone, as for `getattr`, is not seen.
"""

import ast
from typing import NamedTuple

import nbformat

FOLDERS = "", "data", "weights", "benchmarks"  # where our modules are, from the root


class Module(NamedTuple):
    """A file, the package that its relative imports begin from, and what its names mean.

    names: {name: [meaning, ...]}; a meaning is a statement or, for an import, a dotted name as a tuple. The name ""
    stands for the statements that define nothing: they run when the module is imported.
    """

    file: str
    package: tuple
    names: dict


def used(root, program):
    """The code of all that a program, a script or notebook, uses: {(file, name): code}, files as paths from the root.

    Raises ValueError for a name that one of our modules lacks.
    """
    search = Search(root)
    search.enter(root / program, ((root / program).stem,), main=True)
    return search.found


class Search:
    """Follows names from module to module; `found` holds the code of what it came by."""

    def __init__(self, root):
        self.root, self.modules, self.found = root, {}, {}

    def enter(self, path, name, main=False):
        """Read a module, once, and follow what runs when it is imported."""
        if path not in self.modules:
            package = name if path.name == "__init__.py" else name[:-1]
            names = names_of(path, package, main)
            self.modules[path] = Module(path.relative_to(self.root).as_posix(), package, names)
            for meaning in [meaning for meanings in names.values() for meaning in meanings]:
                if isinstance(meaning, tuple):
                    self.locate(meaning)
            self.follow(self.modules[path], "")
        return self.modules[path]

    def locate(self, parts):
        """Enter the modules of ours that a dotted name leads through. Returns the last, or None, and what is left."""
        module = None
        for depth, part in enumerate(parts):
            path = find(self.root, parts[: depth + 1])
            if path is None or (module and part in module.names):
                return module, parts[depth:]
            module = self.enter(path, parts[: depth + 1])
        return module, ()

    def reach(self, parts):
        """Follow a dotted name from outside, if it is ours. A module that is used without a name counts whole."""
        module, rest = self.locate(parts)
        if module and rest:
            name = rest[0] if rest[0] in module.names else "__getattr__"
            if name not in module.names:
                raise ValueError(f"{module.file} does not define {rest[0]}")
            self.follow(module, name, rest[1:])
        elif module and (module.file, "*") not in self.found:
            self.found[module.file, "*"] = "the whole module"
            for name in module.names:
                self.follow(module, name)

    def follow(self, module, name, rest=()):
        """Follow a name to what it means in a module, and on to all that is named there."""
        meanings, is_new = module.names.get(name, ()), (module.file, name) not in self.found
        if meanings and is_new:
            self.found[module.file, name] = plain(meanings)
        for meaning in meanings:
            if isinstance(meaning, tuple):
                self.reach(meaning + rest)
            elif is_new:
                self.use(module, meaning)

    def use(self, module, statement):
        """Follow all names in a statement, first of all to the imports in it."""
        local = {name: target for node in ast.walk(statement) for name, target in imported(node, module.package)}
        for first, *rest in names_in(statement):
            if first in local:
                self.reach((*local[first], *rest))
            self.follow(module, first, tuple(rest))


def find(root, parts):
    """The file of one of our modules, or None."""
    for folder in FOLDERS:
        path = root.joinpath(folder, *parts)
        for file in (path / "__init__.py", path.with_name(f"{path.name}.py")):
            if file.is_file():
                return file
    return None


def names_of(path, package, main):
    """What the names at the top of a module mean; of the main program, or a notebook, more runs."""
    names = {"": []}
    for statement in without_docstrings(source(path)).body:
        defined = list(meanings(statement, package))
        if not defined and not main and isinstance(statement, ast.If) and ("__name__",) in names_in(statement.test):
            continue
        if not defined or path.suffix == ".ipynb":
            names[""].append(statement)
        if not defined:  # but `if` and `try` can define inside
            defined = [pair for node in ast.walk(statement) for pair in meanings(node, package)]
        for name, meaning in defined:
            names.setdefault(name, []).append(meaning)
    return names


def meanings(statement, package):
    """The names that a statement defines, each with its meaning."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name, statement
    elif isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        for target in getattr(statement, "targets", None) or [statement.target]:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, statement
    yield from imported(statement, package)


def imported(statement, package):
    """The names that an import makes, each with what it stands for: a dotted name as a tuple."""
    for alias in getattr(statement, "names", ()) if isinstance(statement, (ast.Import, ast.ImportFrom)) else ():
        target = tuple(alias.name.split("."))
        if isinstance(statement, ast.Import):
            yield (alias.asname, target) if alias.asname else (target[0], target[:1])
            continue
        if alias.name == "*":
            raise ValueError(f"from {statement.module} import *: write the names, so that they can be followed")
        start = package[: len(package) - statement.level + 1] if statement.level else ()
        yield alias.asname or alias.name, (*start, *(statement.module or "").split("."), *target)


def names_in(node):
    """The names in a piece of code, each with the attributes that are asked of it: ("course", "network")."""
    attributes, inner = [], node
    while isinstance(inner, ast.Attribute):
        attributes, inner = [inner.attr, *attributes], inner.value
    if isinstance(inner, ast.Name):
        yield (inner.id, *attributes)
    else:
        for child in ast.iter_child_nodes(node):
            yield from names_in(child)


def source(path):
    """The code of a module; of a notebook, the cells, and after each whether its last value is shown."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    cells = [cell.source.rstrip() for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    return "\n".join(cell + ("\n'hidden'" if cell.endswith(";") else "\n'shown'") for cell in cells)


def without_docstrings(text):
    tree = ast.parse(text)
    for node in ast.walk(tree):
        can_have_one = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if can_have_one and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def plain(node):
    """A syntax tree as nested lists that are the same on every Python (`ast.dump` and `ast.unparse` are not)."""
    if isinstance(node, ast.AST):
        fields = [(name, plain(value)) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return [type(node).__name__, *fields]
    return [plain(item) for item in node] if isinstance(node, list) else repr(node)
