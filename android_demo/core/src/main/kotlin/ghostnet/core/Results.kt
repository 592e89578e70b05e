package ghostnet.core

/** What a run of the benchmark knows, as the JSON that `benchmark/app_results.py` reads. */
class Results(
    private val target: String, // "app: Pixel 6, Android 14"
    private val effort: Effort,
    private val artifacts: List<Artifact>,
    private val facts: Map<String, String>,
    private val runtime: RuntimeLibrary,
    private val clockResolutionNs: Long,
) {
    fun json(measured: Measurements): String =
        Json.write(
            mapOf(
                "app" to SCHEMA,
                "target" to target,
                "effort" to effort.title,
                "facts" to facts,
                "models" to artifacts.associate { it.record.sha256 to it.name },
                "clock_resolution_ns" to clockResolutionNs,
                "runtime_version" to runtime.version,
                "runtime_sha256" to runtime.sha256,
                "rounds" to measured.rounds.map(::round),
                "failed" to measured.failed.entries.associate { it.key.record.sha256 to it.value },
            ),
        )

    /** The statistics of one model's runs. */
    fun latency(
        artifact: Artifact,
        rounds: List<Round>,
    ) = Latency(rounds.map { it.visits.getValue(artifact).latencyMs }, clockResolutionNs)

    private fun round(round: Round) =
        mapOf(
            "visits" to round.visits.entries.associate { it.key.record.sha256 to visit(it.value) },
            "before" to conditions(round.before),
            "after" to conditions(round.after),
        )

    private fun conditions(state: Conditions) =
        mapOf(
            "temperature_c" to state.temperatureC,
            "thermal_status" to state.thermalStatus,
            "is_saving_power" to state.isSavingPower,
            "is_charging" to state.isCharging,
        )

    private fun place(place: Place) = mapOf("core" to place.core, "frequency_khz" to place.frequencyKhz)

    private fun visit(visit: Visit) =
        mapOf(
            "latency_ms" to visit.latencyMs,
            "warmup_ms" to visit.warmupMs,
            "load_ms" to visit.loadMs,
            "peak_memory_bytes" to visit.peakMemoryBytes,
            "output_sha256" to visit.outputSha256,
            "before" to place(visit.before),
            "after" to place(visit.after),
            "conditions" to conditions(visit.conditions),
            "paused_ms" to visit.pausedMs,
        )

    private companion object {
        const val SCHEMA = 2
    }
}

/** The libLiteRt.so that ran the models. */
class RuntimeLibrary(
    val version: String,
    val sha256: String,
)
