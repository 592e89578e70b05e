package ghostnet.android

import android.content.Context
import com.google.ai.edge.litert.Accelerator
import ghostnet.core.Artifact
import ghostnet.core.BadModel
import ghostnet.core.Record
import ghostnet.core.Task
import ghostnet.core.operatorFile
import ghostnet.core.sha256
import java.io.File
import java.io.IOException

/**
 * The models in an app: `assets/models`, each `.tflite` with its record beside it. A model whose bytes
 * are not those of its record is a [BadModel].
 */
class ModelAssets(
    context: Context,
) {
    private val assets = context.assets
    private val folder = File(context.codeCacheDir, FOLDER)

    private val files =
        assets
            .list(FOLDER)
            .orEmpty()
            .filter { it.endsWith(TFLITE) }
            .sorted()

    /** Those that a person chooses from; one with Ghost operators is its plain file once more. */
    fun names(): List<String> = files.filterNot { it.endsWith(GHOSTOP) }

    /** The file with Ghost operators beside a plain one, if this processor should open that. */
    fun ghostop(name: String): String? = operatorFile(name, NativeNetwork.best(record(name)), files)

    /** A model whose bytes are those that its record describes. */
    fun open(name: String): Artifact {
        val record = record(name)
        return Artifact(name, read(name), record)
    }

    fun record(name: String): Record = Record.read(read(name.removeSuffix(TFLITE) + ".json").decodeToString())

    /** Every file, those with Ghost operators as well. */
    fun all(): List<String> = files

    /** Slow, as every one of these: it reads, verifies and compiles a model, with Ghost operators where a file has them. */
    fun classifier(
        name: String = first(Task.CLASSIFY),
        accelerator: Accelerator = Accelerator.CPU,
    ): Classifier =
        opened(name) { artifact, file, ghostop -> Classifier.open(artifact, file, accelerator, ghostop) }

    fun detector(
        name: String = first(Task.DETECT),
        accelerator: Accelerator = Accelerator.CPU,
    ): Detector =
        opened(name) { artifact, file, ghostop -> Detector.open(artifact, file, accelerator, ghostop) }

    fun segmenter(
        name: String = first(Task.SEGMENT),
        accelerator: Accelerator = Accelerator.CPU,
    ): Segmenter =
        opened(name) { artifact, file, ghostop -> Segmenter.open(artifact, file, accelerator, ghostop) }

    fun listener(
        name: String = first(Task.KEYWORDS),
        accelerator: Accelerator = Accelerator.CPU,
    ): Listener =
        opened(name) { artifact, file, ghostop -> Listener.open(artifact, file, accelerator, ghostop) }

    /** Whatever it does with photos. */
    fun photoModel(
        name: String,
        accelerator: Accelerator = Accelerator.CPU,
    ): PhotoModel =
        when (record(name).task) {
            Task.CLASSIFY -> classifier(name, accelerator)
            Task.DETECT -> detector(name, accelerator)
            Task.SEGMENT -> segmenter(name, accelerator)
            Task.KEYWORDS -> throw BadModel("$name takes sound, and no photo.")
        }

    /** Those whose answers mean something: random weights have none. */
    fun classifiers(): List<String> = usable(Task.CLASSIFY)

    fun detectors(): List<String> = usable(Task.DETECT)

    fun segmenters(): List<String> = usable(Task.SEGMENT)

    fun listeners(): List<String> = usable(Task.KEYWORDS)

    fun usable(task: Task): List<String> =
        names().filter { name -> record(name).run { isUsable && this.task == task } }

    private fun first(task: Task): String =
        usable(task).firstOrNull()
            ?: throw BadModel("There is no trained model in this app that ${task.words}.")

    private fun <M : Model> opened(
        name: String,
        make: (Artifact, File, (() -> Artifact)?) -> M,
    ): M {
        val artifact = open(name)
        val ghostop = ghostop(name)?.let { beside -> { open(beside) } }
        return make(artifact, file(artifact), ghostop)
    }

    /** The model as a file, because that is what LiteRT loads: exactly the verified bytes. */
    fun file(artifact: Artifact): File {
        val file = File(folder, "${artifact.record.sha256}$TFLITE")
        try {
            if (!file.exists() || sha256(file.readBytes()) != artifact.record.sha256) {
                folder.mkdirs()
                file.writeBytes(artifact.bytes)
            }
        } catch (error: IOException) {
            throw BadModel("The model cannot be written to this phone's storage: ${error.message}")
        }
        return file
    }

    private fun read(name: String): ByteArray =
        try {
            assets.open("$FOLDER/$name").use { it.readBytes() }
        } catch (error: IOException) {
            throw BadModel("$name is missing in this app: ${error.message}")
        }

    private companion object {
        const val FOLDER = "models"
        const val TFLITE = ".tflite"
        const val GHOSTOP = "_ghostop.tflite"
    }
}
