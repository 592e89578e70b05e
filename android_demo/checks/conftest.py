"""The app's Kotlin, compiled once for all checks."""

import re
import shutil
import textwrap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from android_demo.checks import models, native
from android_demo.checks.toolchain import (
    DEMO,
    FRAMEWORK,
    JAVA_LIBRARIES,
    android_alone,
    android_classes,
    call,
    classpath,
    compiler,
    kotlinc,
    missing_packages,
)
from ghostnet_tf.base.libraries import litert

CORE, APP = DEMO / "core" / "src", DEMO / "app" / "src" / "main"
LIBRARY = DEMO / "library" / "src" / "main"
JNA = JAVA_LIBRARIES / "jna.jar"
JUNIT = (JAVA_LIBRARIES / "junit4.jar", JAVA_LIBRARIES / "hamcrest-all.jar")


@pytest.fixture(scope="session", autouse=True)
def packages():
    if missing := missing_packages():
        pytest.fail(f"apt-get install --no-install-recommends {' '.join(missing)}")


@dataclass(frozen=True)
class Packed:
    """The app's resources and manifest, through aapt."""

    package: Path
    java: Path  # R.java below it


@pytest.fixture(scope="session")
def packed(tmp_path_factory) -> Packed:
    place = tmp_path_factory.mktemp("packed")
    # Gradle adds the package's name from `namespace`, and the SDK levels.
    text = merged((APP / "AndroidManifest.xml").read_text())
    manifest = place / "AndroidManifest.xml"
    manifest.write_text(text.replace("<manifest ", '<manifest package="ghostnet.demo" ', 1))
    java, package = place / "java", place / "app.apk"
    java.mkdir()
    call(
        "aapt", "package", "-f", "-m", "-J", java, "-M", manifest, "-S", APP / "res",
        "-I", FRAMEWORK, "-F", package, "--min-sdk-version", "29", "--target-sdk-version", "36",
    )  # fmt: skip
    return Packed(package, java)


def merged(manifest: str) -> str:
    """What the manifest merger leaves of what is marked for removal: nothing."""
    return re.sub(r"<[\w-]+\s[^<>]*tools:node=\"remove\"\s*/>", "", manifest)


@dataclass(frozen=True)
class Compiled:
    """Folders of classes."""

    litert: Path  # the stand-in for LiteRT's Android library
    library: Path  # core and library, which other apps use
    app: Path  # what stands on these
    checks: Path  # core's tests and the harness
    android: Path  # Android's classes, which do nothing
    stdlib: Path

    def java(
        self,
        main: str,
        *arguments: str | Path,
        library: Path | None = None,
        search: Sequence[Path] = (),
        preload: Path | str = "",
    ) -> str:
        """Run a class of ours on the desktop's Java; native libraries are found in `search`."""
        options = ["-Xmx1g", "-XX:+UseSerialGC"]
        if library:
            options += [f"-Dlitert.library={library}", "-Dfile.encoding=UTF-8"]
        resources = CORE / "test" / "resources"
        ours = (self.checks, self.app, self.library, self.litert, self.stdlib)
        path = classpath(*ours, resources, JNA, *JUNIT, self.android)
        set_ = ("env", f"LD_LIBRARY_PATH={classpath(*search)}", f"LD_PRELOAD={preload}")
        return call(*set_, "java", *options, "-cp", path, main, *arguments)


@pytest.fixture(scope="session")
def compiled(packed) -> Compiled:
    with ThreadPoolExecutor(1) as pool:
        android = pool.submit(android_classes)
        litert = kotlinc([DEMO / "checks" / "litert"], [JNA])
        # Nothing but Android's API of level 29 is visible: no newer one, and nothing of Java's.
        sources = [CORE / "main" / "kotlin", LIBRARY / "kotlin"]
        library = kotlinc(sources, [android.result(), litert], "-no-jdk")
        # By itself, as Gradle does it: what is internal to the library is not for the app.
        sources = [APP / "kotlin", packed.java]
        app = kotlinc(sources, [android.result(), litert, library], "-no-jdk")
    # The tests for a phone are compiled, and never run here.
    on_phone = [APP.parent / "androidTest" / "kotlin", DEMO / "checks" / "androidx"]
    sources = [CORE / "test" / "kotlin", DEMO / "checks" / "jvm", *on_phone]
    sources.append(gradle_functions(packed.java.parent))
    checks = kotlinc(sources, [app, library, litert, *JUNIT, android_alone()])
    return Compiled(litert, library, app, checks, android_alone(), compiler()[1])


def gradle_functions(folder: Path) -> Path:
    """What the app's build script decides by itself, as a source that a test can call."""
    script = (DEMO / "app" / "build.gradle.kts").read_text()
    (found,) = re.findall(r"^    fun foreignPermissions.*?(?=^})", script, re.MULTILINE | re.DOTALL)
    source = folder / "Gradle.kt"
    source.write_text("package gradle\n\n" + textwrap.dedent(found))
    return source


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    models.export(folder)
    return folder


@pytest.fixture
def alone(folder, tmp_path) -> Path:
    """A folder with one of the plain models, to be spoiled."""
    for file in folder.glob("*static_wi8_ai8.*"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def operators(tmp_path_factory) -> tuple[Path, Path]:
    """Where Java finds the app's native library, and that one LiteRT."""
    return native.build(tmp_path_factory.mktemp("native") / "host", "host"), litert().parent
