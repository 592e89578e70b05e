"""Android's signature file (metalava, format 2.0) -> Java sources whose methods do nothing.

They are compiled once, so that our Kotlin can be compiled against exactly the API of one level, and
what of it needs no phone can be run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

KEPT = {  # what kotlinc reads of all annotations
    "@NonNull": "@android.annotation.NonNull",
    "@Nullable": "@android.annotation.Nullable",
}
# With a target, or kotlinc takes the nullness of an array for that of its elements, too.
NULLNESS = """package android.annotation;
import java.lang.annotation.*;
@Target({{ElementType.METHOD, ElementType.PARAMETER, ElementType.FIELD}})
public @interface {} {{}}
"""
PRIMITIVES = {"byte", "short", "int", "long", "char", "float", "double", "boolean"}
HEAD = re.compile(
    r"^(?P<modifiers>(?:(?:public|protected|abstract|final|static|sealed|strictfp) )*)"
    r"(?P<kind>class|interface|enum|@interface) (?P<name>[\w.]+)(?P<rest>.*)$"
)


@dataclass
class Type:
    """One class, interface, enum or annotation with what it declares and what is nested in it."""

    kind: str
    modifiers: str
    name: str
    rest: str  # type parameters, extends, implements
    members: list[tuple[str, str]] = field(default_factory=list)  # ("method", "public void f(int)")
    nested: list["Type"] = field(default_factory=list)


def write_sources(signatures: str, folder: Path) -> int:
    """One file per top-level type; returns how many."""
    count = 0
    for package, type_ in read(signatures):
        place = folder / package.replace(".", "/")
        place.mkdir(parents=True, exist_ok=True)
        source = f"package {package};\n" + "\n".join(java(type_))
        (place / f"{type_.name}.java").write_text(source + "\n")
        count += 1
    place = folder / "android" / "annotation"
    for name in ("NonNull", "Nullable"):
        (place / f"{name}.java").write_text(NULLNESS.format(name))
    return count


def read(signatures: str) -> Iterator[tuple[str, Type]]:
    """(package, top-level type), with nested ones in their places."""
    package, types = "", {}
    current = Type("class", "", "", "")
    for line in signatures.splitlines():
        text = re.sub(r"\s*// 0x\S.*$", "", line).strip()
        if text.startswith("package "):
            package, types = text.split()[1], {}
        elif line == "}":
            yield from ((package, type_) for name, type_ in types.items() if "." not in name)
        elif line.startswith("    "):
            kind, _, declared = text.rstrip(";").partition(" ")
            current.members.append((kind, without_annotations(declared)))
        elif text.endswith("{"):
            head = HEAD.match(without_annotations(text.rstrip("{").strip()))
            assert head, text
            name = head["name"]
            current = Type(head["kind"], head["modifiers"], name.rpartition(".")[2], head["rest"])
            types[name] = current
            if "." in name:
                types[name.rpartition(".")[0]].nested.append(current)


def without_annotations(text: str) -> str:
    """`text` with nullness in full and no other annotation."""
    kept, at = [], 0
    while (found := re.compile(r"@(?!interface)[\w.]+").search(text, at)) is not None:
        kept.append(text[at : found.start()])
        at = found.end()
        if at < len(text) and text[at] == "(":
            at = closing(text, at) + 1
        elif found[0] in KEPT:
            kept.append(KEPT[found[0]])
            continue
        at += len(text[at:]) - len(text[at:].lstrip())
    return "".join([*kept, text[at:]])


def closing(text: str, at: int) -> int:
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "(<{") - (text[i] in ")>}")
        if not depth:
            return i
    raise ValueError(text)


def java(type_: Type) -> Iterator[str]:
    rest = "" if type_.kind in ("enum", "@interface") else parents(type_)
    modifiers = type_.modifiers
    if type_.kind == "enum":
        modifiers = modifiers.replace("final ", "").replace("abstract ", "")
    yield f"{modifiers}{type_.kind} {type_.name}{rest} {{"
    constants = [text.split()[-1] for kind, text in type_.members if kind == "enum_constant"]
    if type_.kind == "enum":
        yield ", ".join(constants) + ";"
    for kind, text in type_.members:
        if kind == "field":
            yield field_of(text)
        elif kind == "ctor" and type_.kind != "enum":
            yield constructor(text, type_)
        elif kind == "method" and not is_given(type_, text):
            yield method(text, type_)
    for inner in type_.nested:
        yield from java(inner)
    yield "}"


def parents(type_: Type) -> str:
    """`extends A implements B C` as Java wants it: with commas, and no interface implements."""
    before, word, after = type_.rest.partition(" implements ")
    if type_.kind == "interface":
        _, word, after = type_.rest.partition(" extends ")
        before = type_.rest.removesuffix(word + after)
    return before + word + ", ".join(split(after, " "))


def is_given(type_: Type, text: str) -> bool:
    """What every enum has anyway."""
    return type_.kind == "enum" and re.search(r" (values\(\)|valueOf\(String\))", text) is not None


def field_of(text: str) -> str:
    if " = " in text or "final " not in text:
        return text + ";"
    declared = text.split()[-2]
    # not a constant of the language, so that no value of ours can be compiled into anything
    zero = f"(new {declared}[1])[0]" if declared in PRIMITIVES else "null"
    return f"{text} = {zero};"


def constructor(text: str, type_: Type) -> str:
    before, arguments, throws = taken_apart(text)
    words = before.replace(type_.name, "").split()
    visibility = [w for w in words if w in ("public", "protected")]
    generic = re.search(r"<.*>(?= )", before)
    return (
        f"{' '.join(visibility)} {generic[0] if generic else ''}"
        f"{type_.name}({arguments}){throws} {{ }}"
    )


def method(text: str, type_: Type) -> str:
    before, arguments, throws = taken_apart(text)
    if type_.kind == "@interface":
        value = re.search(r" default (.*)$", text)
        return f"{before}(){' default ' + value[1] if value else ''};"
    is_abstract = " abstract " in f" {before}"
    if type_.kind == "interface":
        is_abstract = not re.search(r"\b(default|static)\b", before)
    for word in ("native", "synchronized"):
        before = re.sub(rf"\b{word} ", "", before)
    return f"{before}({arguments}){throws}{';' if is_abstract else nothing(before)}"


def nothing(before: str) -> str:
    """A body that returns what its type begins with: 0, false, null."""
    returned = before.split()[-2]
    if returned == "void":
        return " { }"
    zero = {"boolean": "false"}.get(returned, "0") if returned in PRIMITIVES else "null"
    return f" {{ return {zero}; }}"


def taken_apart(text: str) -> tuple[str, str, str]:
    """`public int f(int, T<a>) throws E` -> `public int f`, `int p0, T<a> p1`, ` throws E`."""
    opening = text.index("(")
    end = closing(text, opening)
    throws = re.match(r"\s*(throws [\w., ]+?)?(?: default .*)?$", text[end + 1 :])
    parameters = [p for p in split(text[opening + 1 : end]) if p]
    arguments = ", ".join(f"{p} p{i}" for i, p in enumerate(parameters))
    return text[:opening], arguments, f" {throws[1]}" if throws and throws[1] else ""


def split(parameters: str, at: str = ",") -> list[str]:
    """At the commas, or what else, that are in no angle bracket."""
    parts, depth = [""], 0
    for letter in parameters:
        depth += (letter == "<") - (letter == ">")
        if letter == at and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
