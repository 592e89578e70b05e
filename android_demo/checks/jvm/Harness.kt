import com.google.ai.edge.litert.Accelerator
import ghostnet.android.Classifier
import ghostnet.android.Detector
import ghostnet.android.Listener
import ghostnet.android.NativeNetwork
import ghostnet.android.PlainNetwork
import ghostnet.android.ThisThread
import ghostnet.core.Artifact
import ghostnet.core.BadModel
import ghostnet.core.Benchmark
import ghostnet.core.Conditions
import ghostnet.core.Effort
import ghostnet.core.Machine
import ghostnet.core.Pace
import ghostnet.core.Place
import ghostnet.core.Record
import ghostnet.core.Results
import ghostnet.core.RgbImage
import ghostnet.core.RuntimeLibrary
import ghostnet.core.clockResolutionNs
import ghostnet.core.operatorFile
import ghostnet.demo.TimedNetwork
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

private const val GHOSTOP = "_ghostop"

/**
 * The app's own classes on a desktop: `logits FOLDER` scores every `WIDTHxHEIGHT_*.rgb` in FOLDER
 * with every plain model there; `ghostop FOLDER` with Ghost operators, and prints what ran each photo;
 * `operators FOLDER` opens the files with operators, and nothing else; `gpu FOLDER` asks for the GPU
 * and prints what it became; `benchmark FOLDER` times all files and writes results.json; `sizes FOLDER`
 * gives every file inputs of wrong sizes, `threads FOLDER` prints how many threads each file begins,
 * `reopen FOLDER` opens and closes each three times, `pin FOLDER` asks for one core after the other,
 * `half FOLDER` asks for half precision and prints what was answered; `find FOLDER` prints what every
 * detector finds on every photo, and whether both ways to run it agree; `hear FOLDER` prints what every
 * network that hears says of sound.pcm, float32 in little-endian order.
 */
fun main(arguments: Array<String>) {
    val folder = File(arguments[1])
    val models =
        folder
            .listFiles()
            .orEmpty()
            .filter { it.extension == "tflite" }
            .sorted()
    if (arguments[0] == "operators") {
        models.filter { GHOSTOP in it.name }.forEach { NativeNetwork.open(artifact(it)).close() }
        return
    }
    if (arguments[0] == "ghostop") {
        models.filterNot { GHOSTOP in it.name }.forEach { ghostop(folder, it) }
        return
    }
    if (arguments[0] == "find") {
        models.forEach { find(folder, it) }
        return
    }
    if (arguments[0] == "hear") {
        models.forEach { hear(folder, it) }
        return
    }
    val artifacts = models.associateWith(::artifact)
    val plain = artifacts.filterKeys { GHOSTOP !in it.name }
    when (arguments[0]) {
        "logits" -> plain.forEach { (file, artifact) -> logits(folder, file, artifact) }
        "gpu" -> plain.forEach { (file, artifact) -> gpu(file, artifact) }
        "sizes" -> artifacts.values.forEach(::sizes)
        "threads" -> threads(artifacts)
        "reopen" -> artifacts.values.forEach { artifact -> repeat(3) { TimedNetwork(artifact).close() } }
        "pin" -> pin()
        "half" -> artifacts.values.forEach(::half)
        "benchmark" -> File(folder, "results.json").writeText(benchmark(artifacts))
    }
}

private fun artifact(file: File): Artifact {
    val record = Record.read(file.resolveSibling("${file.nameWithoutExtension}.json").readText())
    return Artifact(file.name, file.readBytes(), record)
}

private fun logits(
    folder: File,
    file: File,
    artifact: Artifact,
) = Classifier.open(artifact, file).use { score(folder, file, it) }

private fun ghostop(
    folder: File,
    file: File,
) {
    val best = NativeNetwork.best(artifact(file).record)
    val ghostop = file.resolveSibling(operatorFile(file.name, best, folder.list().orEmpty().asList())!!)
    Classifier.open(artifact(file), file, ghostop = { artifact(ghostop) }).use {
        score(folder, ghostop, it) { photo -> println("$photo: ${it.accelerator}") }
    }
}

private fun score(
    folder: File,
    file: File,
    classifier: Classifier,
    scored: (String) -> Unit = {},
) {
    for ((name, photo) in photos(folder)) {
        val values = classifier.logits(photo)
        val bytes = ByteBuffer.allocate(values.size * 4).order(ByteOrder.LITTLE_ENDIAN)
        values.forEach(bytes::putFloat)
        File(folder, "${file.name}.$name.logits").writeBytes(bytes.array())
        scored(name)
    }
}

private fun photos(folder: File): Map<String, RgbImage> {
    val files =
        folder
            .listFiles()
            .orEmpty()
            .filter { it.extension == "rgb" }
            .sorted()
    return files.associate { photo ->
        val (width, height) =
            photo.name
                .substringBefore("_")
                .split("x")
                .map(String::toInt)
        photo.nameWithoutExtension to RgbImage(width, height, photo.readBytes())
    }
}

private fun find(
    folder: File,
    file: File,
) {
    val artifact = artifact(file)
    Detector.open(artifact, file).use { detector ->
        for ((name, photo) in photos(folder)) {
            for (thing in detector.find(photo).things) {
                val (x1, y1, x2, y2) = thing.corners
                println("$name ${thing.name} ${thing.score} $x1 $y1 $x2 $y2")
            }
        }
    }
    // They were opened with the same noise, and have run on it.
    val outputs =
        PlainNetwork.open(artifact.record, file).use { it.read() } to
            NativeNetwork.open(artifact).use { it.read() }
    val areSame = outputs.first.zip(outputs.second) { a, b -> a.contentEquals(b) }
    println("same $areSame")
}

private fun hear(
    folder: File,
    file: File,
) = Listener.open(artifact(file), file).use { listener ->
    val bytes = ByteBuffer.wrap(File(folder, "sound.pcm").readBytes()).order(ByteOrder.LITTLE_ENDIAN)
    val samples = FloatArray(listener.hearing.length) { bytes.getFloat() }
    println("heard " + listener.hear(samples).probabilities.joinToString(" "))
}

private fun gpu(
    file: File,
    artifact: Artifact,
) = Classifier.open(artifact, file, Accelerator.GPU).use { println(it.accelerator) }

private object Desktop : Machine {
    override fun nanos() = System.nanoTime()

    override fun sleep(ms: Long) = Thread.sleep(ms)

    override fun conditions() = Conditions(25.0, 0)

    override fun peakMemoryBytes() = 1L shl 20

    private val pace = Pace(::nanos)

    override fun pin() = ThisThread.askFor(0)

    override fun place() = Place(ThisThread.core(), null)

    override fun slowdown() = pace.slowdown()
}

private fun sizes(artifact: Artifact) =
    NativeNetwork.open(artifact).use { network ->
        val right = artifact.record.inputSize
        for (size in listOf(0, 3, right - 1, right + 1)) {
            try {
                network.write(FloatArray(size))
                println("taken")
            } catch (error: BadModel) {
                println(error.message)
            }
        }
    }

/** Threads inherit their name from the one that began them; Java's own have others. */
private fun begun(): Int {
    val own = File("/proc/thread-self/comm").readText()
    return File("/proc/self/task").listFiles().orEmpty().count { File(it, "comm").readText() == own }
}

private fun threads(artifacts: Map<File, Artifact>) {
    val before = begun()
    val plain = artifacts.entries.first { !it.value.record.hasOperators }
    val networks =
        artifacts.values.map { NativeNetwork.open(it) } + PlainNetwork.open(plain.value.record, plain.key)
    for (network in networks) {
        network.run()
        println("threads begun: ${begun() - before}")
        println("label: ${network.runsOn}")
    }
    println("four: ${four(plain.value)}")
}

/** That a network of four threads would be seen. */
private fun four(artifact: Artifact): Int {
    val before = begun()
    val jni = Class.forName("ghostnet.android.GhostJni")
    val flag = Boolean::class.java
    val open = jni.getMethod("open", ByteArray::class.java, Int::class.java, flag, flag)
    open.invoke(jni.getField("INSTANCE").get(null), artifact.bytes, 4, false, false)
    return begun() - before
}

private fun pin() =
    repeat(Runtime.getRuntime().availableProcessors()) { core ->
        ThisThread.askFor(core)
        println("core: ${ThisThread.core()}")
    }

private fun benchmark(artifacts: Map<File, Artifact>): String {
    val runtime = RuntimeLibrary("2.3.0", "a".repeat(64))
    val step = clockResolutionNs(Desktop::nanos)
    val results =
        Results("app: a desktop", Effort.QUICK, artifacts.values.toList(), emptyMap(), runtime, step)
    val timing =
        Benchmark(artifacts.values.toList(), Effort.QUICK, Desktop) { TimedNetwork(it) }
    return results.json(timing.run({ _, _ -> }, {}))
}

private fun half(artifact: Artifact) =
    try {
        println(NativeNetwork.open(artifact, inHalf = true).use { it.runsOn })
    } catch (error: BadModel) {
        println(error.message)
    }
