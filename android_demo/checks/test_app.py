"""The app compile-checked: sources, resources, manifest, project. Never run on a phone."""

import hashlib
import re
import tomllib
import xml.etree.ElementTree as ET

import pytest

from android_demo.checks import assets
from android_demo.checks.conftest import APP
from android_demo.checks.toolchain import (
    DEMO,
    ROOT,
    Failed,
    android_classes,
    call,
    kotlinc,
    ktlint,
)
from benchmark import doubts
from export import detection
from ghostnet_tf.base.effort import EFFORTS
from ghostnet_tf.tasks.detect import nms
from web_demo.models import BUNDLED, WEIGHTS

ANDROID = "{http://schemas.android.com/apk/res/android}"
N_SHOWN = 2  # of the library, in the app's README
WRAPPER_SHA256 = (
    "55243ef57851f12b070ad14f7f5bb8302daceeebc5bce5ece5fa6edb23e1145c"  # Gradle 9.4.1's
)


def test_every_screen_compiles_against_android_10(compiled):
    screens = ("Camera", "Gallery", "Listen", "Benchmark", "About")

    assert all((compiled.app / f"ghostnet/demo/{s}Activity.class").exists() for s in screens)


def test_what_the_readmes_show_of_the_library_compiles(compiled, tmp_path):
    blocks = re.compile(r"```kotlin\n(.*?)```", re.DOTALL)
    (shown,) = blocks.findall((ROOT / "README.md").read_text())
    others = [b for b in blocks.findall((DEMO / "README.md").read_text()) if "ModelAssets(" in b]
    packages = ("android.content.Context", "android.graphics.Bitmap", "ghostnet.android.*")
    imports = "".join(f"import {name}\n" for name in (*packages, "ghostnet.core.*"))
    given = "context: Context, bitmap: Bitmap, samples: FloatArray"
    source = tmp_path / "Namer.kt"
    inside = [f"fun shown{i}({given}) {{\n{block}}}\n" for i, block in enumerate(others)]
    source.write_text(imports + shown + "".join(inside))

    made = kotlinc([source], [android_classes(), compiled.litert, compiled.library], "-no-jdk")

    assert (made / "Namer.class").exists()
    assert len(shown.split("\n")) <= 16  # fifteen lines, and what is behind the last one
    assert len(others) == N_SHOWN and all(len(block.split("\n")) <= 6 for block in others)


def test_what_android_10_java_or_litert_lack_does_not_compile(compiled, tmp_path):
    source = tmp_path / "Wrong.kt"
    lines = (
        "val soc = android.os.Build.SOC_MODEL",  # of Android 12
        'val text = java.nio.file.Files.readString(java.nio.file.Path.of("x"))',  # of Java 11
        "val model = com.google.ai.edge.litert.CompiledModel.create(ByteArray(1))",
    )
    source.write_text("\n".join(lines))

    with pytest.raises(Failed) as caught:
        kotlinc([source], [android_classes(), compiled.litert], "-no-jdk")

    wrong = set(re.findall(r"Wrong\.kt:(\d+):\d+: error", str(caught.value)))
    assert wrong == {"1", "2", "3"}


def test_what_the_package_says_of_itself(packed):
    said = call("aapt", "dump", "badging", packed.package)

    # no INTERNET: what the app sees and hears stays on the phone
    asked = ["android.permission.CAMERA", "android.permission.RECORD_AUDIO"]
    assert re.findall(r"uses-permission: name='(.*?)'", said) == asked
    required = re.findall(r"uses-feature: name='(.*?)'", said)
    assert required == ["android.hardware.faketouch"]  # every app's
    assert "sdkVersion:'29'\ntargetSdkVersion:'36'" in said
    assert "launchable-activity: name='ghostnet.demo.CameraActivity'" in said


def test_levels_and_processors_of_the_project():
    app, library = ((DEMO / m / "build.gradle.kts").read_text() for m in ("app", "library"))

    assert "targetSdk = 36" in app
    for gradle in (app, library):
        ndk = 'ndkVersion = "28.2.13676358"'
        for line in ("compileSdk = 36", "minSdk = 29", ndk, 'create("measure")'):
            assert line in gradle
        assert 'abiFilters += listOf("arm64-v8a", "x86_64")' in gradle
    used = r"^    (?:implementation|api)\((.*)\)"
    assert re.findall(used, app, re.MULTILINE) == ['project(":library")']
    assert re.findall(used, library, re.MULTILINE) == ['project(":core")', "libs.litert"]


def test_what_is_measured_is_built_as_what_is_released():
    gradle = (DEMO / "app" / "build.gradle.kts").read_text()
    (measure,) = re.findall(r'create\("measure"\) \{\n(.*?)\n        \}', gradle, re.DOTALL)

    assert [line.strip() for line in measure.splitlines()] == [
        'initWith(getByName("release"))',
        'signingConfig = signingConfigs.getByName("debug")',
        "isDebuggable = false",
        'matchingFallbacks += "release"',
    ]
    source = (APP / "kotlin/ghostnet/demo/Phone.kt").read_text()
    assert '"debuggable" to yes(' in source and "ApplicationInfo.FLAG_DEBUGGABLE" in source
    # what CMake leaves beside its sources is nobody's to commit
    assert ".cxx/" in (DEMO / ".gitignore").read_text().splitlines()


def test_what_litert_s_package_would_ask_for_is_removed():
    root = ET.parse(APP / "AndroidManifest.xml").getroot()  # noqa: S314
    tools = "{http://schemas.android.com/tools}"
    asked = {
        p.get(f"{ANDROID}name", "").removeprefix("android.permission."): p.get(f"{tools}node")
        for p in root.iter("uses-permission")
    }

    assert asked == {
        "CAMERA": None,
        "RECORD_AUDIO": None,
        "FOREGROUND_SERVICE": "remove",
        "FOREGROUND_SERVICE_DATA_SYNC": "remove",
    }


def test_the_results_are_handed_out_by_a_grant_for_one_file_alone():
    providers = list(ET.parse(APP / "AndroidManifest.xml").getroot().iter("provider"))  # noqa: S314

    (provider,) = providers
    assert provider.get(f"{ANDROID}exported") == "false"
    assert provider.get(f"{ANDROID}grantUriPermissions") == "true"


def test_the_native_part_is_built_from_files_that_are_there():
    gradle = (DEMO / "library" / "build.gradle.kts").read_text()
    (path,) = re.findall(r'path = file\("(.*)"\)', gradle)
    cmake = DEMO / "library" / path
    root = cmake.parent / re.findall(r"CMAKE_CURRENT_SOURCE_DIR}/([./]+)\)", cmake.read_text())[0]

    used = re.findall(r"\${ROOT}/([\w/]+)", cmake.read_text())
    assert used == ["kernels", "kernels", "benchmark/runner"]
    assert all((root / folder).is_dir() for folder in used)
    assert "add_library(ghost_jni SHARED ghost_jni.c)" in cmake.read_text()


def test_gradle_is_the_one_that_was_named():
    wrapper = DEMO / "gradle" / "wrapper"
    properties = (wrapper / "gradle-wrapper.properties").read_text()

    found = hashlib.sha256((wrapper / "gradle-wrapper.jar").read_bytes()).hexdigest()
    assert found == WRAPPER_SHA256
    assert "gradle-9.4.1-bin.zip" in properties
    assert "distributionSha256Sum=2ab2958f2a1e51120c326cad6f385153bb11ee93" in properties


def test_the_app_names_the_runtime_that_it_is_built_with():
    versions = tomllib.loads((DEMO / "gradle" / "libs.versions.toml").read_text())["versions"]
    source = (APP / "kotlin" / "ghostnet" / "demo" / "Runtime.kt").read_text()

    assert f'LITERT = "{versions["litert"]}"' in source


def test_efforts_are_those_of_the_benchmark():
    source = (DEMO / "core/src/main/kotlin/ghostnet/core/Plan.kt").read_text()

    for effort in EFFORTS.values():
        row = (effort.rounds, effort.runs, effort.seconds, effort.warmup_runs, effort.cooldown_s)
        assert f"{effort.name.upper()}({', '.join(map(str, row))})" in source


def test_doubts_begin_where_the_benchmark_doubts():
    source = (DEMO / "core/src/main/kotlin/ghostnet/core/Doubts.kt").read_text()
    limits = dict(re.findall(r"const val (\w+) = ([\d.]+)", source))

    assert len(limits) == 8
    for name, value in limits.items():
        assert float(value) == getattr(doubts, name), name


def test_a_person_is_shown_what_predict_shows():
    source = (DEMO / "core/src/main/kotlin/ghostnet/core/Boxes.kt").read_text()

    assert f"const val SHOWN_FROM = {detection.SURE}f" in source
    for name, value in (("iou", nms.IOU), ("score", nms.SCORE)):
        assert f"val {name}: Float = {value}f," in source
    assert f"val most: Int = {nms.MOST}," in source


def test_the_app_gets_every_bundled_model_that_is_there_and_no_other(tmp_path):
    asked = {(c[c.index("--model") + 1], c[c.index("--weights") + 1]) for c in assets.commands()}

    there = {(b.model, b.weights) for b in BUNDLED if (WEIGHTS / b.card).exists()}
    assert asked == there >= {("ghostnet_050", "tinyimagenet")}
    assert assets.commands(tmp_path) == []


def test_only_adb_can_start_the_benchmark_from_outside():
    activities = ET.parse(APP / "AndroidManifest.xml").getroot().iter("activity")  # noqa: S314
    open_to = {
        a.get(f"{ANDROID}name"): a.get(f"{ANDROID}permission")
        for a in activities
        if a.get(f"{ANDROID}exported") == "true"
    }

    assert open_to == {
        ".CameraActivity": None,  # the launcher's
        ".BenchmarkActivity": "android.permission.DUMP",
    }


def test_dark_mode_has_every_colour_and_pictures_have_words():
    def names(folder):
        root = ET.parse(APP / "res" / folder / "colors.xml").getroot()  # noqa: S314
        return {color.get("name") for color in root}

    assert names("values") - {"icon", "frame"} == names("values-night")  # over a photo
    for layout in (APP / "res").glob("layout*/*.xml"):
        for view in ET.parse(layout).getroot().iter():  # noqa: S314
            if view.tag in ("ImageView", "Spinner", "TextureView"):
                assert view.get(f"{ANDROID}contentDescription"), f"{layout.name}: {view.tag}"


def test_every_text_is_in_the_strings_and_every_string_is_used():
    root = ET.parse(APP / "res/values/strings.xml").getroot()  # noqa: S314
    strings = {string.get("name") for string in root}
    sources = [f.read_text() for f in APP.rglob("*") if f.suffix in (".kt", ".xml")]
    used = set(
        re.findall(r"(?:(?<!android\.)R\.(?:string|plurals)\.|@string/)(\w+)", "\n".join(sources))
    )

    assert used == strings
    layouts = "\n".join(f.read_text() for f in (APP / "res").glob("layout*/*.xml"))
    assert not re.findall(r'android:text="(?!@string/).*"', layouts)


def test_a_screen_that_is_held_sideways_has_all_that_it_has_upright():
    def ids(folder):
        root = ET.parse(APP / "res" / folder / "camera.xml").getroot()  # noqa: S314
        return sorted(i for view in root.iter() if (i := view.get(f"{ANDROID}id")))

    assert ids("layout-land") == ids("layout")
    for folder in ("layout", "layout-land"):
        root = ET.parse(APP / "res" / folder / "camera.xml").getroot()  # noqa: S314
        (preview,) = root.iter("TextureView")
        assert preview.get(f"{ANDROID}keepScreenOn") == "true"


def test_a_tab_is_selected_and_never_disabled():
    source = (APP / "kotlin/ghostnet/demo/Screen.kt").read_text()

    assert "button.isSelected = id == own" in source
    assert "isEnabled" not in source


def test_ktlint_has_nothing_to_say():
    call("java", "-jar", ktlint(), "--relative", "**/*.kt", "**/*.kts", cwd=DEMO)
