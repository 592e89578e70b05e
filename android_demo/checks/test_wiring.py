"""Android's events reach what decides: read off the compiled classes, which no phone has run.

What is decided is tested by JUnit; here it is only that nobody forgot to ask.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from android_demo.checks.toolchain import call

CORE, ANDROID = "ghostnet.core", "android"
WIRES = (  # class of the app, its method, what it must call: the class and the method
    ("CameraActivity", "onResume", f"{CORE}.LiveView.resumed"),
    ("CameraActivity", "onPause", f"{CORE}.LiveView.paused"),
    ("CameraActivity", "onDestroy", "ghostnet.demo.CameraThread.close"),
    ("CameraActivity$Texture", "onSurfaceTextureAvailable", f"{CORE}.LiveView.surfaceCame"),
    ("CameraActivity$Texture", "onSurfaceTextureDestroyed", f"{CORE}.LiveView.surfaceWent"),
    ("CameraActivity$Rooms", "openCamera", "ghostnet.demo.CameraThread.open"),
    ("CameraActivity$Rooms", "closeCamera", "ghostnet.demo.CameraThread.shut"),
    ("CameraActivity", "fit", f"{CORE}.Fit.matrix"),
    ("CameraActivity", "fit", f"{ANDROID}.view.TextureView.setTransform"),
    ("CameraActivity", "fit", "ghostnet.demo.CameraActivity.fitIn"),
    ("CameraActivity", "fitIn", "ghostnet.demo.CameraActivity.rotation"),
    ("CameraActivity", "look", f"{CORE}.FrameGate.frame"),
    ("CameraActivity", "look", f"{CORE}.ViewKt.uprightTurn"),
    ("CameraActivity", "look", "ghostnet.demo.CameraActivity.rotation"),
    ("CameraActivity", "look", "ghostnet.demo.SightBoard.show"),
    ("SightBoard", "show", f"{CORE}.BoxesKt.linesOf"),
    ("SightBoard", "show", "ghostnet.demo.BoxFrames.show"),
    ("SightBoard", "show", "ghostnet.demo.MaskOver.show"),
    ("MaskOver", "show", f"{CORE}.PixelClasses.picture"),
    ("MaskOver", "onDraw", f"{CORE}.Fit.place"),
    ("BoxFrames", "onDraw", f"{CORE}.Fit.place"),
    ("BoxFrames", "draw", f"{CORE}.ClassColoursKt.classColour"),
    ("BoxFrames", "draw", f"{CORE}.BoxesKt.nameAt"),
    ("CameraActivity", "rotation", f"{ANDROID}.view.Display.getRotation"),
    ("CameraThread", "shut", "ghostnet.demo.Camera.close"),
    ("CameraThread", "find", f"{CORE}.ViewKt.lensFor"),
    ("Camera", "close", f"{ANDROID}.hardware.camera2.CameraDevice.close"),
    ("Camera", "close", f"{ANDROID}.media.ImageReader.close"),
    ("Lens$Companion", "sizes", f"{CORE}.ViewKt.captures"),
    ("ListenActivity", "onResume", f"{CORE}.LiveSound.resumed"),
    ("ListenActivity", "onPause", f"{CORE}.LiveSound.paused"),
    ("ListenActivity", "guarded", f"{CORE}.LiveSound.modelFailed"),
    ("ListenActivity", "say", f"{CORE}.Smoothing.heard"),
    ("ListenActivity$Rooms", "openMicrophone", "ghostnet.demo.Microphone.open"),
    ("ListenActivity$Rooms", "closeMicrophone", "ghostnet.demo.Microphone.close"),
    ("ListenActivity$News", "taken", f"{CORE}.LiveSound.taken"),
    ("ListenActivity$News", "lost", f"{CORE}.LiveSound.lost"),
    ("Microphone", "listen", f"{CORE}.HearingKt.microphoneRates"),
    ("Microphone", "listen", f"{ANDROID}.media.AudioRecord.release"),
    ("Microphone", "read", f"{ANDROID}.media.AudioRecord.registerAudioRecordingCallback"),
    (
        "Microphone$Takings",
        "onRecordingConfigChanged",
        f"{ANDROID}.media.AudioRecordingConfiguration.isClientSilenced",
    ),
    ("PermissionDesk", "ask", "ghostnet.demo.Screen.requestPermissions"),
    ("AnswerRows", "show", f"{CORE}.AnswerBoard.show"),
    ("AnswerRows", "show", f"{CORE}.AnswerBoardKt.isSure"),
    ("ShareProvider", "file", f"{CORE}.Sharing.run"),
    ("ShareProvider", "openFile", "ghostnet.demo.ShareProvider.file"),
    ("ShareProvider", "query", "ghostnet.demo.ShareProvider.file"),
    ("BenchmarkActivity", "onStop", f"{CORE}.BenchmarkSession.left"),
    ("BenchmarkActivity", "startAsTold", f"{CORE}.BenchmarkSession.told"),
    (
        "BenchmarkActivity$Screenful",
        "running",
        f"{ANDROID}.view.Window.setSustainedPerformanceMode",
    ),
    ("BenchmarkActivity$Screenful", "begin", f"{CORE}.BenchmarkSession.ended"),
    ("BenchmarkActivity$Screenful", "begin", f"{CORE}.BenchmarkSession.isCancelled"),
    ("BenchmarkRun", "measure", f"{CORE}.BenchmarkSessionKt.supervised"),
    ("BenchmarkRun", "attempt", f"{ANDROID}.os.Process.setThreadPriority"),
    ("Phone", "conditions", f"{CORE}.CoresKt.celsius"),
    ("Phone", "pin", "ghostnet.android.ThisThread.askFor"),
    ("Phone", "place", "ghostnet.android.ThisThread.core"),
    ("GalleryActivity", "look", f"{CORE}.BenchmarkSessionKt.supervised"),
)


@cache
def classes(app: Path) -> dict[str, dict[str, str]]:
    """Class -> method -> its instructions, of all classes that are looked at."""
    names = sorted({f"ghostnet.demo.{name}" for name, _, _ in WIRES})
    found: dict[str, dict[str, str]] = {}
    said = call("javap", "-c", "-p", "-cp", app, *names)
    for text in re.split(r"^Compiled from .*\n", said, flags=re.MULTILINE):
        if head := re.search(r"\b(?:class|interface) ghostnet\.demo\.([\w$]+)", text):
            found[head[1]] = methods(text)
    return found


def methods(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    head = r"^  [\w.$<>\[\], ?]*?(\S+)\(.*?\).*;\n    Code:\n((?:     .*\n)*)"
    for name, body in re.findall(head, text, re.MULTILINE):
        found[name] = found.get(name, "") + body
    return found


def calls(app: Path, name: str, method: str) -> set[str]:
    """Every method that this one calls, and its lambdas do."""
    own = classes(app)[name]
    parts = [body for head, body in own.items() if re.match(rf"{re.escape(method)}(\$|$)", head)]
    assert parts, f"{name} has no {method}: {sorted(own)}"
    found = re.findall(
        r"// (?:Interface)?Method ([\w/$]+(?=\.)|)\.?\"?([\w<>$]+)\"?:", "\n".join(parts)
    )
    return {
        f"{(owner or f'ghostnet.demo.{name}').replace('/', '.')}.{what}" for owner, what in found
    }


@pytest.mark.parametrize("name, method, wanted", WIRES)
def test_an_event_reaches_what_decides(compiled, name, method, wanted):
    assert wanted in calls(compiled.app, name, method)


@pytest.mark.parametrize(
    "name", ["CameraActivity", "CameraActivity$Rooms", "CameraActivity$Texture"]
)
def test_the_screen_s_own_thread_neither_waits_nor_asks_the_camera_service(compiled, name):
    """All of that is CameraThread's."""
    asked = set().union(*(calls(compiled.app, name, m) for m in classes(compiled.app)[name]))

    assert asked
    assert not {c for c in asked if c.startswith("android.hardware.camera2.")}
    assert not {c for c in asked if c in ("java.lang.Thread.join", "android.os.HandlerThread.join")}


def test_what_is_heard_reaches_no_file_and_no_network(compiled):
    names = ("ListenActivity", "ListenActivity$News", "ListenActivity$Rooms", "Microphone")
    asked = set().union(
        *(calls(compiled.app, name, m) for name in names for m in classes(compiled.app)[name])
    )

    assert f"{ANDROID}.media.AudioRecord.read" in asked
    kept = (
        "java.io.",
        "java.nio.file.",
        "java.net.",
        f"{ANDROID}.media.MediaRecorder.",
        "openFileOutput",
    )
    assert not [call for call in asked if any(part in call for part in kept)]
