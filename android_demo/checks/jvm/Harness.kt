import com.google.ai.edge.litert.Accelerator
import ghostnet.core.Artifact
import ghostnet.core.Benchmark
import ghostnet.core.Conditions
import ghostnet.core.Effort
import ghostnet.core.Machine
import ghostnet.core.Record
import ghostnet.core.Results
import ghostnet.core.RgbImage
import ghostnet.core.RuntimeLibrary
import ghostnet.core.clockResolutionNs
import ghostnet.demo.Classifier
import ghostnet.demo.GhostNetwork
import ghostnet.demo.TimedNetwork
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

private const val GHOSTOP = "_ghostop"

/**
 * The app's own classes on a desktop: `logits FOLDER` scores every `WIDTHxHEIGHT_*.rgb` in FOLDER
 * with every plain model there; `ghostop FOLDER` with Ghost operators, and prints what ran each photo;
 * `operators FOLDER` opens the files with operators, and nothing else; `gpu FOLDER` asks for the GPU
 * and prints what it became; `benchmark FOLDER` times all files and writes results.json.
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
        models.filter { GHOSTOP in it.name }.forEach { GhostNetwork.open(artifact(it)).close() }
        return
    }
    if (arguments[0] == "ghostop") {
        models.filterNot { GHOSTOP in it.name }.forEach { ghostop(folder, it) }
        return
    }
    val artifacts = models.associateWith(::artifact)
    val plain = artifacts.filterKeys { GHOSTOP !in it.name }
    when (arguments[0]) {
        "logits" -> plain.forEach { (file, artifact) -> logits(folder, file, artifact) }
        "gpu" -> plain.forEach { (file, artifact) -> gpu(file, artifact) }
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
    val ghostop = file.resolveSibling("${file.nameWithoutExtension}$GHOSTOP.tflite")
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
    for (photo in folder
        .listFiles()
        .orEmpty()
        .filter { it.extension == "rgb" }
        .sorted()) {
        val (width, height) =
            photo.name
                .substringBefore("_")
                .split("x")
                .map(String::toInt)
        val values = classifier.logits(RgbImage(width, height, photo.readBytes()))
        val bytes = ByteBuffer.allocate(values.size * 4).order(ByteOrder.LITTLE_ENDIAN)
        values.forEach(bytes::putFloat)
        File(folder, "${file.name}.${photo.nameWithoutExtension}.logits").writeBytes(bytes.array())
        scored(photo.nameWithoutExtension)
    }
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
}

private fun benchmark(artifacts: Map<File, Artifact>): String {
    val files = artifacts.entries.associate { (file, artifact) -> artifact to file }
    val runtime = RuntimeLibrary("2.3.0", "a".repeat(64))
    val step = clockResolutionNs(Desktop::nanos)
    val results =
        Results("app: a desktop", Effort.QUICK, artifacts.values.toList(), emptyMap(), runtime, step)
    val timing =
        Benchmark(artifacts.values.toList(), Effort.QUICK, Desktop) { TimedNetwork(it, files.getValue(it)) }
    return results.json(timing.run({ _, _ -> }, {}))
}
