package ghostnet.demo

import android.content.Context
import android.os.Process
import ghostnet.android.ModelAssets
import ghostnet.android.NativeNetwork
import ghostnet.core.Artifact
import ghostnet.core.BadModel
import ghostnet.core.Benchmark
import ghostnet.core.Effort
import ghostnet.core.Latency
import ghostnet.core.Measurements
import ghostnet.core.Outcome
import ghostnet.core.Results
import ghostnet.core.clockResolutionNs
import ghostnet.core.supervised

/** What a finished run shows: each model with its runs, those that failed, and the states of the phone. */
class Measured(
    val latencies: List<Pair<Artifact, Latency>>,
    val measurements: Measurements,
    val files: ResultFiles,
)

/** One run from its models to its files. Slow: it belongs on a thread of its own. */
class BenchmarkRun(
    private val context: Context,
    private val effort: Effort,
    run: String,
    private val chosen: (String) -> Boolean, // of the names of the files
    private val isCancelled: () -> Boolean,
) {
    private val files = ResultFiles(context, run)

    /** Whatever happens, the state file says so. */
    fun measure(progress: (String) -> Unit): Outcome<Measured> =
        supervised(context.getString(R.string.cancelled), files::say) { attempt(progress) }

    private fun attempt(progress: (String) -> Unit): Measured {
        NativeNetwork.missing?.let { throw BadModel(context.getString(R.string.no_native, it)) }
        val models = ModelAssets(context)
        val artifacts = models.all().filter(chosen).map(models::open)
        if (artifacts.isEmpty()) throw BadModel(context.getString(R.string.none_chosen))
        Process.setThreadPriority(Process.THREAD_PRIORITY_URGENT_DISPLAY)
        val phone = Phone(context)
        val runtime = runtimeLibrary(context.applicationInfo)
        val step = clockResolutionNs(phone::nanos)
        val results = Results(phone.name, effort, artifacts, phone.facts(), runtime, step)
        val benchmark = Benchmark(artifacts, effort, phone, isCancelled) { TimedNetwork(it) }
        val measured =
            benchmark.run(
                { number, artifact ->
                    val text = context.getString(R.string.round, number, effort.rounds, artifact.record.title)
                    files.say("running", text)
                    progress(text)
                },
                { files.save(results.json(it)) },
            )
        val good = artifacts.filterNot { it in measured.failed }
        val latencies = good.map { it to results.latency(it, measured.rounds) }
        files.keep(latencies.joinToString("\n") { (artifact, latency) -> line(artifact, latency) })
        return Measured(latencies, measured, files)
    }

    private fun line(
        artifact: Artifact,
        latency: Latency,
    ) = context.getString(
        R.string.kept_line,
        artifact.record.title,
        artifact.record.recipe,
        latency.medianMs,
        latency.p90Ms,
    )
}
