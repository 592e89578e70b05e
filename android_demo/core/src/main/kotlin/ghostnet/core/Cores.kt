package ghostnet.core

/** The core to measure on: one of the fastest, by their highest frequencies in kHz; null where none is known. */
fun fastestCore(frequenciesKhz: Map<Int, Long?>): Int? {
    val known = frequenciesKhz.filterValues { it != null }
    val most = known.values.maxOfOrNull { it ?: 0 } ?: return null
    return known.filterValues { it == most }.keys.max() // the system's own threads begin at the first one
}

/** Of a battery's temperature as Android tells it, in tenths of a degree; null where it tells none. */
fun celsius(tenths: Int?): Double? = tenths?.let { it / 10.0 }

/**
 * Whether the processor was slowed down: the same small piece of work takes longer than it did. What the
 * phone itself says of heat comes late, and of a limit on power it says nothing.
 */
class Pace(
    private val nanos: () -> Long,
) {
    private var bestNs = Long.MAX_VALUE

    /** How much longer than the best so far: 1.0 is at full pace. */
    fun slowdown(): Double {
        val now = (0 until TIMES).minOf { timed() }
        bestNs = minOf(bestNs, now)
        return now.toDouble() / maxOf(bestNs, 1)
    }

    private fun timed(): Long {
        val start = nanos()
        var x = start.toInt() or 1
        repeat(STEPS) { x = x * 1664525 + 1013904223 }
        sink = x
        return nanos() - start
    }

    private var sink = 0 // the work must not be left out

    companion object {
        const val TOO_SLOW = 1.1
        private const val TIMES = 5
        private const val STEPS = 200_000
    }
}
