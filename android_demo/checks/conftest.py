"""The app's Kotlin, compiled once for all checks."""

import shutil
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
    android_classes,
    call,
    classpath,
    compiler,
    kotlinc,
    missing_packages,
)
from ghostnet_tf.base.libraries import litert

CORE, APP = DEMO / "core" / "src", DEMO / "app" / "src" / "main"
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
    text = (APP / "AndroidManifest.xml").read_text()
    manifest = place / "AndroidManifest.xml"
    manifest.write_text(text.replace("<manifest ", '<manifest package="ghostnet.demo" ', 1))
    java, package = place / "java", place / "app.apk"
    java.mkdir()
    call(
        "aapt", "package", "-f", "-m", "-J", java, "-M", manifest, "-S", APP / "res",
        "-I", FRAMEWORK, "-F", package, "--min-sdk-version", "29", "--target-sdk-version", "36",
    )  # fmt: skip
    return Packed(package, java)


@dataclass(frozen=True)
class Compiled:
    """Folders of classes."""

    litert: Path  # the stand-in for LiteRT's Android library
    app: Path  # core and app
    checks: Path  # core's tests and the harness
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
        path = classpath(self.checks, self.app, self.litert, self.stdlib, resources, JNA, *JUNIT)
        set_ = ("env", f"LD_LIBRARY_PATH={classpath(*search)}", f"LD_PRELOAD={preload}")
        return call(*set_, "java", *options, "-cp", path, main, *arguments)


@pytest.fixture(scope="session")
def compiled(packed) -> Compiled:
    with ThreadPoolExecutor(1) as pool:
        android = pool.submit(android_classes)
        litert = kotlinc([DEMO / "checks" / "litert"], [JNA])
        sources = [CORE / "main" / "kotlin", APP / "kotlin", packed.java]
        # Nothing but Android's API of level 29 is visible: no newer one, and nothing of Java's.
        app = kotlinc(sources, [android.result(), litert], "-no-jdk")
    checks = kotlinc([CORE / "test" / "kotlin", DEMO / "checks" / "jvm"], [app, litert, *JUNIT])
    return Compiled(litert, app, checks, compiler()[1])


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
