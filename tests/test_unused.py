"""The bot has no code without a caller, and no setting without an effect."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import bot
import cogs
from bot.settings import known_fields

ROOT = Path(bot.__path__[0])
# discord.py, SQLAlchemy, SimCord and others call or read these by their names.
FRAMEWORK = {
    "_MAX_MEDIA_BYTES",
    "cache_ok",
    "channel_types",
    "cog_load",
    "cog_unload",
    "down_revision",
    "from_custom_id",
    "handleError",
    "impl",
    "on_ready",
    "process_bind_param",
    "process_result_value",
    # Breaks ties where a heap compares entries.
    "sequence",
    "setup_hook",
    "transform",
}


@cache
def trees() -> dict[Path, ast.Module]:
    folders = (ROOT, Path(cogs.__path__[0]))
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for folder in folders
        for path in folder.rglob("*.py")
    }


def definitions(tree: ast.Module) -> Iterator[str]:
    """Functions, classes, methods, fields and constants, without what a decorator registers."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                called = any(isinstance(each, ast.Call) for each in node.decorator_list)
                if not called and not node.name.startswith("__"):
                    yield node.name
            case ast.ClassDef():
                yield node.name
                # Members of an enumeration are values, which a database or a button may bring.
                if not any("Enum" in ast.unparse(base) for base in node.bases):
                    yield from assigned(node.body)
            case ast.Module():
                yield from assigned(node.body)
            case _:
                pass


def assigned(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if not name.startswith("__"):
                    yield name
            case _:
                pass


def mentions(tree: ast.Module) -> Iterator[str]:
    """Names that are read, and strings that may be one."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
                yield name
            case ast.Constant(value=str(name)):
                # The command line names its commands as `module:function`.
                yield name.rpartition(":")[2]
            case ast.MatchClass():
                yield from node.kwd_attrs
            case _:
                pass


def test_all_code_has_a_caller() -> None:
    mentioned = {name for tree in trees().values() for name in mentions(tree)}
    used = mentioned | FRAMEWORK
    unused = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in trees().items()
        if ROOT in path.parents
        for name in definitions(tree)
        if name not in used
    }
    assert len(mentioned) > 1000
    assert unused == set()


def test_every_setting_has_an_effect() -> None:
    settings = ROOT / "settings"
    read = {
        node.attr
        for path, tree in trees().items()
        if settings not in path.parents or path.name == "sections.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }
    assert [field.name for field in known_fields() if field.key not in read] == []
