package ghostnet.core

import kotlin.math.abs

/**
 * Reasons not to quote a number, those that a phone can judge by itself. `benchmark/doubts.py` has
 * more of them, with intervals and verdicts, and reads what the app shares.
 */
object Doubts {
    private const val MIN_RUNS = 1024 // and 60 s for each model: what MLPerf Mobile asks
    private const val MIN_SECONDS = 60.0
    private const val MIN_DRIFT = 0.025
    private const val MAX_CHANCE = 0.02
    private const val MAX_FIRST_RUN = 1.25
    private const val MAX_SPIKES = 0.04
    private const val MAX_CLOCK_STEP = 0.01
    private const val MAX_WARMING_C = 5.0

    fun about(latency: Latency): List<String> =
        buildList {
            if (latency.samples.size < MIN_RUNS || latency.seconds < MIN_SECONDS) {
                add("A number to quote needs $MIN_RUNS runs and ${MIN_SECONDS.toInt()} s: use strict effort.")
            }
            val trend = latency.trend
            if (abs(trend.change) > MIN_DRIFT && trend.p < MAX_CHANCE) {
                val way = if (trend.change > 0) "slowed down" else "became faster"
                add("It $way by ${percent(abs(trend.change))} from the first round to the last.")
            }
            if (latency.firstRun > MAX_FIRST_RUN) {
                add("The first run of a visit is slow: the warm-up was too short.")
            }
            if (latency.spikeShare > MAX_SPIKES) {
                add("${percent(latency.spikeShare)} of the runs were disturbed by something else.")
            }
            if (latency.clockStepMs > MAX_CLOCK_STEP * latency.medianMs) {
                add("The clock is too coarse for so short a run.")
            }
        }

    /** What the phone's own sensors say; [states] in the order of time. */
    fun ofHeat(states: List<Conditions>): List<String> =
        buildList {
            val status = states.mapNotNull { it.thermalStatus }.maxOrNull() ?: 0
            if (status > 0) add("The phone held itself back for heat (thermal status $status of 6).")
            val warm = states.mapNotNull { it.temperatureC }
            if (warm.isNotEmpty() && warm.max() - warm.first() > MAX_WARMING_C) {
                add("The battery warmed from ${warm.first()} to ${warm.max()} °C.")
            }
        }

    /** What the visits to one model say of themselves. */
    fun ofVisits(visits: List<Visit>): List<String> =
        buildList {
            val cores = visits.flatMap { listOf(it.before.core, it.after.core) }.filterNotNull().distinct()
            if (cores.size > 1) add("It ran on more than one core: ${cores.sorted().joinToString()}.")
            if (visits.any { it.conditions.isSavingPower == true }) add("The battery saver was on.")
            if (visits.any { it.conditions.isCharging == true }) add("The phone was on its charger.")
        }

    private fun percent(share: Double) = "${Math.round(100 * share)} %"
}
