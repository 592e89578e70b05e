package ghostnet.demo

import android.content.Context
import android.util.Log
import ghostnet.core.Json
import java.io.File
import java.io.IOException

/**
 * One run's files, where `adb shell cat` finds them: `<run>.json` with the rounds so far, and
 * `<run>.state` with `running`, `done` or `failed` and a sentence. Each is whole or absent.
 */
class ResultFiles(
    context: Context,
    private val run: String,
) {
    private val folder = folder(context)
    val results = File(folder, "$run.json")

    fun save(json: String) = write(results, json)

    /** A computer that hears nothing gives up by itself; a person at the screen needs no file. */
    fun say(
        state: String,
        text: String,
    ) {
        try {
            write(File(folder, "$run.state"), Json.write(mapOf("state" to state, "text" to text)))
        } catch (error: IOException) {
            Log.w("GhostNet", "no state file", error)
        }
    }

    private fun write(
        file: File,
        text: String,
    ) {
        folder.mkdirs()
        val staged = File(folder, ".${file.name}")
        staged.writeText(text)
        if (!staged.renameTo(file)) throw IOException("${file.name} cannot be written")
    }

    companion object {
        private val RUN = Regex("[A-Za-z0-9_-]{1,64}")

        fun folder(context: Context) = File(context.getExternalFilesDir(null), "benchmark")

        /** A name that comes from outside must not lead to another folder. */
        fun isRun(name: String) = RUN.matches(name)
    }
}
