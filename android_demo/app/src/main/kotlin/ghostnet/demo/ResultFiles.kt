package ghostnet.demo

import android.content.Context
import android.util.Log
import ghostnet.core.Json
import ghostnet.core.Sharing
import java.io.File
import java.io.IOException

/**
 * One run's files, where `adb shell cat` finds them: `<run>.json` with the rounds so far, `<run>.state` with
 * `running`, `done` or `failed` and a sentence, and `<run>.txt`, once it is done, for the list of the
 * screen. Each is whole or absent.
 */
class ResultFiles(
    context: Context,
    private val run: String,
) {
    private val folder = folder(context)
    val results = File(folder, run + Sharing.JSON)

    fun save(json: String) = write(results, json)

    fun keep(summary: String) = write(File(folder, run + SUMMARY), summary)

    /** A computer that hears nothing looks whether the app is still there; a person needs no file. */
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

    /** A run of before. */
    class Kept(
        val summary: String,
        val results: File,
        val atMs: Long,
    )

    companion object {
        private const val SUMMARY = ".txt"
        private const val LISTED = 20

        fun folder(context: Context) = File(context.getExternalFilesDir(null), "benchmark")

        /** Slow. The newest first. */
        fun kept(context: Context): List<Kept> =
            folder(context)
                .listFiles()
                .orEmpty()
                .filter { it.name.endsWith(SUMMARY) && !it.name.startsWith(".") }
                .sortedByDescending { it.lastModified() }
                .take(LISTED)
                .map {
                    Kept(
                        it.readText(),
                        File(it.path.removeSuffix(SUMMARY) + Sharing.JSON),
                        it.lastModified(),
                    )
                }
    }
}
