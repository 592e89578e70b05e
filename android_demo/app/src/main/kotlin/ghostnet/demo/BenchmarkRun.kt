package ghostnet.demo

import android.content.Context
import ghostnet.core.Artifact
import ghostnet.core.BadModel
import ghostnet.core.Benchmark
import ghostnet.core.Effort
import ghostnet.core.Latency
import ghostnet.core.Results
import ghostnet.core.Round
import ghostnet.core.clockResolutionNs
import java.io.IOException
import java.util.concurrent.CancellationException

/** What a finished run shows: each model with its runs, and the states of the phone. */
class Measured(
    val latencies: List<Pair<Artifact, Latency>>,
    val rounds: List<Round>,
    val files: ResultFiles,
)

/** One run from its models to its files. Slow: it belongs on a thread of its own. */
class BenchmarkRun(
    private val context: Context,
    private val effort: Effort,
    run: String,
    private val isCancelled: () -> Boolean,
) {
    private val files = ResultFiles(context, run)

    /** Null if it was cancelled. Whatever happens, the state file says so. */
    fun measure(progress: (String) -> Unit): Measured? =
        try {
            attempt(progress).also { files.say("done", "") }
        } catch (_: CancellationException) {
            files.say("failed", context.getString(R.string.cancelled))
            null
        } catch (error: BadModel) {
            files.say("failed", error.message.orEmpty())
            throw error
        } catch (error: IOException) {
            throw BadModel("The results cannot be written: ${error.message}")
        }

    private fun attempt(progress: (String) -> Unit): Measured {
        val models = ModelAssets(context)
        val artifacts = models.openAll()
        val phone = Phone(context)
        val runtime = runtimeLibrary(context.applicationInfo)
        val step = clockResolutionNs(phone::nanos)
        val results = Results(phone.name, effort, artifacts, phone.facts, runtime, step)
        val benchmark =
            Benchmark(artifacts, effort, phone, isCancelled) { TimedNetwork(it, models.file(it)) }
        val rounds =
            benchmark.run(
                { number, artifact ->
                    val text = context.getString(R.string.round, number, effort.rounds, artifact.record.title)
                    files.say("running", text)
                    progress(text)
                },
                { files.save(results.json(it)) },
            )
        return Measured(artifacts.map { it to results.latency(it, rounds) }, rounds, files)
    }
}
