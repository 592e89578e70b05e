package ghostnet.core

import kotlin.math.abs
import kotlin.math.expm1
import kotlin.math.ln
import kotlin.math.sign

/** A change from the first round to the last, and how often chance alone orders rounds so. */
class Trend(
    val change: Double, // 0.05: slower by 5 %
    val p: Double,
)

/**
 * The runs of one model, in ms, one list for each visit. One visit is one round.
 * The same numbers as `benchmark/latency.py` makes of the same runs.
 */
class Latency(
    visitsMs: List<List<Double>>,
    clockResolutionNs: Long = 1,
) {
    // A coarse clock may say 0, which has no logarithm; half its step is as good a guess.
    private val visits = visitsMs.map { runs -> runs.map { maxOf(it, clockResolutionNs / 2e6) } }
    private val claimedStepMs = clockResolutionNs / 1e6

    val samples = visits.flatten()
    val seconds get() = samples.sum() / 1e3
    val medianMs by lazy { median(samples) }
    val p90Ms by lazy { quantile(samples.sorted(), 0.9) }
    val medians by lazy { visits.map(::median) }

    /** Theil and Sen's slope over the rounds, with Mann and Kendall's exact test. */
    val trend by lazy {
        val log = medians.map(::ln)
        val steps =
            log.indices.flatMap { i -> (i + 1 until log.size).map { (log[it] - log[i]) / (it - i) } }
        if (steps.isEmpty()) {
            Trend(0.0, 1.0)
        } else {
            val score = steps.sumOf { sign(it) }.toInt()
            Trend(expm1(median(steps) * log.size), chanceOfOrder(log.size, score))
        }
    }

    /** The share of runs that something disturbed; a slow first run is a doubt of its own. */
    val spikeShare by lazy {
        val isSpike = visits.zip(medians).flatMap { (runs, m) -> runs.drop(1).map { it > SPIKE * m } }
        if (isSpike.isEmpty()) 0.0 else isSpike.count { it }.toDouble() / isSpike.size
    }

    /** The first run of a visit over the visit's median: the middle one of all visits. */
    val firstRun by lazy { median(visits.zip(medians).map { (runs, m) -> runs.first() / m }) }

    /** The step in which the clock really moves, which may be coarser than what it claims. */
    val clockStepMs by lazy {
        val steps = samples.sorted().zipWithNext { a, b -> b - a }
        when {
            steps.size < 9 -> claimedStepMs

            // A clock that is fine enough never repeats itself for long.
            steps.all { it == 0.0 } -> medianMs

            else -> maxOf(claimedStepMs, steps.filter { it > 0 }.min())
        }
    }

    private companion object {
        const val SPIKE = 1.5 // times the visit's median
    }
}

fun median(values: List<Double>): Double {
    val ordered = values.sorted()
    return (ordered[(ordered.size - 1) / 2] + ordered[ordered.size / 2]) / 2
}

/** Between the two nearest values in proportion, as NumPy does by default. */
private fun quantile(
    ordered: List<Double>,
    share: Double,
): Double {
    val place = share * (ordered.size - 1)
    val below = ordered[place.toInt()]
    val above = ordered[minOf(place.toInt() + 1, ordered.size - 1)]
    val part = place - place.toInt()
    return if (part < 0.5) below + (above - below) * part else above - (above - below) * (1 - part)
}

/** How often [n] values in random order have a Kendall score at least so far from 0. */
private fun chanceOfOrder(
    n: Int,
    score: Int,
): Double {
    var orders = doubleArrayOf(1.0) // orders[k]: of all orders, those with k pairs the wrong way round
    for (m in 2..n) {
        val longer = DoubleArray(orders.size + m - 1)
        for ((k, share) in orders.withIndex()) {
            for (j in 0 until m) longer[k + j] += share / m
        }
        orders = longer
    }
    val pairs = n * (n - 1) / 2
    return orders.indices.filter { abs(pairs - 2 * it) >= abs(score) }.sumOf { orders[it] }
}
