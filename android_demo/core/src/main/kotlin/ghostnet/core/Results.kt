package ghostnet.core

/** What a run of the benchmark knows, as the JSON that `benchmark/store.py` reads. */
class Results(
    private val target: String, // "app: Pixel 6, Android 14"
    private val effort: Effort,
    private val artifacts: List<Artifact>,
    private val facts: Map<String, Any?>,
    private val runtime: RuntimeLibrary,
    private val clockResolutionNs: Long,
) {
    fun json(rounds: List<Round>): String =
        Json.write(
            mapOf(
                "schema" to SCHEMA,
                "kind" to "app_latency",
                "target" to target,
                "effort" to effort.title,
                "settings" to settings(),
                "models" to artifacts.associate { it.record.sha256 to it.name },
                "facts" to facts,
                "rounds" to rounds.map(::round),
            ),
        )

    /** The statistics of one model's runs. */
    fun latency(
        artifact: Artifact,
        rounds: List<Round>,
    ) = Latency(rounds.map { it.visits.getValue(artifact).latencyMs }, clockResolutionNs)

    private fun settings() =
        mapOf(
            "threads" to 1,
            "warmup_runs" to effort.warmupRuns,
            "min_runs" to effort.runs,
            "min_seconds" to effort.seconds,
            "fp16" to false,
        )

    private fun round(round: Round) =
        mapOf(
            "visits" to
                round.visits.entries.associate { (artifact, visit) ->
                    artifact.record.sha256 to
                        visit(artifact, visit)
                },
            "before" to conditions(round.before),
            "after" to conditions(round.after),
        )

    private fun conditions(state: Conditions) =
        mapOf("temperature_c" to state.temperatureC, "thermal_status" to state.thermalStatus)

    private fun visit(
        artifact: Artifact,
        visit: Visit,
    ) = mapOf(
        "model_sha256" to artifact.record.sha256,
        "latency_ms" to visit.latencyMs,
        "warmup_ms" to visit.warmupMs,
        // Kotlin's API reads and compiles in one step.
        "load_ms" to 0.0,
        "init_ms" to visit.loadMs,
        "peak_memory_bytes" to visit.peakMemoryBytes,
        "output_sha256" to visit.outputSha256,
        "delegation" to
            mapOf(
                // As the record has it: Kotlin's API does not say.
                "delegated_ops" to artifact.record.delegatedOps,
                "total_ops" to artifact.record.totalOps,
                "partitions" to artifact.record.partitions,
                "left_out" to emptyMap<String, Any?>(),
            ),
        "clock_resolution_ns" to clockResolutionNs,
        "runtime_version" to runtime.version,
        "runtime_sha256" to runtime.sha256,
    )

    private companion object {
        const val SCHEMA = 1
    }
}

/** The libLiteRt.so that ran the models. */
class RuntimeLibrary(
    val version: String,
    val sha256: String,
)
