package ghostnet.core

import java.util.concurrent.CancellationException

/** A model, ready to run on one thread, with an input that is the same on every machine. */
interface LoadedModel : AutoCloseable {
    val loadMs: Double // from its bytes to a compiled model

    fun run()

    /** SHA-256 of the output's float32 values, in little-endian order. */
    fun outputSha256(): String
}

/** What the benchmark must know of the phone, and the only clock that it has. */
interface Machine {
    fun nanos(): Long

    fun sleep(ms: Long)

    fun conditions(): Conditions

    fun peakMemoryBytes(): Long

    /** Asks for a fast core for this thread; how fast it is, and where it is, says [place]. */
    fun pin()

    fun place(): Place

    /** 1.0: as fast as it ever was in this run; 1.2: the same work takes a fifth longer. */
    fun slowdown(): Double
}

/** What changes during a run. Unknown is null. */
class Conditions(
    val temperatureC: Double?, // of the battery
    val thermalStatus: Int?, // 0 is cool, as Android counts
    val isSavingPower: Boolean? = null,
    val isCharging: Boolean? = null,
)

/** Where the measuring thread is at one moment. Unknown is null. */
class Place(
    val core: Int?,
    val frequencyKhz: Long?,
)

/** What one visit to one model saw; latencies in the order of the runs. */
class Visit(
    val latencyMs: List<Double>,
    val warmupMs: List<Double>,
    val loadMs: Double,
    val peakMemoryBytes: Long, // of the whole app, so far
    val outputSha256: String,
    val before: Place,
    val after: Place,
    val conditions: Conditions, // at its start
    val pausedMs: Long, // before it, because the phone was hot or slowed down
)

/** One visit to every model, with the phone's state on both sides of it. */
class Round(
    val visits: Map<Artifact, Visit>, // in order of time
    val before: Conditions,
    val after: Conditions,
)

/** Rounds, and why a model is in none of them. */
class Measurements(
    val rounds: List<Round>,
    val failed: Map<Artifact, String>,
)

/** All rounds of a plan: models interleaved, each opened anew for each visit, on one thread. */
class Benchmark(
    private val artifacts: List<Artifact>,
    private val effort: Effort,
    private val machine: Machine,
    private val isCancelled: () -> Boolean = { false },
    private val open: (Artifact) -> LoadedModel,
) {
    private val rounds = ArrayList<Round>()
    private val failed = LinkedHashMap<Artifact, String>()

    /**
     * [progress] is told before each visit what comes, [finished] of all rounds whenever one is whole. A
     * model that fails is left out from then on, of the rounds before as well; BadModel if all do.
     */
    fun run(
        progress: (round: Int, artifact: Artifact) -> Unit,
        finished: (Measurements) -> Unit,
    ): Measurements {
        for ((number, order) in orders(artifacts.size, effort.rounds).withIndex()) {
            val before = machine.conditions()
            val visits = LinkedHashMap<Artifact, Visit>()
            for (artifact in order.map(artifacts::get).filterNot { it in failed }) {
                progress(number + 1, artifact)
                machine.pin()
                try {
                    visits[artifact] = visit(artifact, waitUntilCool())
                } catch (error: BadModel) {
                    failed[artifact] = error.message.orEmpty()
                }
            }
            if (failed.size == artifacts.size) throw BadModel(failed.values.first())
            rounds += Round(visits, before, machine.conditions())
            finished(soFar())
        }
        return soFar()
    }

    private fun soFar() =
        Measurements(
            rounds.map { Round(it.visits.filterKeys { model -> model !in failed }, it.before, it.after) },
            failed.toMap(),
        )

    /** How long it waited, in ms. */
    private fun waitUntilCool(): Long {
        var waitedMs = 0L
        while (waitedMs < effort.cooldownS * 1000L && isHeldBack()) {
            stopIfCancelled()
            machine.sleep(POLL_MS)
            waitedMs += POLL_MS
        }
        return waitedMs
    }

    private fun isHeldBack(): Boolean =
        (machine.conditions().thermalStatus ?: 0) > 0 || machine.slowdown() > Pace.TOO_SLOW

    private fun visit(
        artifact: Artifact,
        pausedMs: Long,
    ): Visit =
        open(artifact).use { model ->
            val (conditions, before) = Pair(machine.conditions(), machine.place())
            val warmup = List(effort.warmupRuns) { timed(model) }
            val latency = ArrayList<Double>()
            var ms = 0.0
            while (latency.size < effort.runs || ms < effort.seconds * 1e3) {
                latency += timed(model)
                ms += latency.last()
            }
            Visit(
                latency,
                warmup,
                model.loadMs,
                machine.peakMemoryBytes(),
                model.outputSha256(),
                before,
                machine.place(),
                conditions,
                pausedMs,
            )
        }

    private fun timed(model: LoadedModel): Double {
        stopIfCancelled()
        val start = machine.nanos()
        model.run()
        return (machine.nanos() - start) / 1e6
    }

    private fun stopIfCancelled() {
        if (isCancelled()) throw CancellationException()
    }

    private companion object {
        const val POLL_MS = 5_000L
    }
}

/** The smallest step that [nanos] was seen to take. */
fun clockResolutionNs(nanos: () -> Long): Long =
    (0 until 200).minOf {
        val start = nanos()
        var now = nanos()
        while (now == start) now = nanos()
        now - start
    }

/**
 * Numbers that are the same on every machine, in [-2, 2) in steps of 1/256: what the command-line
 * runner (`benchmark/runner/network.h`) feeds, so that both must give the same output.
 */
fun noise(size: Int): FloatArray {
    var x = 1
    return FloatArray(size) {
        x = x * 1664525 + 1013904223
        ((x ushr 22) - 512) / 256f
    }
}
